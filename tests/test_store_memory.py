"""The store in memory: the contract of all stores, and what is its own."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from opentokenbudget.pools.orders import Reserved
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
