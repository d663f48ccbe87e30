"""Files checked from end to end: shape, references, meaning, lints; every problem once, in document order."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from ..documents import Document, placed, read
from ..linting import document_lints
from ..opening import load_file, meaning_problems, read_bytes
from ..problems import CannotOpen, Place, Problem
from ..routing import policy_problems
from ..value import value_problems

STANDARD_INPUT = "-"


class Checked(NamedTuple):
    """What became of some files.

    Attributes:
        files: all that were looked at, those that others refer to as well, in order of mention.
        problems: by file in that order, and within a file in document order; each has a place.
        unopened: files that are missing or cannot be opened.
    """

    files: tuple[str, ...]
    problems: tuple[Problem, ...]
    unopened: tuple[CannotOpen, ...]

    @property
    def errors(self) -> int:
        return sum(problem.severity == "error" for problem in self.problems)

    @property
    def warnings(self) -> int:
        return len(self.problems) - self.errors


def check_files(names: Sequence[str], *, kind: str | None, at: int) -> Checked:
    """Return what is wrong with the files `names`, and with those that they refer to.

    Args:
        names: paths, or `-` for standard input.
        kind: what those are that do not say it.
        at: the instant as of which they are judged, nanoseconds since 1970.
    """
    spelling = {_identity(shown_name(name)): shown_name(name) for name in reversed(names)}
    found: dict[str, dict[Problem, None]] = {}
    unopened = []
    for name in dict.fromkeys(names):
        try:
            looked_at, problems = check_file(name, kind=kind, at=at)
        except CannotOpen as missing:
            unopened.append(missing)
            continue
        for file in (shown_name(name), *looked_at):
            found.setdefault(_identity(file), {})
            spelling.setdefault(_identity(file), file)
        for problem in problems:
            place = problem.place or Place(shown_name(name), 1, 1)
            identity = _identity(place.file)
            spelling.setdefault(identity, place.file)
            found.setdefault(identity, {})[problem.at(place._replace(file=spelling[identity]))] = None
    ordered = [
        problem
        for problems_of_file in found.values()
        for problem in sorted(
            problems_of_file, key=lambda problem: problem.place[1:] if problem.place else (0, 0)
        )
    ]
    return Checked(tuple(spelling[identity] for identity in found), tuple(ordered), tuple(unopened))


def check_file(name: str, *, kind: str | None, at: int) -> tuple[list[str], tuple[Problem, ...]]:
    """Return the files that `name` refers to, and what is wrong with all of them.

    Raises:
        CannotOpen: the file is missing or cannot be opened.
    """
    document, problems = _load(name, kind)
    if document is None:
        return [], problems
    problems = (*problems, *_meaning(document))
    # A lint takes for granted that names lead somewhere.
    if not any(problem.severity == "error" for problem in problems):
        problems = (*problems, *document_lints(document, at=at))
    return [other.file for other in _others(document)], problems


def shown_name(name: str) -> str:
    """Return what a file is called in places."""
    return "<stdin>" if name == STANDARD_INPUT else name.replace(os.sep, "/")


def kind_by_shape(data: object) -> str | None:
    """Return the kind of a wire form that does not say it, None when the shape tells nothing."""
    if not isinstance(data, Mapping):
        return None
    if "code" in data and "message" in data:
        return "problem"
    if "id" in data and ("input_tokens" in data or "text" in data or "attributes" in data):
        return "request"
    return None


def _load(name: str, kind: str | None) -> tuple[Document | None, tuple[Problem, ...]]:
    raw = read_bytes(name)
    document, problems = load_file(name, kind=kind, raw=raw)
    if document is not None:
        return document, problems
    if kind is not None and any(problem.code == "wrong-kind" for problem in problems):
        # `--kind` is for those that do not say their kind.
        return load_file(name, raw=raw)
    if kind is None and _is_without_kind(problems):
        guess = kind_by_shape(read(raw, file=shown_name(name)).data)
        if guess is not None:
            return load_file(name, kind=guess, raw=raw)
    return None, problems


def _is_without_kind(problems: Sequence[Problem]) -> bool:
    return any(
        problem.code == "missing-field" and not problem.pointer and problem.requirement == "OTB-DOC-003"
        for problem in problems
    )


def _meaning(document: Document) -> tuple[Problem, ...]:
    if document.kind == "value-rules":
        # Which facts conditions may read, only a policy says.
        rules = [
            {key: value for key, value in rule.items() if key != "when"} for rule in document.data["rules"]
        ]
        data: dict[str, Any] = {**document.data, "rules": rules}
        return placed(document, value_problems(data, {}))
    if document.kind == "policy" and "/catalog" not in document.references:
        # Only its digest is given, of which the loader warned: its models and context keys are not known.
        found = policy_problems(document.data, None)
        return placed(document, [problem for problem in found if problem.code != "unknown-attribute"])
    return meaning_problems(document)


def _others(document: Document) -> Iterator[Document]:
    for other in document.references.values():
        yield other
        yield from _others(other)


def _identity(file: str) -> str:
    """Return the same text for the same file, however it is spelt."""
    if file == "<stdin>":
        return file
    try:
        return os.path.realpath(file)
    except (OSError, ValueError):
        return file


def colour_wanted() -> bool:
    """Return whether standard output is a terminal whose user has nothing against colour."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
