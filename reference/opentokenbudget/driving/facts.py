"""Facts of a case, written as JSON, to the normal form that conditions read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from opentokenbudget.amounts import InvalidDecimal, InvalidInstant, parse_decimal, parse_instant
from opentokenbudget.documents.pointers import escaped_step
from opentokenbudget.problems import Problem, ProblemError


def normal_facts(facts: Mapping[str, Any], types: Mapping[str, str]) -> dict[str, Any]:
    """Return `facts` in normal form: decimals in units of 10⁻¹², instants in nanoseconds, lists as sets.

    Raises:
        ProblemError: `unknown-attribute` or `wrong-type`, for every fact that is not null: such a one is missing.
    """
    normal: dict[str, Any] = {}
    problems: list[Problem] = []
    for name, value in facts.items():
        pointer = f"/facts/{escaped_step(name)}"
        if name not in types:
            problems.append(
                Problem("unknown-attribute", pointer, f"no type is given for `{name}`", "OTB-COND-019")
            )
            continue
        if value is None:
            continue  # A fact that is null is missing.
        found = _normal(value, types[name])
        if found is None:
            problems.append(
                Problem("wrong-type", pointer, f"`{name}` is not of type {types[name]}", "OTB-COND-020")
            )
        normal[name] = found
    if problems:
        raise ProblemError(problems)
    return normal


def _normal(value: Any, declared: str) -> Any:
    """Return `value` in the normal form of its type, or None when it is not of it."""
    try:
        match declared:
            case "boolean":
                return value if isinstance(value, bool) else None
            case "integer":
                return value if isinstance(value, int) and not isinstance(value, bool) else None
            case "decimal":
                return parse_decimal(value) if isinstance(value, str) else None
            case "time":
                return parse_instant(value) if isinstance(value, str) else None
            case "strings":
                is_right = isinstance(value, list) and all(isinstance(item, str) for item in value)
                return frozenset(value) if is_right else None
            case _:
                return value if isinstance(value, str) else None
    except (InvalidDecimal, InvalidInstant):
        return None
