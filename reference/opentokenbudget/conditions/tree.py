"""The checked form of a condition: a tree whose leaves compare one attribute with a constant.

Logic is SQL's: a comparison with a missing attribute is unknown (`None`), and only `exists` never is.
Operands are normalised like facts: integers stay, decimals are 10⁻¹² of their unit, windows are precompiled.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, final

from msgspec import Struct

from .windows import Window

Type = Literal["string", "integer", "decimal", "boolean", "strings", "time"]
Operator = Literal["in", "lt", "lte", "gt", "gte", "prefix", "contains", "matches", "exists", "within"]
Operand = bool | int | str | tuple[str | int, ...] | tuple[Window, ...]


@final
class Comparison(Struct, frozen=True, eq=False):
    """One attribute against one constant.

    Attributes:
        attribute: the flat name of the fact, dots included.
        type: the declared type of the attribute.
        operator: `in` also stands for equality (one value); `within` is a list of time windows.
        operand: `in` a tuple of values; `matches` the I-Regexp as written; `within` a tuple of windows.
        pointer: where it is written, from the pointer given to `parse`.
    """

    attribute: str
    type: Type
    operator: Operator
    operand: Operand
    pointer: str = ""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Comparison) and self._meaning() == other._meaning()

    def __hash__(self) -> int:
        return hash(self._meaning())

    def _meaning(self) -> tuple[object, ...]:
        """Everything but where it is written."""
        return self.attribute, self.type, self.operator, self.operand


@final
class AllOf(Struct, frozen=True):
    """True when every part is; with no part it is true."""

    parts: tuple[Condition, ...]


@final
class AnyOf(Struct, frozen=True):
    """True when one part is; never empty."""

    parts: tuple[Condition, ...]


@final
class Not(Struct, frozen=True):
    """True when its part is false; unknown stays unknown."""

    part: Condition


Condition = Comparison | AllOf | AnyOf | Not


def comparisons(condition: Condition) -> Iterator[Comparison]:
    """Yield the leaves in document order."""
    if isinstance(condition, Comparison):
        yield condition
    elif isinstance(condition, Not):
        yield from comparisons(condition.part)
    else:
        for part in condition.parts:
            yield from comparisons(part)


def conjuncts(condition: Condition) -> Iterator[Condition]:
    """Yield the parts of the top-level AND, nested ones flattened."""
    if isinstance(condition, AllOf):
        for part in condition.parts:
            yield from conjuncts(part)
    else:
        yield condition


def attributes_of(condition: Condition) -> frozenset[str]:
    """Return the names of all attributes that `condition` looks at."""
    return frozenset(leaf.attribute for leaf in comparisons(condition))
