"""Conditions as closures: the same answers as the interpreter, without walking a tree."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .regexes import regex_test
from .tree import AnyOf, Comparison, Condition, Not
from .windows import compiled_windows

Test = Callable[[Mapping[str, Any]], bool | None]


def compiled(condition: Condition) -> Test:
    """Return a function from facts to True, False or None (unknown): what `evaluate` answers."""
    if isinstance(condition, Comparison):
        return _comparison(condition)
    if isinstance(condition, Not):
        return _negation(compiled(condition.part))
    parts = tuple(compiled(part) for part in condition.parts)
    if len(parts) == 1:
        return parts[0]
    return _combination(parts, isinstance(condition, AnyOf))


def _combination(parts: tuple[Test, ...], decisive: bool) -> Test:
    """Return AND when `decisive` is False, OR when it is True: the first decisive part ends it."""

    def combination(facts: Mapping[str, Any]) -> bool | None:
        unknown = False
        for part in parts:
            outcome = part(facts)
            if outcome is decisive:
                return decisive
            if outcome is None:
                unknown = True
        return None if unknown else not decisive

    return combination


def _negation(part: Test) -> Test:
    def negation(facts: Mapping[str, Any]) -> bool | None:
        outcome = part(facts)
        return None if outcome is None else not outcome

    return negation


def _comparison(comparison: Comparison) -> Test:
    name: str = comparison.attribute
    operand: Any = comparison.operand
    match comparison.operator:
        case "in" if len(operand) == 1:
            return _equals(name, operand[0])
        case "in":
            values = frozenset(operand)
            return _of(name, lambda value: value in values)
        case "exists":
            return lambda facts: (facts.get(name) is not None) is operand
        case "lt":
            return _of(name, lambda value: value < operand)
        case "lte":
            return _of(name, lambda value: value <= operand)
        case "gt":
            return _of(name, lambda value: value > operand)
        case "gte":
            return _of(name, lambda value: value >= operand)
        case "prefix":
            return _of(name, lambda value: value.startswith(operand))
        case "contains":
            return _of(name, lambda value: operand in value)
        case "matches":
            return _of(name, regex_test(operand))
        case "within":
            return _of(name, compiled_windows(operand))


def _equals(name: str, operand: object) -> Test:
    def equals(facts: Mapping[str, Any]) -> bool | None:
        value = facts.get(name)
        return None if value is None else value == operand

    return equals


def _of(name: str, test: Callable[[Any], bool]) -> Test:
    def of(facts: Mapping[str, Any]) -> bool | None:
        value = facts.get(name)
        return None if value is None else test(value)

    return of
