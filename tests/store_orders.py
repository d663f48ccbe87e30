"""Orders for stores, and what can be asked of one."""

from __future__ import annotations

from collections import Counter
from typing import Any

from opentokenbudget.pools.balances import Balance
from opentokenbudget.pools.orders import Entry, Order, Refused, Rolling, Span
from opentokenbudget.pools.stores.store import Store

ALWAYS = Span(0, None)
HOUR_US = 3600 * 1_000_000
PICO = 10**12
LARGEST = 10**9 * PICO


def entry(account: str = "pool", amount: int = 1, limit: int | None = 10, **more: Any) -> Entry:
    """Return an entry that most tests can use."""
    return Entry(account, amount, limit, more.pop("gate", "reserve"), more.pop("period", ALWAYS), **more)


def order(
    id_: str, *entries: Entry, digest: str = "d", expires_after_us: int = HOUR_US, **more: Any
) -> Order:
    """Return an order that lives for an hour."""
    return Order(id_, digest, entries, expires_after_us, **more)


def now_of(store: Store) -> int:
    """Return the store's own instant."""
    answer = store.reserve(order("now", entry("now", 1, 0)))
    assert isinstance(answer, Refused)
    return answer.at_us


def balance_of(store: Store, account: str) -> Balance:
    """Return the only window of `account`."""
    (found,) = [each.balance for each in store.accounts(account) if each.name == account]
    return found


def audit(store: Store) -> None:
    """Assert that every balance is the sum over the reservations that are remembered; buckets apart, which drain."""
    settled: Counter[tuple[str, int]] = Counter()
    reserved: Counter[tuple[str, int]] = Counter()
    buckets = set()
    for known in store.reservations():
        for held in known.held:
            where = (held.account, held.start_us)
            if held.bucket is not None:
                buckets.add(where)
            settled[where] += held.charged or 0
            reserved[where] += held.amount if known.state == "open" and held.gate != "check" else 0
    for each in store.accounts():
        where = (each.name, each.start_us)
        if where not in buckets:
            assert (each.balance.settled, each.balance.reserved) == (settled[where], reserved[where]), where


def spends_in_grains(store: Store, now: list[int]) -> list[int]:
    """Spend 4 on two days, look at all on a third, and return what a window of thirty days counts on a fourth.

    Args:
        now: the store's clock in nanoseconds, which this moves.
    """
    day_us = 24 * HOUR_US
    asked = entry(amount=4, period=Rolling(day_us, 30))
    for day in (1, 5):
        now[0] = day * day_us * 1000
        store.reserve(order(f"{day}#1", asked))
        store.settle(f"{day}#1", {"pool": 4})
    now[0] = 10 * day_us * 1000
    store.sweep()
    now[0] = 11 * day_us * 1000
    seen = store.look([asked])
    return [each.settled for each in seen] if isinstance(seen, tuple) else []
