"""The engine with pools: what it answers to those who call it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import desk
from opentokenbudget import open_engine
from opentokenbudget.engine import AsyncEngine, Call, Engine
from opentokenbudget.pools import StoreUnfit
from opentokenbudget.pools.stores.memory import MemoryStore

POOL: dict[str, Any] = {
    "id": "all",
    "limit": {"requests": 2},
    "window": {"lifetime": True},
    "enforcement": "reserve",
    "on_store_failure": "closed",
}
SLOTS = {**POOL, "limit": {"concurrent": 1}}
USAGE = {"input": 100, "output": 10}


def request(number: int) -> dict[str, Any]:
    """Return a request of its own."""
    return {"id": f"r{number}", "attributes": {"user": "u"}, "input_tokens": 100, "max_output_tokens": 10}


@pytest.fixture
def engine_of(tmp_path: Path) -> Callable[..., Engine]:
    """An engine with a policy of these pools, in memory."""

    def opened(*pools: dict[str, Any]) -> Engine:
        return open_engine(desk.written(tmp_path, pools=list(pools)), seed="s")

    return opened


def reserved(engine: Engine) -> int:
    """Return how much is reserved, in units of 10⁻¹²."""
    return sum(account.balance.reserved for account in engine.accounts())


def test_twenty_at_once_of_which_two_fit_are_two(engine_of: Callable[..., Engine]) -> None:
    """However many ask before any has settled, no more are let through than fit."""
    engine = engine_of(POOL)
    actions = [engine.decide(request(number)).action for number in range(20)]
    assert actions == ["allow"] * 2 + ["deny"] * 18


def test_a_call_ends_what_it_began(engine_of: Callable[..., Engine]) -> None:
    """Settled within the `with` or not, the slot is free after it."""
    engine = engine_of(SLOTS)
    with Call(engine, request(1)) as call:
        assert call.allowed
        assert engine.decide(request(2)).action == "deny"
        call.settle(usage=USAGE)
    assert reserved(engine) == 0
    with Call(engine, request(3)):
        assert reserved(engine) > 0
    assert reserved(engine) == 0


def test_a_call_that_fails_gives_back(engine_of: Callable[..., Engine]) -> None:
    """An exception passes through, and what was held is free again."""
    engine = engine_of(SLOTS)
    with pytest.raises(ZeroDivisionError), Call(engine, request(1)):
        raise ZeroDivisionError
    assert reserved(engine) == 0
    assert engine.decide(request(2)).action == "allow"


def test_a_call_that_timed_out_keeps_its_hold(engine_of: Callable[..., Engine]) -> None:
    """The upstream may have worked: it is charged when it expires, or settled when more is known."""
    engine = engine_of(SLOTS)
    with pytest.raises(TimeoutError), Call(engine, request(1)):
        raise TimeoutError
    assert reserved(engine) > 0


def test_a_denied_call_has_nothing_to_end(engine_of: Callable[..., Engine]) -> None:
    """The block runs, and says by `allowed` that there is nothing to do."""
    engine = engine_of({**POOL, "limit": {"requests": 0}})
    with Call(engine, request(1)) as call:
        assert not call.allowed
    assert reserved(engine) == 0


def test_awaited_operations_answer_the_same(engine_of: Callable[..., Engine]) -> None:
    """Twenty tasks that decide at once are let through as far as there is room; what they settle is counted."""
    engine = AsyncEngine(engine_of({**POOL, "limit": {"requests": 7}}))

    async def one(number: int) -> str:
        decision = await engine.decide(request(number))
        if decision.action == "allow":
            await engine.settle(decision, usage=USAGE)
        return decision.action

    async def many() -> list[str]:
        return await asyncio.gather(*(one(number) for number in range(20)))

    actions = asyncio.run(many())
    assert (actions.count("allow"), actions.count("deny")) == (7, 13)


def test_a_store_that_may_forget_is_not_used_to_reserve(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a store says that it is unfit, pools with `reserve` are not opened on it."""

    class Forgetful(MemoryStore):
        def unfit_for_reserve(self) -> str | None:
            return "it forgets"

    monkeypatch.setattr(
        "opentokenbudget.opening.opener.open_store", lambda url, clock: Forgetful(time.time_ns)
    )
    with pytest.raises(StoreUnfit, match="it forgets"):
        open_engine(desk.written(tmp_path, pools=[POOL]))
    assert open_engine(desk.written(tmp_path, pools=[{**POOL, "enforcement": "check"}]))


def test_the_same_request_is_the_same_decision_after_a_restart(tmp_path: Path) -> None:
    """Another engine on the same store answers a retried request with the attempt that is held, and holds it once."""
    policy, url = desk.written(tmp_path, pools=[POOL]), f"sqlite:///{tmp_path / 'otb.db'}"
    first = open_engine(policy, store=url, seed="s")
    decided = first.decide(request(1)).as_json()
    first.close()
    second = open_engine(policy, store=url, seed="s")
    again = second.decide(request(1))
    assert again.as_json() | {"pools": None} == decided | {"pools": None}
    assert reserved(second) == 10**12
    second.settle(again, usage=USAGE)
    assert second.decide(request(1)).reasons[-1] == "already-ended"
    second.close()
