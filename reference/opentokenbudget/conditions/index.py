"""Many conditions at once: which of them are true, without asking each.

Every attribute that conditions look at becomes a table from its value to the set of conditions that may
be true with it (`tables`). The sets of all tables are joined; what remains is asked only what no table could
say: `matches`, substrings, windows, alternatives across attributes.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from typing import Any, final

from .closures import Test, compiled
from .segments import ordered_attribute
from .tables import MemberTable, Table, ValueTable, member_table, table_of
from .tree import AllOf, AnyOf, Comparison, Condition, conjuncts
from .unrolled import Candidates, First, first_of_tables

# A mask is as long as there are conditions, and so is a table:
# blocks keep their product, the memory, in bounds.
BLOCK = 4096


@final
class RuleIndex:
    """An index over ordered conditions; `None` stands for one that is always true.

    Positions count from 0. A condition counts only when it is true: unknown is not enough.

    Attributes:
        first: a function that returns the position of the first condition that is true for facts,
            -1 for none.
    """

    __slots__ = ("_blocks", "first")

    first: First

    def __init__(self, conditions: Sequence[Condition | None]) -> None:
        starts = range(0, max(len(conditions), 1), BLOCK)
        self._blocks = tuple((start, _Block(conditions[start : start + BLOCK])) for start in starts)
        # One block is the rule: its function as it is, without a loop around it.
        self.first = self._blocks[0][1].first if len(self._blocks) == 1 else self._first_of_blocks

    def matches(self, facts: Mapping[str, Any]) -> list[int]:
        """Return the positions of all conditions that are true for `facts`, ascending."""
        return [start + position for start, block in self._blocks for position in block.matches(facts)]

    def _first_of_blocks(self, facts: Mapping[str, Any]) -> int:
        for start, block in self._blocks:
            position = block.first(facts)
            if position >= 0:
                return start + position
        return -1


@final
class _Block:
    """At most `BLOCK` conditions: their tables, and by position what the tables leave open."""

    __slots__ = ("everything", "first", "residuals", "tables")

    first: First

    def __init__(self, conditions: Sequence[Condition | None]) -> None:
        self.everything = (1 << len(conditions)) - 1
        tests: dict[str, dict[int, Condition]] = {}
        members: dict[str, dict[int, str]] = {}
        self.residuals = [
            None if condition is None else _share_out(position, condition, tests, members)
            for position, condition in enumerate(conditions)
        ]
        tables: list[Table] = [table_of(name, asked, self.everything) for name, asked in tests.items()]
        tables += [member_table(name, asked, self.everything) for name, asked in members.items()]
        self.tables = sorted(tables, key=lambda table: table.breadth)
        if len(tables) == 1 and not any(self.residuals):
            self.first = _first_of_one(self.tables[0])
        else:
            self.first = first_of_tables(self.tables, self._candidates)

    def matches(self, facts: Mapping[str, Any]) -> list[int]:
        mask = self.everything
        for table in self.tables:
            mask &= table.mask(facts.get(table.name))
        found: list[int] = []
        while mask:
            lowest = mask & -mask
            position = lowest.bit_length() - 1
            residual = self.residuals[position]
            if residual is None or residual(facts):
                found.append(position)
            mask ^= lowest
        return found

    def _candidates(self, facts: Mapping[str, Any]) -> Candidates:
        """Return what may be first: in order, up to the first one of which nothing is open, or -1."""
        mask = self.everything
        for table in self.tables:
            mask &= table.mask(facts.get(table.name))
        found: list[tuple[int, Test | None]] = []
        while mask:
            lowest = mask & -mask
            position = lowest.bit_length() - 1
            residual = self.residuals[position]
            found.append((position, residual))
            if residual is None:
                return tuple(found)
            mask ^= lowest
        return (*found, (-1, None))


def _share_out(
    position: int,
    condition: Condition,
    tests: dict[str, dict[int, Condition]],
    members: dict[str, dict[int, str]],
) -> Test | None:
    """Give the parts of the top-level AND of `condition` to tables, and return what they leave open."""
    rest: list[Condition] = []
    for part in conjuncts(condition):
        name = ordered_attribute(part)
        if name is not None:
            _ask(tests, name, position, part)
        elif (
            isinstance(part, Comparison)
            and part.type == "strings"
            and position not in members.get(part.attribute, ())
        ):
            members.setdefault(part.attribute, {})[position] = str(part.operand)
        else:
            rest.append(part)
            if isinstance(part, AnyOf):
                for shared, needed in _needed(part).items():
                    _ask(tests, shared, position, needed)
    return compiled(AllOf(tuple(rest))) if rest else None


def _ask(tests: dict[str, dict[int, Condition]], name: str, position: int, part: Condition) -> None:
    asked = tests.setdefault(name, {})
    asked[position] = AllOf((asked[position], part)) if position in asked else part


def _needed(choice: AnyOf) -> dict[str, AnyOf]:
    """Return, by attribute that every branch tests, what it must be for any branch to be true."""
    branches: list[dict[str, list[Condition]]] = []
    for branch in choice.parts:
        tested: dict[str, list[Condition]] = {}
        for part in conjuncts(branch):
            name = ordered_attribute(part)
            if name is not None:
                tested.setdefault(name, []).append(part)
        branches.append(tested)
    return {
        name: AnyOf(tuple(AllOf(tuple(tested[name])) for tested in branches))
        for name in branches[0]
        if all(name in tested for tested in branches)
    }


def _first_of_one(table: Table) -> First:
    """Return `first` for conditions that one table tells apart: the answers are known beforehand."""
    name = table.name
    if isinstance(table, ValueTable):
        answers_get = {value: _lowest(mask) for value, mask in table.masks.items()}.get
        otherwise = _lowest(table.otherwise)
        return lambda facts: answers_get(facts.get(name), otherwise)
    if isinstance(table, MemberTable):
        return lambda facts: _lowest(table.mask(facts.get(name)))
    points, missing, width, starts_get = table.points, _lowest(table.missing), table.width, table.starts.get
    answers = [_lowest(mask) for mask in table.masks]
    everywhere = (0, len(points))

    def first_segment(facts: Mapping[str, Any]) -> int:
        value = facts.get(name)
        return missing if value is None else answers[bisect_right(points, value)]

    def first_text(facts: Mapping[str, Any]) -> int:
        value = facts.get(name)
        if value is None:
            return missing
        low, high = starts_get(value[:width], everywhere)
        return answers[bisect_right(points, value, low, high)]

    return first_text if width else first_segment


def _lowest(mask: int) -> int:
    """Return the position of the lowest bit of `mask`, -1 when it has none."""
    return (mask & -mask).bit_length() - 1
