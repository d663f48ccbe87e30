"""A simulated day: a policy, requests and outcomes drawn by a seed, under a clock that is moved by hand.

After each step the balances are compared with a fold of what was told, and the laws of pools are asked for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from copy import deepcopy
from random import Random
from typing import Any

import desk
from opentokenbudget.engine import Engine
from opentokenbudget.engine.holding import Hold, Observed, hold_of
from opentokenbudget.pools import Account, compile_pools
from opentokenbudget.pools.stores.memory import MemoryStore
from opentokenbudget.pricing import compile_catalog
from opentokenbudget.routing import Decision, FactTypes, compile_policy, declared_attributes
from store_orders import audit

YEAR_US = 366 * 86_400 * 1_000_000
STEPS = 24
CATALOG = compile_catalog(desk.catalog())
WINDOWS: list[dict[str, Any]] = [
    {"lifetime": True},
    {"calendar": "day", "timezone": "America/New_York"},
    {"calendar": "month", "timezone": "Asia/Kathmandu"},
    {"fixed": "PT3H", "anchor": "2026-01-01T00:00:00Z"},
    {"rolling": "PT1H", "grain": "PT5M"},
    {"bucket": {"refill": "2", "per": "PT1M"}},
    {"idle": "PT20M"},
]
LIMITS = {
    "cost": ["0", "0.01", "0.05", "1"],
    "tokens": [0, 1500, 9000],
    "requests": [1, 4, 12],
    "concurrent": [1, 3],
}


def policy_of(draw: Random) -> dict[str, Any]:
    """Return a policy with pools, without thresholds and downgrades; a plain pool and one with weights count alike."""
    pools = [_pool(draw, f"p{number}") for number in range(draw.randrange(1, 4))]
    twin = {"window": draw.choice(WINDOWS), "enforcement": "reserve", "on_store_failure": "closed"}
    amount = draw.choice([3000, 20_000])
    pools.append({"id": "plain", "limit": {"tokens": amount}, **twin})
    pools.append({"id": "weighted", "limit": {"value_tokens": str(amount)}, **twin})
    return desk.policy(pools=pools)


def _pool(draw: Random, name: str) -> dict[str, Any]:
    measure = draw.choice([*LIMITS, "cost"])
    enforcement = draw.choice(["reserve", "reserve", "reserve", "check", "soft", "shadow"])
    pool: dict[str, Any] = {
        "id": name,
        "limit": {measure: draw.choice([*LIMITS[measure], None])},
        "window": draw.choice(WINDOWS),
        "enforcement": enforcement,
        "on_store_failure": draw.choice(["open", "closed"]),
        "expires_after": draw.choice(["PT1M", "PT10M", "PT1H"]),
        "on_expiry": draw.choice(["charge", "release"]),
    }
    if draw.random() < 0.4:
        pool["partition_by"] = ["user"]
    if draw.random() < 0.3:
        pool["when"] = {"plan": draw.choice(["pro", "free"])}
    if enforcement in ("reserve", "check"):
        pool["at_limit"] = draw.choice(["deny", "queue"])
    if draw.random() < 0.2:
        pool["guarantees"] = [{"when": {"plan": "pro"}, "share": "0.25"}]
    if pool["window"].keys() & {"calendar", "fixed"} and draw.random() < 0.4:
        pool |= {"rollover": {"cap": draw.choice([None, "5"])}, "carry_overrun": draw.random() < 0.5}
    return pool


def engine_of(data: Mapping[str, Any], store: MemoryStore, clock: Any) -> Engine:
    """Return an engine for a policy that is in order."""
    pools = compile_pools(data, FactTypes.of(declared_attributes(data), CATALOG).request)
    policy = compile_policy(data, catalog=CATALOG, reads=pools.uses)
    return Engine(policy, clock=clock, seed="s", pools=pools, store=store)


class Simulation:
    """One seed.

    Attributes:
        figures: what was done, and how often each law was asked for.
    """

    def __init__(self, seed: int) -> None:
        self.figures: Counter[str] = Counter(seeds=1)
        self._draw = Random(f"pools/{seed}")
        self._now = desk.AT + self._draw.randrange(86_400) * 10**9
        self.data = policy_of(self._draw)
        self._store = MemoryStore(self._clock, YEAR_US)
        self._engine = engine_of(self.data, self._store, self._clock)
        self._going: list[Decision] = []
        self._ended: list[tuple[Decision, dict[str, Any]]] = []
        self._overrun: Counter[str] = Counter()

    def run(self) -> Counter[str]:
        """Take all steps, wait until everything has expired, and return the figures."""
        for number in range(STEPS):
            self._step(number)
            self._agrees()
        self._now += 2 * 3600 * 10**9
        self._store.sweep()
        self._agrees()
        assert all(known.state != "open" for known in self._store.reservations())
        assert all(each.balance.reserved == 0 for each in self._store.accounts())
        states = Counter(known.state for known in self._store.reservations())
        self.figures.update({f"reservations_{state}": count for state, count in states.items()})
        return self.figures

    def _clock(self) -> int:
        return self._now

    def _step(self, number: int) -> None:
        self.figures["steps"] += 1
        draw = self._draw
        self._now += draw.choice([0, 1, 30, 300, 4000, 50_000]) * 10**9 if draw.random() < 0.5 else 10**6
        self._store.sweep()
        act = draw.choice(["decide", "decide", "decide", "settle", "settle", "end", "again", "next"])
        if act == "decide" or not self._going:
            self._decide(f"r{number}")
        elif act == "settle":
            self._settle(self._going.pop(draw.randrange(len(self._going))))
        elif act == "end":
            self._engine.release(self._going.pop(draw.randrange(len(self._going))))
        elif act == "next":
            # The attempt that failed is given back, and another one takes its place.
            place = draw.randrange(len(self._going))
            following = self._engine.next(self._going[place], error="unavailable")
            self._going.pop(place)
            if following.action == "allow" and hold_of(following.made) is not None and not following.final:
                self._going.append(following)
        else:
            self._again()

    def _decide(self, name: str) -> None:
        draw = self._draw
        request = {
            "id": name,
            "attributes": {"user": draw.choice(["u", "v"]), "plan": draw.choice(["pro", "free"])},
            "input_tokens": draw.choice([0, 100, 900]),
            "max_output_tokens": draw.choice([1, 50, 800]),
        }
        self._other_limits(request)
        before = self._balances()
        decision = self._engine.decide(request)
        self._notes_are_right(decision)
        if decision.action != "allow":
            self.figures["refusals_that_changed_nothing"] += 1
            assert self._balances() == before
            return
        hold = hold_of(decision.made)
        assert isinstance(hold, Hold)
        # In all balances, or in none.
        (known,) = [each for each in self._store.reservations() if each.id == hold.id]
        assert [held.account for held in known.held] == [charge.entry.account for charge in hold.charges]
        self.figures["reservations"] += 1
        self._going.append(decision)

    def _notes_are_right(self, decision: Decision) -> None:
        """Assert that what was admitted had room in every pool that reserves, and what was refused lacked it."""
        assert isinstance(decision.observed, Observed)
        for note in decision.observed.notes:
            charge, seen, reason = note.charge, note.seen, note.reason
            entry = charge.entry
            if entry.limit is None or seen is None or entry.gate == "open":
                continue
            used = seen.settled + (seen.reserved if entry.gate == "reserve" else 0)
            fits = used + entry.amount <= entry.limit + seen.granted or entry.amount == 0
            assert fits is (reason == "held"), (charge, seen, reason)
            self.figures["admissions_checked"] += 1

    def _settle(self, decision: Decision) -> None:
        draw = self._draw
        attempt, hold = decision.attempts[-1], hold_of(decision.made)
        assert isinstance(hold, Hold)
        factor = 2 if draw.random() < 0.15 else 1
        usage = {
            "input": draw.randrange(decision.request.input_tokens * factor + 1),
            "output": draw.randrange(attempt.output_limit * factor + 1),
        }
        (known,) = [each for each in self._store.reservations() if each.id == hold.id]
        record = self._engine.settle(decision, usage=usage)
        (after,) = [each for each in self._store.reservations() if each.id == hold.id]
        # In the window in which it was made.
        assert [(one.account, one.start_us) for one in known.held] == [
            (one.account, one.start_us) for one in after.held
        ]
        for one, two in zip(known.held, after.held, strict=True):
            charged = two.charged or 0
            if known.state == "open":
                self._overrun[one.account] += max(0, charged - one.amount)
            else:
                self._overrun[one.account] += charged - (one.charged or 0)
            assert charged >= 0
        self.figures[f"settlements_{record.ending.status}"] += 1
        self._ended.append((decision, usage))

    def _again(self) -> None:
        """Settle again what was settled: nothing is charged twice, whatever is said."""
        if not self._ended:
            return
        decision, usage = self._draw.choice(self._ended)
        before = self._balances()
        status = self._engine.settle(decision, usage=usage).ending.status
        assert status == "replayed", status
        status = self._engine.settle(decision, usage={"input": 7777}).ending.status
        assert self._balances() == before or status == "late", status
        self.figures["settlements_again"] += 2

    def _other_limits(self, request: dict[str, Any]) -> None:
        """Assert that from here higher limits, and pools in another order, never turn `allow` into something else."""
        if self._draw.random() > 0.3:
            return
        higher = deepcopy(self.data)
        for pool in higher["pools"]:
            ((measure, amount),) = pool["limit"].items()
            if amount is not None and self._draw.random() < 0.7:
                pool["limit"] = {
                    measure: str(int(float(amount)) + 3) if isinstance(amount, str) else amount * 2 + 1
                }
        turned = {**self.data, "pools": list(reversed(self.data["pools"]))}
        found = []
        for data in (self.data, higher, turned):
            store = MemoryStore(self._clock, YEAR_US)
            store._books = deepcopy(self._store._books)
            found.append(engine_of(data, store, self._clock).decide(request).action)
        assert found[0] != "allow" or found[1] == "allow", (request, found)
        assert (found[0] == "allow") is (found[2] == "allow"), (request, found)
        self.figures["higher_limits_tried"] += 1

    def _balances(self) -> list[Account]:
        return list(self._store.accounts())

    def _agrees(self) -> None:
        """Assert that counters are the fold of the log, overrun is what was told, and weight 1 is plain."""
        self._store.sweep()
        audit(self._store)
        overrun: Counter[str] = Counter()
        plain, weighted = [], []
        for each in self._store.accounts():
            overrun[each.name] += each.balance.overrun
            assert each.balance.reserved >= 0
            assert each.balance.settled >= 0
            if each.name == "desk/plain":
                plain.append((each.start_us, each.balance))
            if each.name == "desk/weighted":
                weighted.append((each.start_us, each.balance))
        assert +overrun == +self._overrun
        assert plain == weighted
        self.figures["states_checked"] += 1
