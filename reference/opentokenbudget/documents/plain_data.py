"""Whether data that a program gives is what a JSON text could have said."""

from __future__ import annotations

from typing import Any

from opentokenbudget.problems import Problem

from .caps import Caps
from .pointers import joined
from .scalars import LARGEST_INTEGER
from .wording import shown


def foreign_problem(data: Any, caps: Caps) -> Problem | None:
    """Return the first thing in `data` that no JSON text says (a float, a tuple, an integer as key), or None.

    Source: spec/10-documents.md OTB-DOC-010, OTB-DOC-013, OTB-DOC-014.
    """
    level: list[tuple[tuple[str | int, ...], Any]] = [((), data)]
    nodes = depth = 0
    while level:
        below: list[tuple[tuple[str | int, ...], Any]] = []
        for steps, value in level:
            nodes += 1
            code, reason = _flaw(value)
            if nodes > caps.nodes:
                code, reason = "too-many-nodes", f"more than {caps.nodes} keys and values"
            elif type(value) in (dict, list) and depth == caps.depth:
                code, reason = "too-deep", f"more than {caps.depth} containers inside each other"
            if code:
                return Problem(code, joined(steps), reason, _REQUIREMENTS[code])
            if type(value) is dict:
                nodes += len(value)
                below.extend(((*steps, key), child) for key, child in value.items())
            elif type(value) is list:
                below.extend(((*steps, index), child) for index, child in enumerate(value))
        level = below
        depth += 1
    return None


_REQUIREMENTS = {
    "bad-key": "OTB-DOC-010",
    "wrong-type": "OTB-DOC-010",
    "bad-character": "OTB-DOC-017",
    "integer-too-large": "OTB-DOC-014",
    "too-deep": "OTB-DOC-013",
    "too-many-nodes": "OTB-DOC-013",
}
_FINE = ("", "")


def _flaw(value: Any) -> tuple[str, str]:
    """Return the code and the words of what is wrong with one value, both "" for nothing."""
    kind = type(value)
    if kind is str:
        return ("bad-character", "half of a surrogate pair") if _has_surrogate(value) else _FINE
    if kind is int:
        outside = abs(value) > LARGEST_INTEGER
        return ("integer-too-large", f"lies outside ±{LARGEST_INTEGER}") if outside else _FINE
    if kind is dict:
        for key in value:
            if type(key) is not str:
                return "wrong-type", f"the key {shown(key)} is not a string"
            if not key:
                return "bad-key", "a key is empty"
            if _has_surrogate(key):
                return "bad-character", "a key holds half of a surrogate pair"
        return _FINE
    if kind is bool or kind is list or value is None:
        return _FINE
    return "wrong-type", f"is {shown(value)}, expected what JSON has: decimals are strings"


def _has_surrogate(text: str) -> bool:
    return not text.isascii() and text.encode("utf-8", "replace").decode() != text
