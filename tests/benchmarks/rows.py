"""What a benchmark found, and how it is shown."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter_ns
from typing import NamedTuple


class Row(NamedTuple):
    """One figure beside its peer's, measured in the same run.

    Attributes:
        ours, peer_took: in `unit`; `peer_took` is None where there is no peer to measure.
        goal: in words.
        work: what differs in the work, where the two do not do the same.
    """

    name: str
    ours: float
    unit: str
    goal: str
    passed: bool
    peer: str = ""
    peer_took: float | None = None
    work: str = ""


def show(rows: list[Row]) -> None:
    """Print `rows`, the ratios to the peers beside them."""
    for row in rows:
        verdict = "ok  " if row.passed else "MISS"
        beside = ""
        if row.peer:
            beside = f"{row.peer}: not measured"
        if row.peer_took is not None:
            beside = f"{row.peer} {row.peer_took:,.3f} {row.unit}, {row.peer_took / row.ours:,.1f} times ours"
        print(f"{verdict} {row.name:<58} {row.ours:>9,.3f} {row.unit:<4} goal {row.goal}")
        for line in (beside, row.work):
            if line:
                print(f"       {line}")


def quantiles_us(call: Callable[[], object], count: int = 20_000) -> tuple[float, float]:
    """Return the median and the 99th percentile of one `call`, in microseconds; the clock's own cost is in them."""
    for _ in range(count // 10):
        call()
    took = []
    for _ in range(count):
        begun = perf_counter_ns()
        call()
        took.append(perf_counter_ns() - begun)
    took.sort()
    return took[count // 2] / 1000, took[count * 99 // 100] / 1000
