"""`otb-conformance explain`: a requirement, the cases that show it, and the faulty routers that break it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import click

from opentokenbudget.documents import read
from opentokenbudget.problems import did_you_mean

from .._bundled import requirements_file, routers_folder
from ..cases import Case, load_cases
from ..visible import as_json
from .printing import say


@click.command("explain")
@click.argument("requirement")
def COMMAND(requirement: str) -> int:
    """Explain REQUIREMENT: its sentence, its page, its cases with what they ask, and who breaks it.

    \b
    otb-conformance explain OTB-PRICE-013
    """
    known = {row["id"]: row for row in json.loads(requirements_file().read_bytes())["requirements"]}
    id_ = requirement.strip().upper()
    if id_ not in known:
        near = did_you_mean(id_, tuple(known))
        raise click.UsageError(f"`{requirement[:100]}` is no requirement{near}")
    for line in _lines(known[id_]):
        say(line)
    return 0


def _lines(row: Mapping[str, Any]) -> Iterator[str]:
    yield f"{row['id']} ({row['level']}, spec/{row['page']}.md)"
    yield f"  {row['text']}"
    if not row["testable"]:
        yield f"  not testable: {row['reason']}"
    for polarity in ("positive", "negative"):
        cases = [
            case for case in load_cases() if row["id"] in case.requirements and case.polarity == polarity
        ]
        if cases:
            yield f"{polarity} cases"
        for case in cases:
            yield from _case(case)
    broken = list(_routers(row["id"]))
    if broken:
        yield "faulty routers that break it"
        yield from broken


def _case(case: Case) -> Iterator[str]:
    yield f"  {case.path}: {case.title}"
    if case.given:
        yield f"    given  {', '.join(case.given)}"
    for index, step in enumerate(case.steps):
        yield f"    {index} asks {step.op} {as_json(step.args, 160)}"
        yield f"      expects {as_json(step.expect, 160)}"


def _routers(requirement: str) -> Iterator[str]:
    for file in sorted(routers_folder().glob("*.yaml")):
        reading = read(file.read_bytes(), file=file.name)
        if not reading.problems and requirement in reading.data.get("breaks", ()):
            yield f"  {file.stem}: {reading.data['title']}"
            if reading.data.get("source"):
                yield f"    {reading.data['source']}"
