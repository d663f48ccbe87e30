"""The tree interpreter: the meaning of a condition, written to be read. What runs is held against it.

Facts are a flat mapping from name to normalised value: string `str`, integer `int`, decimal `int` of 10⁻¹²,
boolean `bool`, strings `frozenset[str]` or `tuple[str, ...]`, time `int` nanoseconds.
A missing key and `None` both mean missing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from .regexes import regex_test
from .tree import AnyOf, Comparison, Condition, Not
from .windows import inside

Finding = Literal["met", "not-met", "attribute-missing"]


class Leaf(NamedTuple):
    """What one comparison said: `decides` is true for those to which the outcome is due."""

    pointer: str
    attribute: str
    operator: str
    finding: Finding
    decides: bool


class Explanation(NamedTuple):
    """The outcome of a condition (`None` is unknown) and what each comparison said, in document order."""

    outcome: bool | None
    leaves: tuple[Leaf, ...]


def evaluate(condition: Condition, facts: Mapping[str, object]) -> bool | None:
    """Return whether `condition` holds for `facts`: True, False or None for unknown."""
    if isinstance(condition, Comparison):
        return compare(condition, facts.get(condition.attribute))
    if isinstance(condition, Not):
        outcome = evaluate(condition.part, facts)
        return None if outcome is None else not outcome
    outcomes = [evaluate(part, facts) for part in condition.parts]
    decisive = isinstance(condition, AnyOf)
    if decisive in outcomes:
        return decisive
    return None if None in outcomes else not decisive


def compare(comparison: Comparison, value: Any) -> bool | None:
    """Return what one comparison says of `value`; `None` as value is a missing attribute."""
    operand: Any = comparison.operand
    if comparison.operator == "exists":
        return (value is not None) is operand
    if value is None:
        return None
    match comparison.operator:
        case "in" | "contains":
            return operand in value if comparison.operator == "contains" else value in operand
        case "lt":
            return bool(value < operand)
        case "lte":
            return bool(value <= operand)
        case "gt":
            return bool(value > operand)
        case "gte":
            return bool(value >= operand)
        case "prefix":
            return bool(value.startswith(operand))
        case "matches":
            return regex_test(operand)(value)
        case "within":
            return any(inside(window, value) for window in operand)


def explain(condition: Condition, facts: Mapping[str, object]) -> Explanation:
    """Return the outcome with what every comparison said, and which of them decided it."""
    leaves: list[Leaf] = []
    return Explanation(_explain(condition, facts, True, leaves), tuple(leaves))


def _explain(
    condition: Condition, facts: Mapping[str, object], decides: bool, leaves: list[Leaf]
) -> bool | None:
    if isinstance(condition, Comparison):
        outcome = evaluate(condition, facts)
        finding: Finding = "met" if outcome else "attribute-missing" if outcome is None else "not-met"
        leaves.append(Leaf(condition.pointer, condition.attribute, condition.operator, finding, decides))
        return outcome
    if isinstance(condition, Not):
        outcome = _explain(condition.part, facts, decides, leaves)
        return None if outcome is None else not outcome
    outcome = evaluate(condition, facts)
    # The parts that agree with the whole made it so: all of a true AND, the false ones of a false one.
    for part in condition.parts:
        _explain(part, facts, decides and evaluate(part, facts) is outcome, leaves)
    return outcome
