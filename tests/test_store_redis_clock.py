"""The store in Redis at instants that are chosen: the server's functions as they are, but for the clock that they read.

Chunks of the queue are full after one or two reservations here, so that whatever happens between chunks happens often.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import rule, run_state_machine_as_test

from opentokenbudget.pools import ledger
from opentokenbudget.pools.orders import Bucket, Idle, Reserved, Rolling, Span, WrongWindow
from opentokenbudget.pools.stores.redis import RedisStore
from opentokenbudget.pools.stores.redis_forms import Forms
from opentokenbudget.pools.stores.redis_links import address_of
from store_machine import machine_of
from store_orders import HOUR_US, balance_of, entry, order

if TYPE_CHECKING:
    from redis_server import RedisServer

pytest_plugins = ["redis_server"]

NEVER = 10**15
REPLACED = {
    "local time = call('TIME')\n  return time[1] * 1000000 + time[2]": "return tonumber(call('GET', 'clock'))",
    "local FULL = 600": "local FULL = 40",
    "local CHUNKS = 8": "local CHUNKS = 2",
}


class ClockedStore(RedisStore):
    """A store whose server reads `clock`."""

    def __init__(self, server: RedisServer, horizon_us: int = NEVER) -> None:
        address = address_of(server.url(timeout=20))
        super().__init__(address, horizon_us)
        source = self._source.decode()
        for real, chosen in REPLACED.items():
            assert source.count(real) == 1
            source = source.replace(real, chosen)
        self._source = source.replace(self._library, "otb_clocked").encode()
        self.forms = Forms(address.namespace, "otb_clocked", horizon_us)
        self.turn(10**9)

    def turn(self, us: int) -> None:
        """Set the clock."""
        self.now_us = us
        self._links.ask((b"SET", b"clock", b"%d" % us))

    def ids(self) -> set[str]:
        """Return the ids that are remembered."""
        return {known.id for known in self.reservations()}


@pytest.fixture
def new(redis_server: RedisServer) -> type[ClockedStore]:
    """What opens an empty store."""

    class New(ClockedStore):
        def __init__(self, horizon_us: int = NEVER) -> None:
            super().__init__(redis_server, horizon_us)

    return New


def test_at_every_instant_the_store_does_what_the_ledger_says(new: type[ClockedStore]) -> None:
    """Whatever is asked, whenever: at the very end of a life, a grain, a tick, a session, and long after."""

    class Machine(machine_of(new)):  # type: ignore[misc]
        @rule(step=st.sampled_from([0, 1, 99, 100, 200, 299, 300, 400, 499, 500, 700, 1500, HOUR_US]))
        def wait(self, step: int) -> None:
            self.store.turn(self.store.now_us + step)

        @rule()
        def sweep(self) -> None:
            ended = self.store.sweep()
            assert ended == ledger.expire(self.model, self.store.now_us)

    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        Machine,
        settings=settings(
            max_examples=60, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )


def test_a_window_is_over_at_its_end(new: type[ClockedStore]) -> None:
    """Also one that was used before: it is current until the last microsecond, and not at its end."""
    store = new()
    store.turn(1000)
    span = Span(1000, 2000)
    assert isinstance(store.reserve(order("a#1", entry(period=span))), Reserved)
    store.turn(1999)
    assert isinstance(store.reserve(order("a#2", entry(period=span))), Reserved)
    for now in (2000, 999):
        store.turn(now)
        assert isinstance(store.reserve(order("a#3", entry(period=span))), WrongWindow)


def test_those_written_down_together_are_forgotten_a_horizon_after_the_last(new: type[ClockedStore]) -> None:
    """Nothing is forgotten before, all of them then; one that is open keeps the others."""
    store = new(horizon_us=100)
    store.turn(0)
    store.reserve(order("aaaaaaaa#1", entry(limit=None), expires_after_us=1000))
    store.reserve(order("bbbbbbbb#1", entry(limit=None), expires_after_us=1000))
    store.turn(500)
    store.settle("aaaaaaaa#1", {"pool": 1})
    store.turn(400)
    store.settle("bbbbbbbb#1", {"pool": 1})
    store.turn(599)
    assert store.sweep() == 0
    assert store.ids() == {"aaaaaaaa#1", "bbbbbbbb#1"}
    store.turn(600)
    store.sweep()
    assert store.ids() == set()
    store.reserve(order("c#1", entry(limit=None), expires_after_us=HOUR_US))
    store.reserve(order("d#1", entry(limit=None), expires_after_us=1))
    store.turn(10_000)
    store.sweep()
    assert store.ids() == {"c#1", "d#1"}


def test_nobody_must_sweep(new: type[ClockedStore]) -> None:
    """Whoever reserves forgets what is due on the way, so that what is remembered does not grow without end."""
    store = new(horizon_us=1000)
    for number in range(300):
        store.turn(number * 100)
        store.reserve(order(f"{number:032d}#1", entry(limit=None), expires_after_us=500))
        store.settle(f"{number:032d}#1", {"pool": 1})
    assert len(store.ids()) < 40
    assert balance_of(store, "pool").settled == 300


def test_a_window_that_nobody_needs_is_forgotten(new: type[ClockedStore]) -> None:
    """A horizon after its end, but not while something is held in it; never the latest, nor what has no end."""
    store = new(horizon_us=1000)

    def starts() -> list[int]:
        return [each.start_us for each in store.accounts("pool")]

    store.turn(10)
    store.reserve(order("whole#1", entry(limit=None)))
    store.reserve(order("whole#2", entry(limit=None, period=Span(10, 6000))))
    store.turn(4000)
    store.sweep()
    assert starts() == [0, 10]
    store = new(horizon_us=1000)
    store.turn(100)
    store.reserve(order("a#1", entry(limit=None), expires_after_us=HOUR_US))
    store.reserve(order("b#1", entry(limit=None, period=Span(100, 5000)), expires_after_us=HOUR_US))
    store.reserve(order("c#1", entry(limit=None, period=Span(50, 5000)), expires_after_us=HOUR_US))
    store.reserve(order("d#1", entry(limit=None, period=Span(60, 9000)), expires_after_us=HOUR_US))
    store.release("d#1")
    store.turn(5999)
    store.sweep()
    assert starts() == [0, 50, 60, 100]
    store.turn(7000)
    store.sweep()
    assert starts() == [0, 50, 60, 100], "something is held in the one, the other is not over"
    store.release("c#1")
    store.turn(9000)
    store.sweep()
    assert starts() == [0, 60, 100]
    store.turn(11_000)
    store.sweep()
    assert starts() == [0, 100]
    store.turn(10**9)
    store.sweep()
    assert starts() == [0, 100]


def test_a_grain_is_forgotten_when_no_window_reaches_it(new: type[ClockedStore]) -> None:
    """A rolling window longer than the horizon keeps its oldest grain; sessions go once another has begun."""
    store = new(horizon_us=10)
    rolling = Rolling(100, 50)
    for number in range(60):
        store.turn((number + 1) * 100)
        store.reserve(order(f"{number}#1", entry("rolling", limit=None, period=rolling), expires_after_us=0))
        store.reserve(order(f"{number}#2", entry("session", limit=None, period=Idle(50)), expires_after_us=0))
        store.sweep()
        (seen,) = store.look([entry("rolling", period=rolling)])  # type: ignore[misc]
        assert seen.settled == min(number + 1, 51)
    assert len(list(store.accounts("rolling"))) == 52
    assert len(list(store.accounts("session"))) <= 2


def test_a_clock_that_goes_back_gives_nothing_away(new: type[ClockedStore]) -> None:
    """A bucket is not drained for the same ticks twice, and a session does not end twice."""
    store = new()
    store.turn(1000)
    bucket = Bucket(1, 100)
    for number in range(8):
        store.reserve(order(f"{number}#1", entry(period=bucket), expires_after_us=HOUR_US))
    store.turn(1300)
    store.settle("0#1", {"pool": 1})
    assert balance_of(store, "pool").settled == 5
    for now in (1100, 1300, 1000, 1300):
        store.turn(now)
        store.settle(f"{now % 7}#1", {"pool": 1})
        store.reserve(order(f"again {now}#1", entry(amount=0, period=bucket)))
    assert balance_of(store, "pool").settled == 5
