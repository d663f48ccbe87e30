"""Cases: what a router is given, what it is asked, and what it must answer; data only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, final

from opentokenbudget.documents import read, schema_problems
from opentokenbudget.problems import Place, Problem, ProblemError

from ._bundled import cases_folder


class Step(NamedTuple):
    """One question: the op, its arguments, and what must hold of the answer."""

    op: str
    args: Mapping[str, Any]
    expect: Mapping[str, Any]


@final
@dataclass(frozen=True, slots=True)
class Case:
    """One conformance case.

    Attributes:
        id: also the name of its file.
        title: the rule in one sentence.
        requirements: ids that it shows.
        polarity: `positive` shows the behaviour, `negative` what is refused or not covered.
        profile: the part of the specification that it belongs to.
        features: extended features that it needs; a case without any is core.
        stability: `draft` or `stable`.
        given: what the router is configured with.
        steps: in order; the router keeps its state between them.
        path: below the folder of cases, with `/`.
        document: all of it, as it was read.
    """

    id: str
    title: str
    requirements: tuple[str, ...]
    polarity: str
    profile: str
    features: tuple[str, ...]
    stability: str
    given: Mapping[str, Any]
    steps: tuple[Step, ...]
    path: str
    document: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)


def load_cases(folder: Path | None = None) -> tuple[Case, ...]:
    """Return all cases in `folder` (those that come with the package by default), by path.

    Raises:
        ProblemError: with every problem of every file; a case is valid, alone in its file, and named like it.
    """
    root = cases_folder() if folder is None else folder
    cases: list[Case] = []
    problems: list[Problem] = []
    for file in sorted(root.glob("**/*.yaml")):
        path = file.relative_to(root).as_posix()
        case, found = read_case(file.read_bytes(), path)
        problems += found
        if case is not None:
            cases.append(case)
    seen: dict[str, str] = {}
    for case in cases:
        if case.id in seen:
            message = f"`{case.id}` is the id of {seen[case.id]} already"
            problems.append(Problem("duplicate-id", "/id", message, place=Place(case.path, 1, 1)))
        seen[case.id] = case.path
    if problems:
        raise ProblemError(problems)
    return tuple(cases)


def read_case(raw: bytes, path: str) -> tuple[Case | None, tuple[Problem, ...]]:
    """Return the case in the file `path` with the content `raw`, or None and what is wrong with it."""
    reading = read(raw, file=path)
    if reading.problems or not reading.complete:
        return None, reading.problems
    data = reading.data
    place = Place(path, 1, 1)
    problems = [problem.at(place) for problem in schema_problems(data, "case")]
    if not problems and data["id"] != Path(path).stem:
        message = f"the id is `{data['id']}`, the file is named `{Path(path).stem}`"
        problems.append(Problem("duplicate-id", "/id", message, place=place))
    if problems:
        return None, tuple(problems)
    return _case(data, path), ()


def _case(data: Mapping[str, Any], path: str) -> Case:
    return Case(
        id=data["id"],
        title=data["title"],
        requirements=tuple(data["requirements"]),
        polarity=data["polarity"],
        profile=data["profile"],
        features=tuple(data.get("features", ())),
        stability=data.get("stability", "draft"),
        given=data.get("given", {}),
        steps=tuple(Step(step["op"], step.get("args", {}), step["expect"]) for step in data["steps"]),
        path=path,
        document=data,
    )
