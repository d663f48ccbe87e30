"""The command `otb-conformance`."""

from __future__ import annotations

import json
import os
import sys

import click

from opentokenbudget.problems import ProblemError

from .cases import Case, load_cases


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="opentokenbudget", prog_name="otb-conformance")
def suite() -> None:
    """The conformance suite of Open Token Budget."""


def main() -> None:
    """Run `otb-conformance` and exit with its code; a stream that fails is no reason for a traceback."""
    try:
        suite()
    except OSError as world:
        # Nothing more can be said on a stream that is full or gone.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0 if isinstance(world, BrokenPipeError) else 2)


@suite.command("list")
@click.option("--profile", metavar="P", help="Only cases of this profile.")
@click.option("--requirement", metavar="R", help="Only cases that name this requirement id.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="Form.",
)
def list_command(profile: str | None, requirement: str | None, form: str) -> None:
    """List the cases of the suite: id, profile, polarity, requirements, title."""
    try:
        cases = load_cases()
    except ProblemError as error:
        for problem in error.problems:
            click.echo(str(problem), err=True)
        raise SystemExit(1) from None
    chosen = [
        case
        for case in cases
        if (profile is None or case.profile == profile)
        and (requirement is None or requirement in case.requirements)
    ]
    if form == "json":
        click.echo(json.dumps([_row(case) for case in chosen], indent=2, ensure_ascii=False))
    else:
        for case in chosen:
            click.echo(
                f"{case.id}  {case.profile}  {case.polarity}  {' '.join(case.requirements)}\n    {case.title}"
            )
        click.echo(f"{len(chosen)} of {len(cases)} cases", err=True)


def _row(case: Case) -> dict[str, object]:
    return {
        "id": case.id,
        "title": case.title,
        "profile": case.profile,
        "polarity": case.polarity,
        "stability": case.stability,
        "requirements": list(case.requirements),
        "path": case.path,
    }


if __name__ == "__main__":
    main()
