"""Pricing one usage: Open Token Budget beside genai-prices and LiteLLM, in one run.

Run: `python tests/benchmarks/bench_price.py`. A figure is the median over rounds of the mean time of a call;
ours and the peer's rounds alternate, so that a busy machine slows both.
Peers that are not installed are left out.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from rows import Row, show

from opentokenbudget.amounts import format_instant, parse_instant
from opentokenbudget.pricing import Catalog, compile_catalog

VECTORS = Path(__file__).parent.parent / "pricing_vectors"
AT_TEXT = "2026-11-23T12:00:00Z"
AT = parse_instant(AT_TEXT)
MINUTE_NS = 60 * 10**9
PLAIN = {"input": 1000, "output": 500}
CACHED = {"input": 2006, "input.cache_read": 1920, "output": 300}
ROUNDS = 101
CALLS = 400

Call = Callable[[], object]


def main() -> list[Row]:
    """Measure, print and return the rows."""
    catalog = compile_catalog(json.loads((VECTORS / "catalog.json").read_text()))
    rows = [_alone(*measured) for measured in _ours(catalog)]
    rows += _beside_genai_prices(catalog)
    rows += _beside_litellm(catalog)
    show(rows)
    return rows


def _ours(catalog: Catalog) -> list[tuple[str, Call, float, str]]:
    price = catalog.price
    batch = {"service_tier": "batch", "region": "eu"}
    distinct = iter([format_instant(AT + n * 7 * 10**9) for n in range((ROUNDS + 1) * CALLS)])
    plain = catalog.estimator("gpt-5")
    tiered = catalog.estimator("gpt-6-astra", batch)
    timed = catalog.estimator("deepseek-v4-pro")
    return [
        ("plain", lambda: price("gpt-5", PLAIN, AT), 3.0, "input and output, instant as nanoseconds"),
        ("plain, instant as text", lambda: price("gpt-5", PLAIN, AT_TEXT), 3.0, "the same text again"),
        ("cached input", lambda: price("gpt-4o", CACHED, AT), 3.0, "three meters, one inside another"),
        (
            "threshold, two multipliers",
            lambda: price("gpt-6-astra", CACHED, AT, batch),
            4.0,
            "five overrides over quantity and context",
        ),
        ("time windows", lambda: price("deepseek-v4-pro", CACHED, AT), 4.0, "four weekly windows"),
        (
            "time windows, every instant another text",
            lambda: price("deepseek-v4-pro", CACHED, next(distinct)),
            float("inf"),
            "no goal: reading the text is most of it",
        ),
        ("expected cost, plain", lambda: plain.expected(1000, 500, AT), 0.5, ""),
        ("expected cost, threshold", lambda: tiered.expected(1000, 500, AT), 0.5, ""),
        ("expected cost, time windows", lambda: timed.expected(1000, 500, AT), 0.5, ""),
        (
            "upper bound, threshold",
            lambda: tiered.upper(300_000, 500, AT, AT + 10 * MINUTE_NS),
            float("inf"),
            "no goal: over ten minutes",
        ),
    ]


def _alone(name: str, call: Call, goal_us: float, note: str) -> Row:
    ours_us, _ = _times(call, None)
    goal = "none" if goal_us == float("inf") else f"<= {goal_us} us"
    return Row(name, ours_us, "us", goal, ours_us <= goal_us, work=note)


def _beside_genai_prices(catalog: Catalog) -> list[Row]:
    try:
        from genai_prices import Usage, calc_price
    except ImportError:
        return []
    moment = datetime.fromisoformat(AT_TEXT.replace("Z", "+00:00")).astimezone(UTC)
    usage = Usage(input_tokens=1000, output_tokens=500)
    cached = Usage(input_tokens=2006, cache_read_tokens=1920, output_tokens=300)

    def theirs(given: Usage, model: str, provider: str) -> Call:
        return lambda: calc_price(given, model, provider_id=provider, genai_request_timestamp=moment)

    note = "theirs matches the name by patterns, has no windows over weekdays, sums decimals"
    return [
        _beside(
            "plain, beside genai-prices",
            lambda: catalog.price("gpt-5", PLAIN, AT),
            "genai-prices",
            theirs(usage, "gpt-5", "openai"),
            15,
            note,
        ),
        _beside(
            "cached input, beside genai-prices",
            lambda: catalog.price("gpt-4o", CACHED, AT),
            "genai-prices",
            theirs(cached, "gpt-4o", "openai"),
            15,
            note,
        ),
    ]


def _beside_litellm(catalog: Catalog) -> list[Row]:
    # Its price file comes from the network unless told otherwise, and it reads this while it is imported.
    os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")
    try:
        from litellm import cost_per_token
    except ImportError:
        return []
    note = "theirs has no instants, works in floats, and merges two price tables on the way"
    return [
        _beside(
            "plain, beside litellm.cost_per_token",
            lambda: catalog.price("gpt-5", PLAIN, AT),
            "litellm",
            lambda: cost_per_token(model="gpt-5", prompt_tokens=1000, completion_tokens=500),
            18,
            note,
        ),
        _beside(
            "cached input, beside litellm.cost_per_token",
            lambda: catalog.price("gpt-4o", CACHED, AT),
            "litellm",
            lambda: cost_per_token(
                model="gpt-4o", prompt_tokens=2006, completion_tokens=300, cache_read_input_tokens=1920
            ),
            18,
            note,
        ),
    ]


def _beside(name: str, ours: Call, peer: str, theirs: Call, goal: float, note: str) -> Row:
    ours_us, peer_us = _times(ours, theirs)
    passed = peer_us is not None and peer_us >= goal * ours_us
    return Row(name, ours_us, "us", f"{goal:g} times faster", passed, peer, peer_us, note)


def _times(ours: Call, theirs: Call | None) -> tuple[float, float | None]:
    """Return the median microseconds per call of both, their rounds alternating."""
    mine, other = [], []
    for number in range(ROUNDS + 1):
        spent = _mean_us(ours, CALLS)
        beside = _mean_us(theirs, CALLS // 20) if theirs else 0.0
        # The first round only warms up.
        if number:
            mine.append(spent)
            other.append(beside)
    return median(mine), median(other) if theirs else None


def _mean_us(call: Call, calls: int) -> float:
    began = time.perf_counter()
    for _ in range(calls):
        call()
    return (time.perf_counter() - began) / calls * 1e6


if __name__ == "__main__":
    main()
