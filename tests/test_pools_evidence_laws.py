"""Histories that some order explains, simulated days under a virtual clock, and windows over the zones of the world."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

import pytest

import desk
from opentokenbudget.opening import open_document
from opentokenbudget.pools.stores import open_store
from pool_figures import EVIDENCE, PAGE, Depth, Figures, at_depths, read
from pool_histories import CLIENTS, STEPS, Operation, history_of, is_linearizable
from pool_page import page_of
from pool_simulation import Simulation
from pool_zones import shown_by
from store_orders import audit

pytest_plugins = ["pool_fixtures", "postgres_server", "redis_server"]

KINDS = ["memory", "sqlite", "redis", "postgres"]
PER_ROUND = 20
SEEDS = 100


@at_depths(20, 500)
@pytest.mark.parametrize("kind", KINDS)
def test_histories_are_linearizable(
    kind: str, depth: Depth, figures: Figures, new_url: Callable[[str], str]
) -> None:
    """Some order of what four clients asked at once explains all that they were told; none explains the control."""
    for number in figures.rounds("histories"):
        url = new_url(kind)
        stores = [open_store(url, time.time_ns) for _ in range(1 if kind == "memory" else CLIENTS)]
        sound = naive = overlaps = 0
        for place in range(PER_ROUND):
            seed = f"{kind}/{number}/{place}"
            history = history_of(stores, f"sound-{place}", seed)
            assert is_linearizable(history), (seed, sorted(history))
            sound += 1
            overlaps += overlapping(history)
            naive += not is_linearizable(history_of(stores, f"naive-{place}", seed, is_naive=True))
        audit(stores[0])
        for store in stores:
            store.close()
        figures.add(
            histories=sound,
            operations=sound * CLIENTS * STEPS,
            operations_that_overlap=overlaps,
            naive_histories=PER_ROUND,
            naive_histories_flagged=naive,
        )
    assert figures.row["naive_histories_flagged"] * 2 >= figures.row["naive_histories"]


def overlapping(history: list[Operation]) -> int:
    """Return how many operations ran while another did."""
    return sum(
        any(one is not other and one.begun < other.ended and other.begun < one.ended for other in history)
        for one in history
    )


def test_for_one_client_the_control_is_right() -> None:
    """What is found in the control is what comes of several at once: asked by one alone, it answers as it must."""
    store = open_store("memory://", time.time_ns)
    for place in range(20):
        assert is_linearizable(history_of([store], str(place), str(place), is_naive=True, clients=1))


def test_a_history_that_nothing_explains_is_noticed() -> None:
    """Two orders that fill the limit each, both held, were not; one after the other, the second is refused."""
    first = Operation(0, 10, "reserve", "a", 10, ("held", 0, 0))
    second = Operation(5, 15, "reserve", "b", 10, ("held", 0, 0))
    assert not is_linearizable([first, second])
    assert is_linearizable([first, second._replace(answer=("refused", 0, 10))])
    assert not is_linearizable([first, second._replace(begun=11, answer=("held", 0, 0), amount=0)])


@at_depths(200, 20_000)
def test_simulated_days_keep_the_laws(depth: Depth, figures: Figures) -> None:
    """After every step of every seed the balances are the fold of what was told, and no law of pools is broken."""
    for number in figures.rounds("seeds"):
        counts: Counter[str] = Counter()
        for seed in range(number * SEEDS, (number + 1) * SEEDS):
            try:
                counts.update(Simulation(seed).run())
            except AssertionError as error:
                error.add_note(f"seed {seed}")
                raise
        figures.add(**dict(sorted(counts.items())))


def test_simulated_policies_are_in_order(tmp_path: Path) -> None:
    """What is simulated is a policy that whoever opens it accepts."""
    for seed in range(20):
        open_document(desk.written(tmp_path, pools=Simulation(seed).data["pools"]), kind="policy")


ZONES = sorted(
    name
    for name in files("tzdata").joinpath("zones").read_text(encoding="utf-8").split()
    if name not in ("Factory", "localtime")
)


@at_depths(12, len(ZONES))
def test_windows_cover_every_instant_once(depth: Depth, figures: Figures) -> None:
    """Around the instants at which clocks are set windows are half-open, adjacent, and as long as their days."""
    step = len(ZONES) // depth.count
    chosen = ZONES[step // 2 :: step][: depth.count]
    for number in figures.rounds("zones"):
        shown = shown_by(chosen[number], 1 if depth.is_kept else 40)
        figures.add(zones=1, **shown._asdict())
    assert figures.row["short_days"] > 0
    assert figures.row["long_days"] > 0


def test_the_page_says_what_the_figures_say() -> None:
    """docs/evidence/pools.md is made of docs/evidence/pools.json."""
    assert PAGE.read_text(encoding="utf-8") == page_of(read(EVIDENCE)["parts"])
