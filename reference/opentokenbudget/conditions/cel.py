"""The equivalent of a condition in the Common Expression Language, for readers and for other engines.

Facts stand in one map, `facts`. A missing key is an error in CEL,
which `&&` and `||` absorb just as SQL's logic
absorbs unknown: where an expression ends in an error, the condition is unknown.
Decimals are integers of 10⁻¹² there too (CEL has no decimals), so they end at 9.2 million of the unit.
"""

from __future__ import annotations

import json
from datetime import date
from typing import Any

from .regexes import translated
from .tree import AllOf, Comparison, Condition, Not
from .windows import DAY_SECONDS, Window

_ORDERS = {"lt": "<", "lte": "<=", "gt": ">", "gte": ">="}


def to_cel(condition: Condition) -> str:
    """Return an expression that is true exactly where `condition` is."""
    return _expression(condition, outer=True)


def _expression(condition: Condition, *, outer: bool = False) -> str:
    if isinstance(condition, Comparison):
        return _comparison(condition)
    if isinstance(condition, Not):
        return f"!({_expression(condition.part, outer=True)})"
    if not condition.parts:
        return "true"
    sign = " && " if isinstance(condition, AllOf) else " || "
    joined = sign.join(_expression(part) for part in condition.parts)
    return joined if outer or len(condition.parts) == 1 else f"({joined})"


def _comparison(leaf: Comparison) -> str:
    operand: Any = leaf.operand
    key = _text(leaf.attribute)
    fact = f"facts[{key}]"
    match leaf.operator:
        case "exists":
            return f"{key} in facts" if operand else f"!({key} in facts)"
        case "in" if len(operand) == 1:
            return f"{fact} == {_literal(operand[0])}"
        case "in":
            return f"{fact} in [{', '.join(_literal(value) for value in operand)}]"
        case "prefix":
            return f"{fact}.startsWith({_text(operand)})"
        case "contains" if leaf.type == "strings":
            return f"{_text(operand)} in {fact}"
        case "contains":
            return f"{fact}.contains({_text(operand)})"
        case "matches":
            return f"{fact}.matches({_text(f'^(?:{translated(operand)})$')})"
        case "within":
            windows = [_window(window, fact) for window in operand]
            return windows[0] if len(windows) == 1 else f"({' || '.join(windows)})"
        case order:
            return f"{fact} {_ORDERS[order]} {operand}"


def _window(window: Window, fact: str) -> str:
    """Return the test of one window: on each calendar day it touches, its weekdays, exceptions and clock."""
    zone = _text(window.zone)
    seconds = f"({fact}.getHours({zone}) * 3600 + {fact}.getMinutes({zone}) * 60 + {fact}.getSeconds({zone}))"
    spans = []
    for since, until, shift in window.spans():
        tests = []
        if len(window.days) < 7:
            # CEL counts weekdays from Sunday.
            days = sorted((day + shift + 1) % 7 for day in window.days)
            tests.append(f"{fact}.getDayOfWeek({zone}) in {days}")
        if window.except_days:
            dates = [date.fromordinal(day + shift) for day in sorted(window.except_days)]
            written = [day.year * 10_000 + day.month * 100 + day.day for day in dates]
            tests.append(f"!({_date(fact, zone)} in {written})")
        if since:
            tests.append(f"{seconds} >= {since}")
        if until < DAY_SECONDS:
            tests.append(f"{seconds} < {until}")
        spans.append(" && ".join(tests) or f"{fact} == {fact}")
    return f"({spans[0]})" if len(spans) == 1 else f"({' || '.join(f'({span})' for span in spans)})"


def _date(fact: str, zone: str) -> str:
    return (
        f"{fact}.getFullYear({zone}) * 10000 + ({fact}.getMonth({zone}) + 1) * 100 + {fact}.getDate({zone})"
    )


def _literal(value: Any) -> str:
    return _text(value) if isinstance(value, str) else str(value).lower()


def _text(text: str) -> str:
    """Return `text` as a CEL string literal; JSON's escapes are among CEL's, but for pairs of surrogates."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
