"""Histories on one balance, and whether some order of their operations explains all answers (Wing and Gong's search).

The order must respect who had ended before whom began; the plain rules of a balance say what each is answered.

Source: Wing and Gong, Testing and Verifying Concurrent Objects, 1993.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from random import Random
from threading import Barrier
from time import monotonic_ns, sleep
from typing import Any, NamedTuple

from opentokenbudget.pools.orders import Refused, Reserved
from opentokenbudget.pools.stores.store import Store
from store_orders import entry, order

LIMIT = 10
CLIENTS = 4
STEPS = 6


class Operation(NamedTuple):
    """What was asked, when, and what was answered."""

    begun: int
    ended: int
    name: str
    id: str
    amount: int
    answer: tuple[Any, ...]


class State(NamedTuple):
    """A balance, and what each id holds: an amount, or how it ended."""

    settled: int = 0
    reserved: int = 0
    ids: frozenset[tuple[str, str | int]] = frozenset()


def apply(state: State, operation: Operation) -> tuple[State, tuple[Any, ...]]:
    """Return the state after `operation`, and what it must have been answered."""
    settled, reserved, ids = state
    name, id_, amount = operation.name, operation.id, operation.amount
    known = dict(ids)
    before = known.get(id_)
    if name == "look":
        return state, ("seen", settled, reserved)
    if name == "reserve":
        if before is not None:
            return state, ("replayed",)
        if settled + reserved + amount > LIMIT:
            return state, ("refused", settled, reserved)
        known[id_] = amount
        return State(settled, reserved + amount, frozenset(known.items())), ("held", settled, reserved)
    if before is None:
        return state, ("unknown",)
    if isinstance(before, str):
        ending = f"settled {amount}" if name == "settle" else "released"
        if name == "settle" and before.startswith("released"):
            # Nothing of the kind is asked: who releases an id settles it never.
            raise AssertionError("a late settlement")
        return state, ("replayed",) if before == ending else ("conflict",)
    known[id_] = f"settled {amount}" if name == "settle" else "released"
    charged = amount if name == "settle" else 0
    after = State(settled + charged, reserved - before, frozenset(known.items()))
    return after, ("settled" if name == "settle" else "released",)


def is_linearizable(history: Sequence[Operation]) -> bool:
    """Return whether some order explains `history`."""
    full = (1 << len(history)) - 1
    tried = {(0, State())}
    stack = [(0, State())]
    while stack:
        done, state = stack.pop()
        if done == full:
            return True
        waiting = [place for place in range(len(history)) if not done >> place & 1]
        first_end = min(history[place].ended for place in waiting)
        for place in waiting:
            operation = history[place]
            if operation.begun > first_end:
                continue
            after, answer = apply(state, operation)
            following = (done | 1 << place, after)
            if answer == operation.answer and following not in tried:
                tried.add(following)
                stack.append(following)
    return False


def history_of(
    stores: Sequence[Store], account: str, seed: str, *, is_naive: bool = False, clients: int = CLIENTS
) -> list[Operation]:
    """Return what clients asked of one balance, each through a store of its own, and what they were told.

    They step together, so that what they ask overlaps.
    """
    gate = Barrier(clients)

    def act(place: int) -> list[Operation]:
        draw, store, own, found = Random(f"{seed}/{place}"), stores[place % len(stores)], [], []
        try:
            for step in range(STEPS):
                name, id_, amount = _drawn(draw, f"{account}/{place}.{step}#1", own)
                gate.wait()
                begun = monotonic_ns()
                answer = _asked(store, account, name, id_, amount, is_naive)
                found.append(Operation(begun, monotonic_ns(), name, id_, amount, answer))
        except BaseException:
            gate.abort()
            raise
        return found

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(clients) as pool:
            return [operation for found in pool.map(act, range(clients)) for operation in found]
    finally:
        sys.setswitchinterval(interval)


def _drawn(draw: Random, new: str, own: list[str]) -> tuple[str, str, int]:
    """Return an operation; what a client has reserved it may reserve again, settle or release."""
    name = draw.choice(["reserve", "reserve", "look", "end", "end"])
    if name == "look":
        return name, "", 0
    if name == "reserve" or not own:
        own.append(new if not own or draw.random() < 0.8 else draw.choice(own))
        # An amount that goes with the id: it is asked again with the same.
        return "reserve", own[-1], 1 + sum(own[-1].encode()) % 4
    id_ = own[draw.randrange(len(own))]
    is_settled = sum(id_.encode()) % 3 > 0
    return ("settle", id_, sum(id_.encode()) % 2) if is_settled else ("release", id_, 0)


def _asked(store: Store, account: str, name: str, id_: str, amount: int, is_naive: bool) -> tuple[Any, ...]:
    if name == "look":
        seen = store.look([entry(account, 0, LIMIT)])
        assert isinstance(seen, tuple)
        return ("seen", seen[0].settled, seen[0].reserved)
    if name == "settle":
        return (store.settle(id_, {account: amount}).status,)
    if name == "release":
        return (store.release(id_).status,)
    if is_naive:
        return _reserved_naively(store, account, id_, amount)
    answer = store.reserve(order(id_, entry(account, amount, LIMIT)))
    if isinstance(answer, Refused):
        return ("refused", answer.refusals[0].settled, answer.refusals[0].reserved)
    assert isinstance(answer, Reserved)
    if answer.replayed:
        return ("replayed",)
    return ("held", answer.seen[0].settled, answer.seen[0].reserved)


def _reserved_naively(store: Store, account: str, id_: str, amount: int) -> tuple[Any, ...]:
    """First look, then add without a condition, and answer by what was seen; for one client alone that is right."""
    if store.extend(id_, 0).status != "unknown":
        return ("replayed",)
    seen = store.look([entry(account, 0, LIMIT)])
    # Others have their turn between the look and the deed, as they have where a network lies between.
    sleep(0)
    assert isinstance(seen, tuple)
    if seen[0].settled + seen[0].reserved + amount > LIMIT:
        return ("refused", seen[0].settled, seen[0].reserved)
    answer = store.reserve(order(id_, entry(account, amount, LIMIT, gate="open")))
    assert isinstance(answer, Reserved)
    return ("held", seen[0].settled, seen[0].reserved)
