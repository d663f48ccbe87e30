"""The command `otb`. Commands are imported when they are called, so that `otb --help` stays quick.

Exit codes: 0 good (warnings too, unless `--strict`; a denial is an answer), 1 problems found in what was read,
2 misuse, or a file that is missing or cannot be opened, 3 our own fault.
"""

from __future__ import annotations

import sys

import click

from ..problems import CannotOpen, ProblemError
from .lazy import Command, LazyGroup

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
    sys.exit(run(otb))


def run(command: click.Command, arguments: list[str] | None = None) -> int:
    """Return the exit code of `command`; nothing that a user does ends in a traceback."""
    try:
        code = command.main(args=arguments, standalone_mode=False)
    except click.exceptions.Exit as wanted:
        return wanted.exit_code
    except click.ClickException as misuse:
        misuse.show()
        return 2
    except click.Abort:
        click.echo("stopped", err=True)
        return 130
    except CannotOpen as missing:
        click.echo(f"error: {missing}", err=True)
        return 2
    except ProblemError as wrong:
        for problem in wrong.problems:
            click.echo(str(problem), err=True)
        return 1
    except BrokenPipeError:
        # The reader of our output has gone; Python's own attempt to flush must not speak up.
        sys.stdout = open("/dev/null", "w")  # noqa: SIM115
        return 0
    except Exception as fault:  # the last wall before the user: told in one line, exit 3
        click.echo(f"internal error: {type(fault).__name__}: {fault}", err=True)
        click.echo("this is a fault of otb: please report it; OTB_DEBUG=1 shows where", err=True)
        import os

        if os.environ.get("OTB_DEBUG"):
            raise
        return 3
    return code if isinstance(code, int) else 0
