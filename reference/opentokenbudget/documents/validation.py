"""Data against the schema of its kind: one mistake, one problem, in document order.

The code of a problem comes from the keyword, or from `x-code` beside it; its requirement from the nearest
`x-requirement` on the way; its words from `x-expects`. schemas/v1/README.md says what these annotations mean.
"""

from __future__ import annotations

from itertools import islice
from typing import Any

from opentokenbudget.problems import Problem

from .caps import CAPS
from .explaining import Steps, Violation, violations_of
from .plain_data import foreign_problems
from .schemas import validator


def schema_problems(data: Any, kind: str) -> tuple[Problem, ...]:
    """Return what is wrong with `data` by the schema of `kind`, in document order; no problem is ().

    Args:
        data: plain data: dict, list, str, int, bool and None; anything else is a problem, and the only ones then.
        kind: one of `KINDS`.

    Source: spec/10-documents.md OTB-DOC-004, OTB-DOC-008, OTB-DOC-009.
    """
    foreign = foreign_problems(data, CAPS)
    if foreign:
        return foreign
    return tuple(violation.problem for violation in violations(data, kind))


def violations(data: Any, kind: str) -> list[Violation]:
    """Return the violations of data that `read` gave, in document order, without those that others cause."""
    compiled = validator(kind)
    if compiled.is_valid(data):
        return []
    every = (item for error in compiled.iter_errors(data) for item in violations_of(error, data, kind))
    found = list(islice(every, CAPS.problems))
    # Two branches of a schema may say the same.
    distinct = {violation.problem: violation for violation in _primary(found) or found}
    if not distinct:
        # What the schema refuses is never accepted because nobody found words for it.
        problem = Problem("bad-format", "", f"is not what the schema of `{kind}` accepts", "OTB-DOC-009")
        return [Violation(problem, (), of_key=False, keyword="")]
    order = _DocumentOrder(data)
    return sorted(distinct.values(), key=lambda item: (order.of(item.steps), item.problem.code))


def _primary(found: list[Violation]) -> list[Violation]:
    """Return the violations that no other explains.

    A wrong type explains all else at that value, though not what its key has; what has the wrong form need not
    exist.
    """
    mistyped = {item.steps for item in found if item.keyword == "type" and not item.of_key}
    malformed = {item.steps for item in found if item.keyword == "pattern"}

    def is_explained(item: Violation) -> bool:
        if item.keyword != "type" and not item.of_key and item.steps in mistyped:
            return True
        return item.keyword == "format" and item.steps in malformed

    return [item for item in found if not is_explained(item)]


class _DocumentOrder:
    """The order of things in a document; the keys of a mapping are numbered once."""

    def __init__(self, data: Any) -> None:
        self.data = data
        self.numbers: dict[int, dict[str, int]] = {}

    def of(self, steps: Steps) -> tuple[int, ...]:
        """Return where `steps` lead: the number of each step among its siblings."""
        container, places = self.data, []
        for step in steps:
            if isinstance(step, int):
                places.append(step)
            else:
                if id(container) not in self.numbers:
                    self.numbers[id(container)] = {key: number for number, key in enumerate(container)}
                places.append(self.numbers[id(container)][step])
            container = container[step]
        return tuple(places)
