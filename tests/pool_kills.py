"""What is left when spenders or their server are killed: compared with what had been acknowledged."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from opentokenbudget.pools.orders import Reserved
from opentokenbudget.pools.stores.store import Store
from pool_jobs import BOUND, ended, spent, used
from store_orders import audit


class Told(NamedTuple):
    """What one spender was told before it ended, or its server did.

    Attributes:
        held: the orders whose reservation was acknowledged.
        ended: the status of each whose end was acknowledged.
        open: what was begun and not acknowledged, `reserve` or `end` and the order; None when nothing was.
    """

    name: str
    held: list[str]
    ended: dict[str, str]
    open: tuple[str, str] | None


def told_of(name: str, lines: Iterable[str]) -> Told:
    """Return what the lines of a spender say."""
    told = Told(name, [], {}, None)
    begun: tuple[str, str] | None = None
    for line in lines:
        assert not line.startswith("failed"), line
        word, _, id_ = line.partition(" ")
        if id_:
            begun = (word, id_)
        elif word == "held" and begun is not None:
            told.held.append(begun[1])
            begun = None
        elif word != "gone" and begun is not None:
            told.ended[begun[1]] = word
            begun = None
    return told._replace(open=begun)


def lost(store: Store, told: Iterable[Told]) -> int:
    """Return how many acknowledgements the store knows nothing of."""
    states = {known.id: known.state for known in store.reservations()}
    count = 0
    for each in told:
        count += sum(id_ not in states for id_ in each.held)
        for id_, status in each.ended.items():
            after = "expired" if status == "expired" else "late" if status == "late" else None
            expected = after or ("settled" if used(id_) else "released")
            count += states.get(id_) != expected
    return count


def go_on(store: Store, told: Iterable[Told]) -> int:
    """Ask again, by the same ids, for all that was under way; return how much of it had been done."""
    done = 0
    for each in told:
        if each.open is None:
            continue
        word, id_ = each.open
        if word == "reserve":
            answer = store.reserve(spent(each.name, id_))
            assert isinstance(answer, Reserved)
            done += answer.replayed
        else:
            status = ended(store, each.name, id_)
            assert status in ("settled", "released", "replayed", "late", "expired"), status
            done += status == "replayed"
    return done


def wait_for_the_end(store: Store) -> int:
    """Return how many reservations nobody ended: they expire while the store's clock goes on."""
    dangling = sum(known.state == "open" for known in store.reservations())
    while any(each.balance.reserved for each in store.accounts("root")):
        store.sweep()
    return dangling


def assert_exact(store: Store) -> int:
    """Assert that each order was charged once, by its own end, and that the balances say so; return their number."""
    audit(store)
    settled: dict[str, int] = {}
    orders = 0
    for known in store.reservations():
        orders += 1
        actual = used(known.id)
        for held in known.held:
            # `root` charges what expires, a spender's own pool gives it back.
            bound = BOUND if held.on_expiry == "charge" else 0
            expected = {
                "settled": actual,
                "released": 0,
                "expired": bound,
                "late": max(bound, actual),
            }[known.state]
            assert held.charged == expected, known
            settled[held.account] = settled.get(held.account, 0) + expected
    balances = {each.name: each.balance for each in store.accounts()}
    assert {name: balance.settled for name, balance in balances.items()} == settled
    assert {balance.reserved for balance in balances.values()} == {0}
    return orders
