"""Document order: what holds a thing stands before it, the keys of a mapping as they stand."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from opentokenbudget.problems import Problem

from .pointers import steps_of

_NOWHERE = 1 << 62


def in_document_order(problems: Iterable[Problem], data: Any) -> list[Problem]:
    """Return `problems` of the document `data` by where they stand, those of one place by their codes.

    Source: spec/10-documents.md OTB-DOC-032.
    """
    found = list(problems)
    if len(found) < 2:
        return found
    numbers: dict[int, dict[str, int]] = {}
    return sorted(found, key=lambda problem: (_place(problem.pointer, data, numbers), problem.code))


def _place(pointer: str, data: Any, numbers: dict[int, dict[str, int]]) -> tuple[int, ...]:
    """Return the number of each step of `pointer` among its siblings; the keys of a mapping are numbered once."""
    places: list[int] = []
    for step in steps_of(pointer):
        if isinstance(data, dict):
            if id(data) not in numbers:
                numbers[id(data)] = {key: number for number, key in enumerate(data)}
            places.append(numbers[id(data)].get(step, _NOWHERE))
            data = data.get(step)
        elif isinstance(data, list) and step.isdecimal() and int(step) < len(data):
            places.append(int(step))
            data = data[int(step)]
        else:
            places.append(_NOWHERE)
            data = None
    return tuple(places)
