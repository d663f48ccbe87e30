"""Histories: what many threads asked of one ledger and what they were told, replayed by the plain ledger.

Where every operation is done as a whole, the answers are those of one thread that asks in the order of the instants.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from random import Random
from typing import Any, NamedTuple

from msgspec.structs import replace

from opentokenbudget.pools import ledger
from opentokenbudget.pools.orders import Entry, Reserved, Rolling
from opentokenbudget.pools.stores.store import Store
from store_machine import PlainBooks
from store_orders import HOUR_US, audit, entry, now_of, order


class Event(NamedTuple):
    """One operation, and its answer."""

    at_us: int
    operation: str
    asked: tuple[Any, ...]
    answer: Any


def history_of(stores: Sequence[Store], seed: int, threads: int = 8, steps: int = 60) -> list[Event]:
    """Return what `threads` asked of one ledger through `stores`, in the order of the instants.

    The windows are such that it makes no difference at which instant something that is due is ended.
    """

    def act(place: int) -> list[Event]:
        draw, store, found = Random(f"{seed}-{place}"), stores[place % len(stores)], []
        for _ in range(steps):
            operation = draw.choice(["reserve", "reserve", "settle", "release", "extend"])
            asked = _drawn(draw, operation)
            answer = getattr(store, operation)(*asked)
            found.append(Event(answer.at_us, operation, asked, answer))
        return found

    with ThreadPoolExecutor(threads) as pool:
        return sorted(
            (event for found in pool.map(act, range(threads)) for event in found), key=lambda e: e.at_us
        )


def assert_ledger_says_so(history: list[Event], store: Store) -> None:
    """Assert that the plain ledger, asked the same at the same instants, answers the same and ends with the same."""
    books = PlainBooks()
    for event in history:
        expected = getattr(ledger, event.operation)(books, *event.asked, event.at_us)
        if isinstance(expected, Reserved) and expected.replayed and isinstance(event.answer, Reserved):
            expected = replace(expected, expires_us=event.answer.expires_us)
        assert event.answer == expected, event
    ledger.expire(books, now_of(store))
    store.sweep()
    assert {(each.name, each.start_us): _figures(each.balance) for each in store.accounts()} == {
        where: _figures(balance) for where, balance in books.windows.items()
    }
    assert {each.id: each.state for each in store.reservations()} == {
        each.id: each.state for each in books.kept.values()
    }
    audit(store)


def _drawn(draw: Random, operation: str) -> tuple[Any, ...]:
    id_ = str(draw.randrange(20))
    if operation == "reserve":
        entries = [
            _drawn_entry(draw, name) for name in draw.sample(["a", "b", "c", "d"], draw.randrange(1, 4))
        ]
        life = draw.choice([0, 500, 2000, HOUR_US])
        return (order(id_, *entries, digest=draw.choice("xy"), expires_after_us=life),)
    if operation == "settle":
        return (id_, {"a": draw.choice([0, 3, 9])})
    return (id_, draw.choice([0, 1000, HOUR_US])) if operation == "extend" else (id_,)


def _drawn_entry(draw: Random, name: str) -> Entry:
    gate, on_expiry = draw.choice(["reserve", "check", "open"]), draw.choice(["charge", "release"])
    amount, limit = draw.choice([1, 5]), draw.choice([8, 12, None])
    if draw.random() < 0.5:
        return entry(name, amount, limit, gate=gate, on_expiry=on_expiry)
    return entry(f"{name}/rolling", amount, limit, gate=gate, on_expiry=on_expiry, period=Rolling(HOUR_US, 2))


def _figures(balance: Any) -> tuple[int, int, int]:
    return balance.settled, balance.reserved, balance.overrun
