"""What spenders do, in processes of a crew or in threads: races for a limit, and spending until somebody ends it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from itertools import count
from random import Random
from time import sleep
from typing import Any

from opentokenbudget.pools.orders import Order, Refused, Reserved
from opentokenbudget.pools.stores.store import Store, StoreUnavailable
from store_orders import PICO, entry, order

LIMIT = 1000 * PICO
LIFE_US = 700_000
BOUND = 100
"""Of a spender's orders; what it uses of it depends on the number, see `used`."""

Say = Callable[[str], None]

SHAPES: Mapping[str, tuple[float, float]] = {
    "a twentieth each": (0.05, 1),
    "all at once": (1, 1),
    "a hundredth, all used": (0.01, 1),
    "a hundredth, a twentieth of it used": (0.01, 0.05),
}
"""Races: the bound as a share of the limit, and how much of the bound is used."""


def race(
    store: Store, say: Say, *, name: str, account: str, shape: str, calls: int, seed: str, naive: bool = False
) -> None:
    """Spend from `account` with at most `calls` operations, and say what came of it.

    In a race of a shape the spender goes on until nothing is held by anybody and nothing fits.

    Args:
        naive: first look, then add without a condition: what a ledger without transactions does.
    """
    draw = Random(f"{seed}/{account}/{name}")
    done = held = charged = left = highest = 0
    for number in count():
        if done >= calls:
            break
        bound, use = _drawn(draw, shape)
        id_ = f"{account}/{name}-{number}#1"
        answer = (_naive if naive else _sound)(store, order(id_, entry(account, bound, LIMIT)))
        done += 2 if naive else 1
        if answer is None or isinstance(answer, Refused):
            is_idle = answer is None or answer.refusals[0].reserved == 0
            if shape in SHAPES and is_idle:
                break
            continue
        assert isinstance(answer, Reserved)
        (seen,) = answer.seen
        held += 1
        highest = max(highest, seen.settled + seen.reserved + bound)
        if use is None:
            left += bound
            continue
        ended = store.settle(id_, {account: use}) if use else store.release(id_)
        assert ended.status in ("settled", "released"), ended
        charged += use
        done += 1
    say(json.dumps({"calls": done, "held": held, "charged": charged, "left": left, "highest": highest}))


def _drawn(draw: Random, shape: str) -> tuple[int, int | None]:
    """Return a bound and what is used of it; None where the reservation is never ended."""
    if shape in SHAPES:
        share, used = SHAPES[shape]
        bound = int(LIMIT * share)
        return bound, int(bound * used)
    bound = draw.randrange(1, LIMIT // 40)
    ending = draw.random()
    if ending < 0.03:
        return bound, None
    return bound, 0 if ending < 0.2 else draw.randrange(1, bound + 1)


def _sound(store: Store, asked: Order) -> Any:
    return store.reserve(asked)


def _naive(store: Store, asked: Order) -> Any:
    (wanted,) = asked.entries
    seen = store.look([wanted])
    # Others have their turn between the look and the deed, as they have where a network lies between.
    sleep(0)
    assert isinstance(seen, tuple)
    assert wanted.limit is not None
    if seen[0].settled + seen[0].reserved + wanted.amount > wanted.limit:
        return None
    return store.reserve(order(asked.id, entry(wanted.account, wanted.amount, wanted.limit, gate="open")))


def spend(store: Store, say: Say, *, name: str) -> None:
    """Spend until somebody ends it: say what is begun, and what was acknowledged."""
    try:
        for number in count():
            id_ = f"{name}-{number}#1"
            say(f"reserve {id_}")
            answer = store.reserve(spent(name, id_))
            assert isinstance(answer, Reserved)
            say("held")
            if number % 4 == 3:
                continue
            say(f"end {id_}")
            say(ended(store, name, id_))
    except StoreUnavailable:
        say("gone")


def spent(name: str, id_: str) -> Order:
    """Return an order of a spender: from a pool of all and one of its own."""
    entries = (entry("root", BOUND, None), entry(f"own-{name}", BOUND, None, on_expiry="release"))
    return order(id_, *entries, expires_after_us=LIFE_US)


def used(id_: str) -> int:
    """Return what an order of a spender uses: nothing, a part or more than its bound."""
    return (0, 37, 120, 0)[number_of(id_) % 4]


def number_of(id_: str) -> int:
    """Return the number of an order."""
    return int(id_.rpartition("-")[2].removesuffix("#1"))


def ended(store: Store, name: str, id_: str) -> str:
    """End an order of a spender and return the status."""
    actual = used(id_)
    return (
        store.settle(id_, {"root": actual, f"own-{name}": actual}) if actual else store.release(id_)
    ).status


JOBS: Mapping[str, Callable[..., None]] = {"race": race, "spend": spend}
