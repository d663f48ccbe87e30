"""One decision: request parsed, task given, four candidates, no pools; beside LiteLLM's choice of a deployment."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable
from itertools import cycle
from statistics import median
from time import perf_counter_ns
from typing import Any

from rows import Row, quantiles_us, show

from opentokenbudget.engine import Engine
from opentokenbudget.pricing import compile_catalog
from opentokenbudget.routing import compile_policy

AT = 1_795_435_200_000_000_000
GOAL_US = 7.0
GOAL_FLAT = 1.25


def catalog_of(models: int) -> dict[str, Any]:
    return {
        "otb": "1.0",
        "kind": "catalog",
        "id": "bench",
        "version": "1.0.0",
        "currency": "USD",
        "models": [
            {
                "id": f"maker/model-{number}",
                "capabilities": {"context_window": 128_000, "max_output": 16_384},
                "prices": [
                    {"from": None, "rates": {"input": f"{number % 20 + 1}", "output": f"{number % 50 + 2}"}}
                ],
            }
            for number in range(models)
        ],
    }


def engine_of(rules: int, models: int, select: str = "cheapest") -> Engine:
    """Return an engine whose requests match the last rule but one, in a tier of four candidates."""
    policy = {
        "otb": "1.0",
        "kind": "policy",
        "id": "bench",
        "version": "1.0.0",
        "catalog": {"path": "catalog.yaml"},
        "attributes": {"task": {"type": "string"}, "team": {"type": "string"}},
        "tiers": [
            {"id": "small", "models": [f"maker/model-{number}" for number in range(4)], "select": select}
        ],
        "rules": [
            {"id": f"r{number}", "when": {"task": f"task-{number}", "team": "a"}, "tier": "small"}
            for number in range(rules)
        ],
        "default": {"tier": "small"},
    }
    compiled = compile_policy(policy, catalog=compile_catalog(catalog_of(models)))
    return Engine(compiled, clock=lambda: AT, seed="bench")


def deciding(rules: int, models: int, select: str = "cheapest") -> Callable[[], object]:
    """Return a call that decides one of many requests, each with an id of its own."""
    engine = engine_of(rules, models, select)
    requests = [
        engine.request(
            {
                "id": f"request-{number}",
                "attributes": {"task": f"task-{number % rules}", "team": "a"},
                "input_tokens": 900,
                "max_output_tokens": 400,
            }
        )
        for number in range(512)
    ]
    turns = cycle(requests)
    return lambda: engine.decide(next(turns))


def side_by_side(calls: list[Callable[[], object]], rounds: int = 12) -> list[tuple[float, float]]:
    """Return median and 99th percentile of each call; their rounds alternate, so that a busy machine slows all."""
    found: list[list[tuple[float, float]]] = [[] for _ in calls]
    for _ in range(rounds):
        for results, call in zip(found, calls, strict=True):
            results.append(quantiles_us(call, 4000))
    return [(median(r[0] for r in results), median(r[1] for r in results)) for results in found]


def litellm_us(deployments: int) -> float | None:
    """Return the median of LiteLLM's asynchronous choice among deployments, None when it is not installed."""
    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
    try:
        import litellm
    except ImportError:
        return None
    logging.getLogger("LiteLLM").setLevel(logging.ERROR)
    router = litellm.Router(
        model_list=[
            {
                "model_name": "chat",
                "litellm_params": {
                    "model": f"openai/model-{number}",
                    "api_key": "none",
                    "input_cost_per_token": 1e-6 * (number + 1),
                    "output_cost_per_token": 2e-6,
                },
            }
            for number in range(deployments)
        ],
        routing_strategy="cost-based-routing",
    )
    messages = [{"role": "user", "content": "What is my balance?"}]

    async def run(count: int) -> list[int]:
        took = []
        for _ in range(count):
            begun = perf_counter_ns()
            await router.async_get_available_deployment(model="chat", messages=messages, request_kwargs={})
            took.append(perf_counter_ns() - begun)
        return took

    asyncio.run(run(100))
    took = sorted(asyncio.run(run(1000)))
    return took[len(took) // 2] / 1000


def main() -> list[Row]:
    """Measure, print and return the rows."""
    (base, p99), (first, _), (ruled, _), (stocked, _) = side_by_side(
        [deciding(10, 30), deciding(10, 30, "first"), deciding(1000, 30), deciding(10, 3000)]
    )
    work = "LiteLLM picks a deployment by cost; ours classifies nothing, matches rules, bounds costs, draws an id"
    rows = [
        Row("decide, cheapest of 4: median", base, "us", f"<= {GOAL_US} us", base <= GOAL_US),
        Row("decide, cheapest of 4: 99th percentile", p99, "us", "<= 30 us (with pools)", p99 <= 30),
        Row("decide, first of 4: median", first, "us", f"<= {GOAL_US} us", first <= GOAL_US),
        Row(
            "decide under 1,000 rules: median",
            ruled,
            "us",
            f"flat: <= {GOAL_FLAT} times 10 rules",
            ruled <= GOAL_FLAT * base,
        ),
        Row(
            "decide over 3,000 models: median",
            stocked,
            "us",
            f"flat: <= {GOAL_FLAT} times 30 models",
            stocked <= GOAL_FLAT * base,
        ),
    ]
    for deployments in (4, 100):
        peer = litellm_us(deployments)
        name = f"LiteLLM, {deployments} deployments"
        rows.append(
            Row("decide, cheapest of 4", base, "us", "faster", peer is None or peer > base, name, peer, work)
        )
    show(rows)
    return rows


if __name__ == "__main__":
    main()
