"""Spoiling: one small change to a document, so that refusals are compared too."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

from .dice import Dice

_VALUES: tuple[Any, ...] = (
    None,
    True,
    False,
    0,
    -1,
    1,
    2**53 - 1,
    "",
    "0",
    "1.0",
    "x",
    "small",
    [],
    {},
    ["x"],
    {"x": 1},
)
_TEXTS = ("1e3", "-1", "01", "1.", "1.0000000000001", "2026-13-01", "a/b", "\u202e", "e\u0301", "9" * 31)

_Place = tuple[Any, Any]


def spoiled(dice: Dice, document: dict[str, Any]) -> dict[str, Any]:
    """Return `document` with one change: something removed, replaced, renamed, doubled or added."""
    copied: dict[str, Any] = copy.deepcopy(document)
    holder, key = dice.pick(list(_places(copied)))
    how = dice.number(0, 5)
    if how == 0:
        del holder[key]
    elif how == 1:
        holder[key] = copy.deepcopy(dice.pick(_VALUES))
    elif how == 2:
        holder[key] = dice.pick(_TEXTS)
    elif how == 3 and isinstance(holder, dict):
        holder[f"{key}x"] = holder.pop(key)
    elif how == 4 and isinstance(holder, list):
        holder.insert(0, copy.deepcopy(holder[key]))
    elif isinstance(holder, dict):
        holder[dice.pick(("extra", "id", "when", "rates", "not"))] = copy.deepcopy(dice.pick(_VALUES))
    return copied


def _places(value: Any) -> Iterator[_Place]:
    keys = list(value) if isinstance(value, dict) else range(len(value))
    for key in keys:
        yield value, key
        if isinstance(value[key], dict | list):
            yield from _places(value[key])
