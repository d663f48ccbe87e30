"""An attribute's values as an ordered line, cut into segments in each of which a condition says one thing.

Numbers and strings are ordered (strings by code point); `in`, the four orders and `prefix` are unions of
half-open segments of that line, and so is everything that `all`,
`any` and `not` build from them on one attribute.
What a condition says in a segment is found by asking the interpreter about one value of it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from .tree import Comparison, Condition, Type, comparisons

ORDERED: Final = frozenset({"in", "lt", "lte", "gt", "gte", "prefix", "exists"})
_LAST = "\U0010ffff"


def ordered_attribute(condition: Condition) -> str | None:
    """Return the one attribute that `condition` looks at, if only with comparisons that cut its line."""
    name: str | None = None
    for leaf in comparisons(condition):
        if leaf.operator not in ORDERED or name not in (None, leaf.attribute):
            return None
        name = leaf.attribute
    return name


def cuts(leaves: Iterable[Comparison]) -> list[Any]:
    """Return the values of one attribute at which a comparison of `leaves` may change its answer, ascending.

    Segment `i` is `[cuts[i-1], cuts[i])`; the first reaches down without end, the last up.
    """
    found: set[Any] = set()
    for leaf in leaves:
        operand: Any = leaf.operand
        match leaf.operator:
            case "in":
                for value in operand:
                    found.update((value, after(value)))
            case "lt" | "gte":
                found.add(operand)
            case "lte" | "gt":
                found.add(after(operand))
            case "prefix":
                found.update((operand, after_prefix(operand)))
            case _:
                pass
    # No string lies below the empty one, and none above a prefix that ends the line: no cuts.
    return sorted(found - {"", None})


def representatives(points: list[Any], declared: Type) -> list[Any]:
    """Return one value (the least) of each segment between `points`."""
    least: Any = "" if declared == "string" else points[0] - 1 if points else 0
    return [least, *points]


def after(value: Any) -> Any:
    """Return the least value above `value`."""
    return value + "\0" if isinstance(value, str) else int(value) + 1


def after_prefix(prefix: str) -> str | None:
    """Return the least string above all that start with `prefix`, None when there is none."""
    kept = prefix.rstrip(_LAST)
    return kept[:-1] + chr(ord(kept[-1]) + 1) if kept else None
