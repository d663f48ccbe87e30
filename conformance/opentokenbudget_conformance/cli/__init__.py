"""The command `otb-conformance`. Commands are imported when they are called.

Exit codes: 0 what is claimed is met, 1 it is not, 2 misuse, or a program or a file that cannot be opened,
3 our own fault, 128 and its number after a signal.
"""

from __future__ import annotations

import os
import signal
import sys
from importlib import import_module
from io import TextIOWrapper
from types import FrameType
from typing import NoReturn

import click

from opentokenbudget.problems import ProblemError

from ..launching import end_all
from ..visible import visible

COMMANDS = {
    "run": ("running", "Judge a program."),
    "smoke": ("smoking", "Say whether a driver is broken, before its router is judged."),
    "fuzz": ("fuzzing", "Ask two implementations the same generated questions."),
    "list": ("listing", "List the cases."),
    "explain": ("explaining", "Explain a requirement, with its cases."),
    "report": ("reporting", "Render a stored report again."),
}


_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""Signals that ask us to end."""


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f".{COMMANDS[cmd_name][0]}", __package__)
        command: click.Command = module.COMMAND
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, said) for name, (_, said) in COMMANDS.items()])


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="opentokenbudget", prog_name="otb-conformance")
def suite() -> None:
    """The conformance suite of Open Token Budget: is a router what it claims to be?"""


class _Stopped(BaseException):
    """A signal asks us to end; what runs is ended first, and its folders with it."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def main() -> None:
    """Run `otb-conformance` and exit with its code; nothing ends in a traceback."""
    _open_streams()
    for number in _ENDING:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _stop)
    sys.exit(_run())


def _run() -> int:
    try:
        code = suite.main(standalone_mode=False)
        sys.stdout.flush()
    except click.exceptions.Exit as wanted:
        code = wanted.exit_code
    except click.ClickException as misuse:
        misuse.show()
        return 2
    except (click.Abort, KeyboardInterrupt):
        click.echo("stopped", err=True)
        return 130
    except _Stopped as stopped:
        end_all()
        click.echo("stopped", err=True)
        return 128 + stopped.number
    except ProblemError as wrong:
        for problem in wrong.problems:
            click.echo(str(problem), err=True)
        return 1
    except OSError as world:
        return _stopped_by(world)
    except MemoryError:
        click.echo("error: not enough memory", err=True)
        return 2
    except Exception as fault:  # the last wall before the user: told in one line
        click.echo(f"internal error: {type(fault).__name__}: {visible(str(fault), 1000)}", err=True)
        click.echo("this is a fault of the suite: please report it; OTB_DEBUG=1 shows where", err=True)
        if os.environ.get("OTB_DEBUG"):
            raise
        return 3
    return code if isinstance(code, int) else 0


def _open_streams() -> None:
    """Stand in for standard streams that were closed before we began; what others cannot write is escaped."""
    if sys.stdout is None:
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _stop(number: int, _frame: FrameType | None) -> NoReturn:
    # Whoever asks twice would only interrupt the clearing up.
    for one in _ENDING:
        signal.signal(one, signal.SIG_IGN)
    raise _Stopped(number)


def _stopped_by(world: OSError) -> int:
    """Return the exit code where a stream or a file failed under us; nothing more can be said on a broken stream."""
    if isinstance(world, BrokenPipeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    name = f"`{os.fsdecode(world.filename)}`: " if isinstance(world.filename, str | bytes) else ""
    try:
        click.echo(f"error: {name}{(world.strerror or str(world)).lower()}", err=True)
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 2
