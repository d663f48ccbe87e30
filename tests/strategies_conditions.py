"""Generated conditions of every operator, and facts that lie near their constants."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

from opentokenbudget.amounts import PICO, format_decimal
from opentokenbudget.conditions import Type

TYPES: dict[str, Type] = {
    "task": "string",
    "context.region": "string",
    "input": "integer",
    "cost": "decimal",
    "eu": "boolean",
    "tags": "strings",
    "time": "time",
}
# Few constants, close together, so that generated facts fall on and beside the edges.
WORDS = [
    "",
    "a",
    "aa",
    "ab",
    "abc",
    "b",
    "b\0",
    "ba",
    "é",
    "\U0010ffff",
    "\U0010ffff\U0010ffff",
    "a\ud7ff",
    "a\ue000",
]
PATTERNS = ["a.*", "[ab]+", "(a|b)c?", "[^a]", "\\p{L}{2}", "a{1,2}b?", ".", ""]
DAY_NS = 86_400_000_000_000
DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
CLOCKS = ["00:00", "01:00", "09:30", "12:00:30", "22:00"]
ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Pacific/Apia"]
# The week around the change of the clocks in Europe in autumn 2026, and the one in America a week later.
FIRST_NS = 1_792_800_000_000_000_000 // DAY_NS * DAY_NS

words = st.sampled_from(WORDS)
integers = st.integers(-2, 6)
decimals = st.sampled_from([-PICO, -1, 0, 1, PICO // 2, PICO, 2 * PICO])
instants = st.builds(
    lambda day, second: FIRST_NS + day * DAY_NS + second * 1_000_000_000,
    st.integers(0, 20),
    st.sampled_from([0, 1, 3599, 3600, 5400, 7200, 30 * 60, 9 * 3600 + 1800, 43_230, 79_200, 82_800, 86_399])
    | st.integers(0, 86_399),
)
dates = st.integers(18, 28).map(lambda day: f"2026-10-{day:02d}")


@st.composite
def windows(draw: st.DrawFn) -> dict[str, Any]:
    """A window as it stands in a document, never empty."""
    start, end = draw(st.sampled_from(CLOCKS)), draw(st.sampled_from([*CLOCKS, "24:00"]))
    window: dict[str, Any] = {}
    if start != end and draw(st.booleans()):
        window |= {"start": start, "end": end}
    if draw(st.booleans()):
        window["days"] = draw(st.lists(st.sampled_from(DAYS), min_size=1, unique=True))
    if draw(st.booleans()):
        window["timezone"] = draw(st.sampled_from(ZONES))
    if draw(st.integers(0, 3)) == 0:
        window["except_dates"] = draw(st.lists(dates, max_size=3, unique=True))
    return window or {"start": "00:00"}


def _tests(operands: st.SearchStrategy[Any], *operators: str) -> st.SearchStrategy[Any]:
    """A scalar, a list or one to two operators over `operands`."""
    one = st.sampled_from(operators).flatmap(lambda operator: st.tuples(st.just(operator), operands))
    compared = st.lists(one, min_size=1, max_size=2).map(dict)
    return operands | st.lists(operands, min_size=1, max_size=3) | (compared if operators else operands)


_exists = st.fixed_dictionaries({"exists": st.booleans()})
_strings = _tests(words, "prefix", "contains") | st.fixed_dictionaries({"matches": st.sampled_from(PATTERNS)})
_orders = ("lt", "lte", "gt", "gte")
tests = {
    "task": _strings | _exists,
    "context.region": _strings | _exists,
    "input": _tests(integers, *_orders) | _exists,
    "cost": _tests(decimals.map(format_decimal), *_orders) | _exists,
    "eu": _tests(st.booleans()) | _exists,
    "tags": st.fixed_dictionaries({"contains": words}) | _exists,
    "time": st.lists(windows(), min_size=1, max_size=3) | _exists,
}


@st.composite
def whens(draw: st.DrawFn, depth: int = 2) -> dict[str, Any]:
    """A condition as it stands in a document: tests joined by AND; `all`, `any` and `not` down to `depth`."""
    when: dict[str, Any] = {}
    names = draw(st.lists(st.sampled_from(sorted(tests)), min_size=1, max_size=2, unique=True))
    logic = draw(st.sampled_from(["", "", "all", "any", "any", "not"])) if depth else ""
    if logic == "not":
        when["not"] = draw(whens(depth - 1))
    elif logic:
        when[logic] = draw(st.lists(whens(depth - 1), min_size=1, max_size=3))
    if logic and draw(st.booleans()):
        return when
    return when | {name: draw(tests[name]) for name in names}


_facts = {
    "task": words,
    "context.region": words,
    "input": integers,
    "cost": decimals,
    "eu": st.booleans(),
    "tags": st.frozensets(words, max_size=3),
    "time": instants,
}
facts = st.fixed_dictionaries({}, optional={name: values | st.none() for name, values in _facts.items()})


def many_facts(count: int, seed: int) -> list[dict[str, Any]]:
    """Return `count` fact sets, the same for the same seed: cheaper by far than drawing each."""
    chance = random.Random(seed)
    values: dict[str, Callable[[], Any]] = {
        "task": lambda: chance.choice(WORDS),
        "context.region": lambda: chance.choice(WORDS),
        "input": lambda: chance.randint(-3, 7),
        "cost": lambda: chance.choice([-PICO, -1, 0, 1, PICO // 2, PICO, 2 * PICO]),
        "eu": lambda: chance.random() < 0.5,
        "tags": lambda: frozenset(chance.sample(WORDS, 2)),
        "time": lambda: FIRST_NS + chance.randrange(21 * 48) * DAY_NS // 48,
    }
    return [{name: draw() for name, draw in values.items() if chance.random() < 0.75} for _ in range(count)]
