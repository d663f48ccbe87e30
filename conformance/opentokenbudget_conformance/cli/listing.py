"""`otb-conformance list`: the cases."""

from __future__ import annotations

import json

import click

from ..cases import Case, load_cases
from .options import format_option
from .printing import say


@click.command("list")
@click.option("--profile", metavar="P", help="Only cases of this profile.")
@click.option("--requirement", metavar="R", help="Only cases that name this requirement id.")
@format_option
def COMMAND(profile: str | None, requirement: str | None, form: str) -> None:
    """List the cases of the suite: id, profile, polarity, requirements, title."""
    cases = load_cases()
    chosen = [
        case
        for case in cases
        if (profile is None or case.profile == profile)
        and (requirement is None or requirement in case.requirements)
    ]
    if form == "json":
        say(json.dumps([_row(case) for case in chosen], indent=2, ensure_ascii=False))
    else:
        for case in chosen:
            say(
                f"{case.id}  {case.profile}  {case.polarity}  {' '.join(case.requirements)}\n    {case.title}"
            )
        say(f"{len(chosen)} of {len(cases)} cases", err=True)


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
