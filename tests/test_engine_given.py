"""What callers give the engine beside a request: refused before anything is done, or done as a whole."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import desk
from opentokenbudget import open_engine
from opentokenbudget.engine import AsyncEngine, Call, Engine
from opentokenbudget.pools import Order
from opentokenbudget.pools.stores.memory import MemoryStore
from opentokenbudget.problems import ProblemError

POOL: dict[str, Any] = {
    "id": "all",
    "limit": {"requests": 5},
    "window": {"lifetime": True},
    "enforcement": "reserve",
    "on_store_failure": "closed",
}
REQUEST = {"id": "r", "attributes": {"user": "u"}, "input_tokens": 100, "max_output_tokens": 10}
USAGE = {"input": 100, "output": 10}


@pytest.fixture
def engine_of(tmp_path: Path) -> Callable[..., Engine]:
    """An engine with a policy of one pool, in memory."""
    return lambda **changed: open_engine(desk.written(tmp_path, pools=[{**POOL, **changed}]), seed="s")


def balance_of(engine: Engine) -> tuple[int, int]:
    """Return how many requests are settled and reserved."""
    ((settled, reserved),) = [
        (each.balance.settled // 10**12, each.balance.reserved // 10**12) for each in engine.accounts()
    ]
    return settled, reserved


def codes(refused: pytest.ExceptionInfo[ProblemError]) -> list[tuple[str, str]]:
    """Return code and pointer of each problem."""
    return [(problem.code, problem.pointer) for problem in refused.value.problems]


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({"error": "zzz"}, ("bad-outcome", "/error")),
        ({"error": 5}, ("bad-outcome", "/error")),
        ({"score": "x"}, ("bad-outcome", "/score")),
        ({"score": 5}, ("bad-outcome", "/score")),
        ({"usage_source": "zzz"}, ("not-one-of", "/usage_source")),
        ({"served": 5}, ("wrong-type", "/served")),
        ({"context": 5}, ("wrong-type", "/context")),
        ({"context": {"tier": 5}}, ("wrong-type", "/context")),
        ({"ended_at": "yesterday"}, ("bad-instant", "/ended_at")),
        ({"ended_at": -(10**40)}, ("bad-instant", "/ended_at")),
        ({"ended_at": 1.5}, ("bad-instant", "/ended_at")),
    ],
)
def test_what_no_record_can_hold_settles_nothing(
    engine_of: Callable[..., Engine], told: dict[str, Any], expected: tuple[str, str]
) -> None:
    """A settlement that is told something that no record can say is refused, and the reservation stands."""
    engine = engine_of()
    decision = engine.decide(REQUEST)
    with pytest.raises(ProblemError) as refused:
        engine.settle(decision, usage=USAGE, **told)
    assert codes(refused) == [expected]
    assert balance_of(engine) == (0, 1)


@pytest.mark.parametrize("at", [1.5, float("nan"), 10**30, -(10**30), True, "today", []])
def test_an_instant_is_an_instant(engine_of: Callable[..., Engine], at: Any) -> None:
    """`at` is RFC 3339 or an integer within the years 1 to 9999."""
    engine = engine_of()
    with pytest.raises(ProblemError) as refused:
        engine.decide(REQUEST, at=at)
    assert codes(refused) == [("bad-instant", "/at")]
    decision = engine.decide(REQUEST)
    with pytest.raises(ProblemError) as refused:
        engine.next(decision, error="timeout", at=at)
    assert codes(refused) == [("bad-instant", "/at")]


@pytest.mark.parametrize("seconds", [0, -1, 1.5, float("inf"), True, "60", None, 36_525 * 86_400 + 1])
def test_a_reservation_lives_for_whole_seconds(engine_of: Callable[..., Engine], seconds: Any) -> None:
    """`extend` takes whole seconds from one to a hundred years, and changes nothing otherwise."""
    engine = engine_of()
    decision = engine.decide(REQUEST)
    (before,) = engine.store.reservations()
    with pytest.raises(ProblemError) as refused:
        engine.extend(decision, seconds)
    assert codes(refused) == [("out-of-range", "/seconds")]
    assert list(engine.store.reservations()) == [before]
    assert engine.extend(decision, 36_525 * 86_400) is not None


@pytest.mark.parametrize(
    ("window", "at"),
    [
        ({"calendar": "month", "timezone": "America/New_York"}, "0001-01-01T00:00:00Z"),
        ({"calendar": "day"}, "9999-12-31T23:00:00Z"),
        ({"calendar": "year"}, "9999-01-31T23:00:00Z"),
        ({"calendar": "week"}, "9999-12-31T23:00:00Z"),
    ],
)
def test_a_window_beyond_the_calendar_is_a_problem(
    engine_of: Callable[..., Engine], window: dict[str, str], at: str
) -> None:
    """Where a window leaves the years 1 to 9999, the instant is refused, and the next request is served."""
    engine = engine_of(window=window)
    with pytest.raises(ProblemError) as refused:
        engine.decide({**REQUEST, "at": at})
    assert codes(refused) == [("bad-instant", "/at")]
    assert engine.decide({**REQUEST, "id": "s"}).action == "allow"


def test_a_settlement_that_fails_in_a_call_keeps_its_hold(engine_of: Callable[..., Engine]) -> None:
    """There was an answer, whose usage contradicts itself: what was held is not given back."""
    engine = engine_of()
    with pytest.raises(ProblemError), Call(engine, REQUEST) as call:
        call.settle(usage={"input": 1, "input.cache_read": 1000, "output": 1})
    assert balance_of(engine) == (0, 1)
    with pytest.raises(ProblemError), Call(engine, {**REQUEST, "id": "s"}) as call:
        call.next(error="zzz")
    assert balance_of(engine) == (0, 2)


@pytest.mark.parametrize("raised", [GeneratorExit, KeyboardInterrupt, asyncio.CancelledError, TimeoutError])
def test_a_call_that_is_broken_off_keeps_its_hold(
    engine_of: Callable[..., Engine], raised: type[BaseException]
) -> None:
    """Whoever closes a stream or interrupts a call does not know whether the upstream worked."""
    engine = engine_of()
    with pytest.raises(raised), Call(engine, REQUEST):
        raise raised
    assert balance_of(engine) == (0, 1)


def test_what_a_cancelled_task_decided_is_given_back(engine_of: Callable[..., Engine]) -> None:
    """A task that is cancelled while the store answers leaves nothing held."""
    engine = engine_of()
    asked, answer = threading.Event(), threading.Event()

    class Slow(MemoryStore):
        def reserve(self, order: Order) -> Any:
            asked.set()
            answer.wait(30)
            return super().reserve(order)

    engine.store = Slow(lambda: 1_795_435_200_000_000_000)
    awaited = AsyncEngine(engine)

    async def cancelled() -> None:
        task = asyncio.ensure_future(awaited.decide(REQUEST))
        await asyncio.to_thread(asked.wait, 30)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        answer.set()
        while [each.state for each in engine.store.reservations()] != ["released"]:
            await asyncio.to_thread(lambda: None)
        assert balance_of(engine) == (0, 0)
        await awaited.close()

    asyncio.run(asyncio.wait_for(cancelled(), 30))


def test_what_another_holds_is_not_given_back(engine_of: Callable[..., Engine]) -> None:
    """A task that asks again what somebody else asked, and is cancelled, leaves the hold of the other alone."""
    engine = engine_of()
    held = engine.decide(REQUEST)
    asked, answer, returned = threading.Event(), threading.Event(), threading.Event()
    reserve = engine.store.reserve

    def slow(order: Order) -> Any:
        asked.set()
        answer.wait(30)
        try:
            return reserve(order)
        finally:
            returned.set()

    engine.store.reserve = slow
    awaited = AsyncEngine(engine)

    async def cancelled() -> None:
        task = asyncio.ensure_future(awaited.decide(REQUEST))
        await asyncio.to_thread(asked.wait, 30)
        task.cancel()
        answer.set()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.to_thread(returned.wait, 30)
        # Time enough for what would follow.
        for _ in range(20):
            await asyncio.to_thread(lambda: None)

    asyncio.run(asyncio.wait_for(cancelled(), 30))
    assert balance_of(engine) == (0, 1)
    assert engine.settle(held, usage=USAGE).ending.status == "settled"
