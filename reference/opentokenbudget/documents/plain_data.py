"""Whether data that a program gives is what a JSON text could have said."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from opentokenbudget.problems import Problem

from .caps import Caps
from .characters import is_plain, key_flaw, string_flaw, well_formed
from .ordering import in_document_order
from .pointers import joined
from .scalars import LARGEST_INTEGER
from .wording import shown

_Steps = tuple[str | int, ...]
_CHARACTERS = "OTB-DOC-017"


def foreign_problems(data: Any, caps: Caps) -> tuple[Problem, ...]:
    """Return what in `data` no text of a document says: a float, a tuple, an integer as key, a hidden character.

    What is too deep or too large is the only problem then.

    Source: spec/10-documents.md OTB-DOC-010, OTB-DOC-013, OTB-DOC-014, OTB-DOC-017, OTB-DOC-033.
    """
    found: list[Problem] = []
    level: list[tuple[_Steps, str | None, Any]] = [((), None, data)]
    nodes = depth = 0
    while level:
        below: list[tuple[_Steps, str | None, Any]] = []
        for steps, member, value in level:
            nodes += 1
            kind = type(value)
            if kind is str:
                if not is_plain(value) and (flaw := string_flaw(value, member)) is not None:
                    found.append(Problem(flaw.code, joined(steps), flaw.message, _CHARACTERS))
                continue
            if kind is dict:
                nodes += len(value)
                found += _keys(value, steps)
                below.extend(((*steps, key), key, child) for key, child in value.items() if type(key) is str)
            elif kind is list:
                below.extend(((*steps, index), member, child) for index, child in enumerate(value))
            else:
                found += _scalar(value, steps)
                continue
            if depth == caps.depth:
                return (_too_large("too-deep", f"more than {caps.depth} containers inside each other"),)
        if nodes > caps.nodes:
            return (_too_large("too-many-nodes", f"more than {caps.nodes} keys and values"),)
        level = below
        depth += 1
    return tuple(in_document_order(found, data))


def _too_large(code: str, message: str) -> Problem:
    return Problem(code, "", message, "OTB-DOC-013")


def _keys(mapping: dict[Any, Any], steps: _Steps) -> Iterator[Problem]:
    for key in mapping:
        if type(key) is not str:
            message = f"the key {shown(key)} is not a string"
            yield Problem("wrong-type", joined(steps), message, "OTB-DOC-010")
        elif not key:
            yield Problem("bad-key", joined((*steps, key)), "a key is empty", "OTB-DOC-010")
        elif not is_plain(key) and (flaw := key_flaw(key)) is not None:
            yield Problem(flaw.code, joined((*steps, well_formed(key))), flaw.message, _CHARACTERS)


def _scalar(value: Any, steps: _Steps) -> Iterator[Problem]:
    if type(value) is int:
        if abs(value) > LARGEST_INTEGER:
            message = f"lies outside ±{LARGEST_INTEGER}"
            yield Problem("integer-too-large", joined(steps), message, "OTB-DOC-014")
    elif value is not None and type(value) is not bool:
        message = f"is {shown(value)}, expected what JSON has: decimals are strings"
        yield Problem("wrong-type", joined(steps), message, "OTB-DOC-010")
