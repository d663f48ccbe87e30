"""The command `otb-conformance`. Commands are imported when they are called.

Exit codes: 0 what is claimed is met, 1 it is not, 2 misuse, or a program or a file that cannot be opened.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module

import click

from opentokenbudget.problems import ProblemError

COMMANDS = {
    "run": ("running", "Judge a program."),
    "smoke": ("smoking", "Say whether a driver is broken, before its router is judged."),
    "fuzz": ("fuzzing", "Ask two implementations the same generated questions."),
    "list": ("listing", "List the cases."),
    "explain": ("explaining", "Explain a requirement, with its cases."),
    "report": ("reporting", "Render a stored report again."),
}


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


def main() -> None:
    """Run `otb-conformance` and exit with its code; nothing ends in a traceback."""
    try:
        code = suite.main(standalone_mode=False)
        sys.stdout.flush()
    except click.exceptions.Exit as wanted:
        code = wanted.exit_code
    except click.ClickException as misuse:
        misuse.show()
        code = 2
    except (click.Abort, KeyboardInterrupt):
        click.echo("stopped", err=True)
        code = 130
    except ProblemError as wrong:
        for problem in wrong.problems:
            click.echo(str(problem), err=True)
        code = 1
    except OSError as world:
        code = _stopped_by(world)
    sys.exit(code if isinstance(code, int) else 0)


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
