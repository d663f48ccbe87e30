"""Tables from the value of one attribute to the set of conditions that may be true with it, as bit masks.

Bit `i` stands for condition `i`. A condition that leaves the attribute alone has its bit set everywhere.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from .interpreter import evaluate
from .segments import after_prefix, cuts, representatives
from .tree import Comparison, Condition, Type, comparisons

# Searching among so many points costs no more than a dictionary; longer common starts are not looked for.
_FEW = 16
_WIDEST = 33


class ValueTable(NamedTuple):
    """For equality: the mask of a value that `masks` lacks is `otherwise`; `None` is a missing attribute."""

    name: str
    masks: dict[Any, int]
    otherwise: int
    breadth: float

    def mask(self, value: Any) -> int:
        return self.masks.get(value, self.otherwise)


class SegmentTable(NamedTuple):
    """For intervals and prefixes: the mask of a value is that of its segment between the sorted `points`.

    Strings that begin alike lie together: `starts` tells from the first `width` characters between which
    points
    to search. It is empty where that saves nothing.
    """

    name: str
    points: list[Any]
    masks: list[int]
    missing: int
    breadth: float
    width: int
    starts: dict[str, tuple[int, int]]

    def mask(self, value: Any) -> int:
        return self.missing if value is None else self.masks[bisect_right(self.points, value)]


class MemberTable(NamedTuple):
    """For lists of strings: a condition is in when the member that it asks for is there."""

    name: str
    masks: dict[str, int]
    otherwise: int
    breadth: float

    def mask(self, value: Any) -> int:
        mask = self.otherwise
        for member in value or ():
            mask |= self.masks.get(member, 0)
        return mask


Table = ValueTable | SegmentTable | MemberTable


def table_of(name: str, tests: Mapping[int, Condition], everything: int) -> Table:
    """Return the table of the attribute `name`.

    Args:
        name: the attribute.
        tests: by position, what a condition asks of `name` alone, in comparisons that cut its line.
        everything: a mask with a bit for every condition, those that are not in `tests` included.
    """
    alone = everything
    for position in tests:
        alone ^= 1 << position
    leaves = {position: list(comparisons(test)) for position, test in tests.items()}
    if all(leaf.operator in ("in", "exists") for found in leaves.values() for leaf in found):
        return _value_table(name, tests, leaves, alone)
    return _segment_table(name, tests, leaves, alone)


def _value_table(
    name: str, tests: Mapping[int, Condition], leaves: Mapping[int, list[Comparison]], alone: int
) -> ValueTable:
    otherwise = missing = alone
    changes: dict[Any, int] = {}
    for position, test in tests.items():
        bit = 1 << position
        values = {value for leaf in leaves[position] if leaf.operator == "in" for value in _values(leaf)}
        elsewhere = _truth(test, name, _unlike(values, leaves[position][0].type))
        otherwise |= elsewhere * bit
        missing |= _truth(test, name, None) * bit
        for value in values:
            if _truth(test, name, value) != elsewhere:
                changes[value] = changes.get(value, 0) | bit
    masks = {value: otherwise ^ change for value, change in changes.items()}
    breadth = _mean_bits([otherwise, *masks.values()])
    return ValueTable(name, {**masks, None: missing}, otherwise, breadth)


def _segment_table(
    name: str, tests: Mapping[int, Condition], leaves: Mapping[int, list[Comparison]], alone: int
) -> SegmentTable:
    first = missing = alone
    changes: dict[Any, int] = {}
    for position, test in tests.items():
        bit = 1 << position
        missing |= _truth(test, name, None) * bit
        points = cuts(leaves[position])
        least, *others = representatives(points, leaves[position][0].type)
        before = _truth(test, name, least)
        first |= before * bit
        for point in others:
            now = _truth(test, name, point)
            if now != before:
                changes[point] = changes.get(point, 0) | bit
            before = now
    ordered = sorted(changes)
    masks = [first]
    for point in ordered:
        masks.append(masks[-1] ^ changes[point])
    return SegmentTable(name, ordered, masks, missing, _mean_bits(masks), *_starts(ordered))


def _starts(points: list[Any]) -> tuple[int, dict[str, tuple[int, int]]]:
    """Return how many first characters tell `points` apart best, and the range of points that share them."""
    if len(points) <= _FEW or not isinstance(points[0], str):
        return 0, {}
    width, starts = 0, {""}
    for wider in range(1, _WIDEST):
        found = {point[:wider] for point in points}
        if len(found) > len(starts):
            width, starts = wider, found
        if len(found) * _FEW >= len(points):
            break
    ranges: dict[str, tuple[int, int]] = {}
    for start in starts:
        end = after_prefix(start)
        # Every text with this start lies at or above it and below `end`, whatever follows.
        until = len(points) if end is None else bisect_left(points, end)
        ranges[start] = (bisect_right(points, start), until)
    return width, ranges


def member_table(name: str, members: Mapping[int, str], everything: int) -> MemberTable:
    """Return the table of the list of strings `name`; `members` is the one asked for, by position."""
    otherwise = everything
    masks: dict[str, int] = {}
    for position, member in members.items():
        otherwise ^= 1 << position
        masks[member] = masks.get(member, 0) | 1 << position
    return MemberTable(name, masks, otherwise, _mean_bits([otherwise]))


def _truth(test: Condition, name: str, value: Any) -> bool:
    return evaluate(test, {name: value}) is True


def _values(leaf: Comparison) -> Any:
    return leaf.operand


def _unlike(values: set[Any], declared: Type) -> Any:
    """Return a value that is none of `values`."""
    if declared == "string":
        return "." * (1 + max(map(len, values), default=0))
    return 1 + max(values, default=0)


def _mean_bits(masks: Iterable[int]) -> float:
    counts = [mask.bit_count() for mask in masks]
    return sum(counts) / len(counts)
