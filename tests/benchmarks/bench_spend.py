"""Decide, reserve and settle in memory: two pools, a request parsed before, a usage priced; flat in rules and models.

The record of the attempt is the object that listeners are given; its text is written when somebody reads it.
"""

from __future__ import annotations

import gc
import time
from itertools import count
from statistics import median
from time import perf_counter_ns
from typing import Any

from bench_decide import catalog_of
from rows import Row, show

from opentokenbudget.engine import Engine
from opentokenbudget.pools import compile_pools
from opentokenbudget.pools.stores.memory import MemoryStore
from opentokenbudget.pricing import compile_catalog
from opentokenbudget.routing import compile_policy

GOAL_US, GOAL_P99_US, GOAL_FLAT = 12.0, 30.0, 1.25
ROUNDS = 24
TURNS = 500
USAGE = {"input": 880, "output": 200}
_NUMBERS = count()


def engine_of(rules: int, models: int) -> Engine:
    """Return an engine whose requests match the last rule, and are charged to a month's pool and to a user's day."""
    policy: dict[str, Any] = {
        "otb": "1.0",
        "kind": "policy",
        "id": "bench",
        "version": "1.0.0",
        "catalog": {"path": "catalog.yaml"},
        "attributes": {
            "task": {"type": "string"},
            "user": {"type": "string", "trust": "verified"},
        },
        "tiers": [
            {
                "id": "small",
                "models": [f"maker/model-{number}" for number in range(4)],
                "select": "cheapest",
            }
        ],
        "rules": [
            {"id": f"r{number}", "when": {"task": f"task-{number}"}, "tier": "small"}
            for number in range(rules)
        ],
        "default": {"tier": "small"},
        "pools": [
            {
                "id": "month",
                "limit": {"cost": "1000000"},
                "window": {"calendar": "month", "timezone": "America/New_York"},
                "enforcement": "reserve",
            },
            {
                "id": "user-day",
                "parent": "month",
                "partition_by": ["user"],
                "limit": {"cost": "100000"},
                "window": {"calendar": "day"},
                "enforcement": "reserve",
            },
        ],
    }
    types = {"task": "string", "user": "string"}
    return Engine(
        compile_policy(policy, catalog=compile_catalog(catalog_of(models))),
        clock=time.time_ns,
        seed="bench",
        pools=compile_pools(policy, types),
        store=MemoryStore(time.time_ns),
    )


def round_of(engine: Engine, rules: int) -> list[int]:
    """Return what each of some requests took, in nanoseconds; nothing else is in it but reading the clock."""
    requests = [
        engine.request(
            {
                "id": f"request-{next(_NUMBERS)}",
                "attributes": {"task": f"task-{rules - 1}", "user": f"u{number % 50}"},
                "input_tokens": 900,
                "max_output_tokens": 400,
            }
        )
        for number in range(TURNS)
    ]
    took = []
    for request in requests:
        begun = perf_counter_ns()
        engine.settle(engine.decide(request), usage=USAGE)
        took.append(perf_counter_ns() - begun)
    return sorted(took)


def side_by_side(shapes: list[tuple[int, int]]) -> list[tuple[float, float]]:
    """Return median and 99th percentile in microseconds for each number of rules and models; rounds alternate."""
    engines = [(engine_of(rules, models), rules) for rules, models in shapes]
    found: list[list[list[int]]] = [[] for _ in engines]
    # What was made before belongs to nobody's request.
    gc.collect()
    gc.freeze()
    for _ in range(ROUNDS):
        for took, (engine, rules) in zip(found, engines, strict=True):
            took.append(round_of(engine, rules))
    gc.unfreeze()
    return [
        (
            median(each[TURNS // 2] for each in took[2:]) / 1000,
            median(each[TURNS * 99 // 100] for each in took[2:]) / 1000,
        )
        for took in found
    ]


def main() -> list[Row]:
    """Measure, print and return the rows."""
    (base, p99), (ruled, _), (stocked, _) = side_by_side([(10, 30), (1000, 30), (10, 3000)])
    flat = f"flat: <= {GOAL_FLAT} times"
    rows = [
        Row("decide + reserve + settle: median", base, "us", f"<= {GOAL_US} us", base <= GOAL_US),
        Row(
            "decide + reserve + settle: 99th percentile",
            p99,
            "us",
            f"<= {GOAL_P99_US} us",
            p99 <= GOAL_P99_US,
        ),
        Row("... under 1,000 rules: median", ruled, "us", f"{flat} 10 rules", ruled <= GOAL_FLAT * base),
        Row("... over 3,000 models: median", stocked, "us", f"{flat} 30 models", stocked <= GOAL_FLAT * base),
    ]
    show(rows)
    return rows


if __name__ == "__main__":
    main()
