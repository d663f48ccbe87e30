"""The command `otb`. Commands are imported when they are called, so that `otb --help` stays quick.

Exit codes: 0 good (warnings too, unless `--strict`; a denial is an answer), 1 problems found in what was read,
2 misuse, or a file that is missing or cannot be opened, 3 our own fault.
"""

from __future__ import annotations

import gc
import io
import os
import sys

import click

from ..problems import CannotOpen, ProblemError
from .lazy import CannotGoOn, Command, LazyGroup
from .printing import open_streams, print_lines, silence, tell

COMMANDS = {
    "demo": Command("demo", "Route bundled traffic under a policy: saving, quality, log, all printed."),
    "init": Command(
        "init", "Write a commented policy, catalog and value rules, or import a router's config."
    ),
    "check": Command("check", "Check documents: schema, references, lint."),
    "explain": Command("explain", "Explain a problem code or a requirement, with an example."),
    "decide": Command("decide", "Answer one request under a policy, and say why."),
    "price": Command("price", "Price a usage, exactly."),
    "simulate": Command("simulate", "Say what a policy would have done with past requests."),
    "drive": Command("drive", "Answer a conformance suite: the reference as a program under test."),
    "pools": Command("pools", "Show the balances of pools in a store, and grant more."),
    "catalog": Command("catalog", "Import, compare and lint price catalogs."),
}


@click.group(
    cls=LazyGroup, commands_by_name=COMMANDS, context_settings={"help_option_names": ["-h", "--help"]}
)
@click.version_option(package_name="opentokenbudget", prog_name="otb")
def otb() -> None:
    """Spend LLM tokens well: policies, exact prices, usage logs.

    An open standard and its reference engine. Start with `otb demo`.
    """


def main() -> None:
    """Run `otb` and exit with its code."""
    open_streams()
    code = run(otb)
    # What is alive goes with the process: the collection at its end would only cost time.
    # Not with duckdb, which takes what is not collected for a leak and says so.
    if "duckdb" not in sys.modules:
        gc.freeze()
    sys.exit(code)


def run(command: click.Command, arguments: list[str] | None = None) -> int:
    """Return the exit code of `command`; nothing that a user does ends in a traceback."""
    try:
        return _run(command, arguments)
    except KeyboardInterrupt:
        # While something else was being told.
        return 130


def _run(command: click.Command, arguments: list[str] | None) -> int:
    try:
        code = command.main(args=arguments, standalone_mode=False)
    except click.exceptions.Exit as wanted:
        return wanted.exit_code
    except click.ClickException as misuse:
        told = io.StringIO()
        misuse.show(told)
        tell(told.getvalue().rstrip("\n"))
        return 2
    except click.Abort:
        tell("stopped")
        return 130
    except CannotOpen as missing:
        tell(f"error: cannot open `{_in_line(missing.path)}`: {_in_line(missing.reason)}")
        return 2
    except ProblemError as wrong:
        from .formats import line_of

        print_lines((line_of(problem) for problem in wrong.problems), err=True)
        return 1
    except CannotGoOn as world:
        return _stopped_by(world.error)
    except OSError as world:
        return _stopped_by(world)
    except MemoryError:
        tell("error: not enough memory")
        return 2
    except Exception as fault:  # the last wall before the user: told in one line, exit 3
        tell(f"internal error: {type(fault).__name__}: {_in_line(str(fault))}")
        tell("this is a fault of otb: please report it; OTB_DEBUG=1 shows where")
        if os.environ.get("OTB_DEBUG"):
            raise
        return 3
    return code if isinstance(code, int) else 0


def _stopped_by(world: OSError) -> int:
    """Return the exit code where a file or a stream failed under us."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            silence(stream)
    if isinstance(world, BrokenPipeError):
        # The reader of our output has gone and wants no more: that is no failure.
        return 0
    name = f"`{_in_line(os.fsdecode(world.filename))}`: " if isinstance(world.filename, str | bytes) else ""
    tell(f"error: {name}{_in_line((world.strerror or str(world)).lower())}")
    return 2


def _in_line(text: str) -> str:
    return text.replace("\n", "\\n")
