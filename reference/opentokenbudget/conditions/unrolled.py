"""The question to several tables, written out: one line of code per table instead of a turn of a loop.

A table hands out a number for each class of values, such that the sum over all tables names one combination of
classes; what may be first for a combination is remembered. Writing it out saves a quarter of the time.
The source is made of the lines below alone, numbered: nothing of a document is ever in it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from .closures import Test
from .tables import MemberTable, SegmentTable, Table, ValueTable

First = Callable[[Mapping[str, Any]], int]
Candidates = tuple[tuple[int, Test | None], ...]

# How many candidates are remembered in all: a few megabytes.
HELD = 1 << 16

_LINES = {
    "value": """
        key += part_{i}(get(name_{i}), otherwise_{i})""",
    "segment": """
        value = get(name_{i})
        key += missing_{i} if value is None else parts_{i}[bisect_right(points_{i}, value)]""",
    "text": """
        value = get(name_{i})
        if value is None:
            key += missing_{i}
        else:
            low, high = starts_{i}(value[:width_{i}], everywhere)
            key += parts_{i}[bisect_right(points_{i}, value, low, high)]""",
    "member": """
        key = key, mask_{i}(get(name_{i}))""",
}
_NAMES = {
    "value": "name_{i}, part_{i}, otherwise_{i}",
    "segment": "name_{i}, points_{i}, parts_{i}, missing_{i}",
    "text": "name_{i}, points_{i}, parts_{i}, missing_{i}, width_{i}, starts_{i}",
    "member": "name_{i}, mask_{i}",
}


def first_of_tables(tables: Sequence[Table], candidates: Callable[[Mapping[str, Any]], Candidates]) -> First:
    """Return a function from facts to the position of the first condition that is true, or -1.

    Args:
        tables: all tables; those of members come last.
        candidates: what may be first for facts, in order, of which the last is so without any further question.
    """
    step = 1
    kinds: list[str] = []
    parts: list[tuple[Any, ...]] = []
    for table in sorted(tables, key=lambda table: isinstance(table, MemberTable)):
        if isinstance(table, ValueTable):
            classes, step = _classes([*table.masks.values(), table.otherwise], step)
            kinds.append("value")
            parts.append((table.name, dict(zip(table.masks, classes, strict=False)).get, classes[-1]))
        elif isinstance(table, SegmentTable):
            classes, step = _classes([*table.masks, table.missing], step)
            line = (table.name, table.points, classes, classes[-1])
            kinds.append("text" if table.width else "segment")
            parts.append((*line, table.width, table.starts.get) if table.width else line)
        else:
            kinds.append("member")
            parts.append((table.name, table.mask))
    known: dict[Any, Candidates] = {}
    held = 0

    def found_for(key: Any, facts: Mapping[str, Any]) -> Candidates:
        nonlocal held
        found = candidates(facts)
        held += len(found)
        if held > HELD:
            known.clear()
            held = len(found)
        known[key] = found
        return found

    first: First = _written(tuple(kinds))(parts, known.get, found_for, bisect_right, (0, None))
    return first


def _classes(masks: Sequence[int], step: int) -> tuple[list[int], int]:
    """Return the class of each mask, counted in `step`, and the step of the next table."""
    seen: dict[int, int] = {}
    return [seen.setdefault(mask, len(seen) * step) for mask in masks], len(seen) * step


@lru_cache(maxsize=256)
def _written(kinds: tuple[str, ...]) -> Callable[..., First]:
    """Return a function that makes `first` for tables of these kinds."""
    names = "".join(f"    ({_NAMES[kind].format(i=i)}) = parts[{i}]\n" for i, kind in enumerate(kinds))
    lines = "".join(_LINES[kind].format(i=i) for i, kind in enumerate(kinds))
    source = f"""def make(parts, known, found_for, bisect_right, everywhere):
{names}
    def first(facts):
        get = facts.get
        key = 0{lines}
        for position, residual in known(key) or found_for(key, facts):
            if residual is None or residual(facts):
                return position

    return first
"""
    made: dict[str, Any] = {}
    exec(compile(source, "<first of tables>", "exec"), made)
    make: Callable[..., First] = made["make"]
    return make
