"""The store in memory: the contract of all stores, and what is its own."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from opentokenbudget.pools.orders import Bucket, Reserved, Rolling
from opentokenbudget.pools.stores.memory import MemoryStore
from store_contract import StoreContract
from store_orders import HOUR_US, entry, order, spends_in_grains


class TestMemoryStore(StoreContract):
    """The contract, in memory."""

    @pytest.fixture
    def empty(self) -> Callable[[], MemoryStore]:
        """A store on this machine's clock."""
        return lambda: MemoryStore(time.time_ns)


def test_ids_are_forgotten_after_the_horizon() -> None:
    """An ended id is new again when the horizon has passed, and nothing of it stays."""
    now = [0]
    store = MemoryStore(lambda: now[0], horizon_us=HOUR_US)
    store.reserve(order("a#1", entry(amount=3)))
    store.settle("a#1", {"pool": 3})
    now[0] = HOUR_US * 1000
    answer = store.reserve(order("a#1", entry(amount=3), digest="other"))
    assert isinstance(answer, Reserved)
    assert not answer.replayed


def test_grains_are_kept_while_a_window_counts_them() -> None:
    """What was spent in a grain of a rolling window counts for as long as the window, however often one looks."""
    now = [0]
    assert spends_in_grains(MemoryStore(lambda: now[0]), now) == [8]


def test_a_grant_counts_as_long_as_its_grain() -> None:
    """What is granted in a rolling window is there until the grain in which it was granted has left the window."""
    now = [0]
    store = MemoryStore(lambda: now[0])
    rolling = Rolling(HOUR_US, 2)
    store.grant(entry(amount=5, period=rolling))
    for number, fits in ((1, True), (2, True), (3, False)):
        now[0] = number * HOUR_US * 1000
        answer = store.reserve(order(f"a#{number}", entry(amount=15, period=rolling)))
        assert isinstance(answer, Reserved) is fits, number
        store.release(f"a#{number}")


def test_a_clock_that_goes_back_refills_no_bucket_twice() -> None:
    """What flowed back at a tick flows back once, though something ends at an earlier tick meanwhile."""
    now = [10 * HOUR_US * 1000]
    store = MemoryStore(lambda: now[0])
    bucket = Bucket(2, HOUR_US)
    store.reserve(order("a#1", entry(amount=4, period=bucket)))
    store.reserve(order("a#2", entry(amount=4, period=bucket)))
    now[0] += HOUR_US * 1000
    (drained,) = store.look([entry(amount=0, period=bucket)])
    store.settle("a#1", {"pool": 4})
    now[0] -= 5 * HOUR_US * 1000
    store.settle("a#2", {"pool": 4})
    now[0] += 5 * HOUR_US * 1000
    (again,) = store.look([entry(amount=0, period=bucket)])
    assert (drained.settled, again.settled) == (6, 6)
