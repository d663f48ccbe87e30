"""Matching a request against many rules: 10 of them, 1,000 of them, and CEL beside us when it is installed.

Run: `python tests/benchmarks/bench_match.py`.
Measured is `RuleIndex.first` on facts that are typed already, for requests that spread evenly over the rules;
what they have in common is remembered after the first pass, as it is in an engine that runs.
CEL is asked as its users ask it: one compiled program per rule, in order, until one is true.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import Any

from rows import Row, show

from opentokenbudget.conditions import RuleIndex, Type, parse
from opentokenbudget.conditions.cel import to_cel

TYPES: dict[str, Type] = {
    "task": "string",
    "user": "string",
    "tenant": "string",
    "input": "integer",
    "cost": "decimal",
}
GOAL_US = 0.8
GOAL_RATIO = 2.0
SIZES = (10, 1000)
MAKERS: dict[str, Callable[[int], dict[str, Any]]] = {
    "equality, first field": lambda i: {"task": f"task-{i}"},
    "equality, second field, first shared": lambda i: {"tenant": "acme", "task": f"task-{i}"},
    "lists": lambda i: {"task": [f"task-{i}", f"other-{i}"]},
    "intervals": lambda i: {"input": {"gte": i * 100, "lt": i * 100 + 100}},
    "intervals, second field, first shared": lambda i: {
        "tenant": "acme",
        "input": {"gte": i * 100, "lt": i * 100 + 100},
    },
    "prefixes": lambda i: {"user": {"prefix": f"team-{i}."}},
    "mixed": lambda i: (
        {"tenant": "acme", "task": f"task-{i}"},
        {
            "tenant": ["acme", "other"],
            "input": {"gte": i * 100, "lt": i * 100 + 100},
            "task": {"exists": True},
        },
        {"user": {"prefix": f"team-{i}."}},
        {"task": f"task-{i}", "input": {"gt": 0}, "cost": {"lt": "100"}},
    )[i % 4],
}


def facts_for(i: int) -> dict[str, Any]:
    """Return the facts of a request that rule `i` of every kind is made for."""
    return {
        "tenant": "acme",
        "task": f"task-{i}",
        "user": f"team-{i}.alice",
        "input": i * 100 + 50,
        "cost": 50_000_000_000,
    }


def microseconds(calls: list[tuple[Callable[[Any], object], list[Any]]], rounds: int) -> list[float]:
    """Return the least time of one call of each function over `rounds` passes, the cost of the loop taken off.

    The functions take turns, so that a busy machine slows all of them.
    """
    best = [float("inf")] * len(calls)
    bare = float("inf")
    for _ in range(rounds):
        for number, (function, asked) in enumerate(calls):
            started = time.perf_counter()
            for one in asked:
                function(one)
            best[number] = min(best[number], (time.perf_counter() - started) / len(asked))
        started = time.perf_counter()
        for _one in asked:
            pass
        bare = min(bare, (time.perf_counter() - started) / len(asked))
    return [(least - bare) * 1e6 for least in best]


def ours(maker: Callable[[int], dict[str, Any]], rounds: int) -> list[float]:
    """Return microseconds per match over each of `SIZES` rules."""
    calls = []
    for size in SIZES:
        index = RuleIndex([parse(maker(i), types=TYPES) for i in range(size)])
        chance = random.Random(1)
        asked = [facts_for(chance.randrange(size)) for _ in range(2000)]
        for facts in asked:
            assert index.first(facts) >= 0
        calls.append((index.first, asked))
    return microseconds(calls, rounds)


def cel(maker: Callable[[int], dict[str, Any]], size: int) -> tuple[str, float | None]:
    """Return which CEL was asked and its microseconds per match, or why none was."""
    try:
        from cel import Context
        from cel import compile as compile_cel
    except ImportError:
        return "CEL (Rust)", None
    programs = [compile_cel(to_cel(parse(maker(i), types=TYPES))) for i in range(size)]

    def first(facts: dict[str, Any]) -> int:
        context = Context({"facts": facts})
        for i, program in enumerate(programs):
            if program.execute(context):
                return i
        return -1

    chance = random.Random(1)
    asked = [facts_for(chance.randrange(size)) for _ in range(20)]
    return "CEL (Rust), rule by rule", microseconds([(first, asked)], 1)[0]


def main(rounds: int = 30) -> list[Row]:
    """Measure, print and return one row for each kind of rule and comparison."""
    rows: list[Row] = []
    for name, maker in MAKERS.items():
        few, many = ours(maker, rounds)
        passed = many / few <= GOAL_RATIO and many <= GOAL_US
        goal = f"<= {GOAL_RATIO:g} times 10 rules, <= {GOAL_US} us"
        rows.append(Row(f"match 1,000 rules: {name}", many, "us", goal, passed, "10 rules", few))
    peer, peer_us = cel(MAKERS["equality, first field"], SIZES[1])
    mine = rows[0].ours
    work = "CEL is asked rule by rule, as its users do"
    faster = peer_us is None or peer_us > mine
    rows.append(Row("match 1,000 rules: beside CEL", mine, "us", "faster", faster, peer, peer_us, work))
    show(rows)
    return rows


if __name__ == "__main__":
    main()
