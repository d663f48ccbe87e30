"""The ledger in Redis: pairs of reserve and settle with a real server, beside a naive client and counters.

The server writes every change to a file before it answers (`appendonly yes`, `appendfsync no`). The naive client reads,
compares and writes; the counters are INCRBY and DECRBY. Neither knows ids, expiry, several pools at once or amounts
above 9 million; the naive client overshoots as soon as there are two.

Client and server work at the same time, so each wants a core of its own: where others use the machine, the figures of
many operations under way are those of one core for both.
"""

from __future__ import annotations

import multiprocessing
import sys
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from time import perf_counter

sys.path.insert(0, str(Path(__file__).parent.parent))

from rows import Row, show

from opentokenbudget.pools.orders import Entry, Order, Reserved, Span
from opentokenbudget.pools.stores.redis import RedisStore
from opentokenbudget.pools.stores.redis_links import Links, address_of
from opentokenbudget.pools.stores.redis_replies import answer_of, ended_of
from redis_server import RedisServer

GOAL_US = 25.0
DEPTH = 50
CLIENTS = 16
_BOUND, _ACTUAL, _LIMIT = 714_285_714_285, 571_428_571_428, 10**9 * 10**12
_NAMES = ("acme/root", "acme/team/a")
_NUMBERS = count()
_LIFE_US, _HORIZON_US = 600_000_000, 24 * 3600 * 1_000_000
# So short that each round looks after as many reservations of earlier ones, and forgets as many, as it makes.
_SHORT_US = 1_000_000


def order(id_: str, names: tuple[str, ...], life_us: int = _LIFE_US, limit: int = _LIMIT) -> Order:
    """Return an order as the engine gives it."""
    entries = tuple(Entry(name, _BOUND, limit, "reserve", Span(0, None)) for name in names)
    return Order(id_, "sha256:" + "a" * 64, entries, life_us, "", "acme", "0011.0010.0010~")


def ledger_streamed(store: RedisStore, names: tuple[str, ...], pairs: int, life_us: int = _LIFE_US) -> None:
    """Reserve and settle, 50 operations under way; each order is made, and each answer read."""
    ids = [f"{next(_NUMBERS):032x}#1" for _ in range(pairs)]
    orders = [order(id_, names, life_us) for id_ in ids]
    for asked, reply in zip(orders, store.stream(map(store.forms.reserve, orders), DEPTH), strict=True):
        assert isinstance(answer_of(asked, reply), Reserved)
    actuals = dict.fromkeys(names, _ACTUAL)
    for reply in store.stream((store.forms.settle(id_, actuals) for id_ in ids), DEPTH):
        assert ended_of(actuals, reply).charged == actuals


def ledger_alone(store: RedisStore, names: tuple[str, ...], pairs: int) -> None:
    """Reserve and settle, each when the one before has been answered."""
    actuals = dict.fromkeys(names, _ACTUAL)
    for _ in range(pairs):
        id_ = f"{next(_NUMBERS):032x}#1"
        assert isinstance(store.reserve(order(id_, names)), Reserved)
        assert store.settle(id_, actuals).charged == actuals


def counters(links: Links, names: tuple[str, ...], pairs: int, depth: int) -> None:
    """Add the bound, compare; add what was used, take the bound away."""
    bound, actual, limit = 714_285, 571_428, 10**15

    def reserves() -> Iterator[tuple[bytes, ...]]:
        for _ in range(pairs):
            for name in names:
                yield b"INCRBY", b"reserved:%b" % name.encode(), b"%d" % bound

    def settles() -> Iterator[tuple[bytes, ...]]:
        for _ in range(pairs):
            for name in names:
                yield b"INCRBY", b"settled:%b" % name.encode(), b"%d" % actual
                yield b"DECRBY", b"reserved:%b" % name.encode(), b"%d" % bound

    for reply in links.stream(reserves(), depth):
        assert reply <= limit
    for _ in links.stream(settles(), depth):
        pass


def naive(links: Links, names: tuple[str, ...], pairs: int, depth: int) -> None:
    """Read what is settled and reserved, compare, write; `depth` requests at once see the same."""
    bound, actual, limit = 714_285, 571_428, 10**15
    fields = [f"{kind}:{name}".encode() for name in names for kind in ("settled", "reserved")]
    read = (b"MGET", *fields)
    for _ in range(0, pairs, depth):
        for more_settled, more_reserved in ((0, bound), (actual, -bound)):
            writes = []
            for found in links.ask(*[read] * depth):
                counts = [int(value or 0) for value in found]
                assert sum(counts[:2]) + bound <= limit
                written: list[bytes] = []
                for at, field in enumerate(fields):
                    more = more_reserved if at % 2 else more_settled
                    written += (field, b"%d" % (counts[at] + more))
                writes.append((b"MSET", *written))
            links.ask(*writes)


def us_per_pair(works: list[Callable[[int], None]], pairs: int, rounds: int) -> list[float]:
    """Return the best time of a pair in microseconds for each of `works`; their rounds alternate."""
    best = [float("inf")] * len(works)
    for _ in range(rounds):
        for at, work in enumerate(works):
            begun = perf_counter()
            work(pairs)
            best[at] = min(best[at], (perf_counter() - begun) / pairs * 1e6)
    return best


def measured(server: RedisServer, names: tuple[str, ...]) -> list[Row]:
    """Return the rows for orders over the pools `names`, with 50 operations under way and with one."""
    store = RedisStore(address_of(server.url(timeout=20)), _HORIZON_US)
    links = Links(address_of(server.url(timeout=20)))
    pools = f"{len(names)} pool{'s' if len(names) > 1 else ''}"
    rows = []
    for depth, pairs, rounds in ((DEPTH, 1000, 25), (1, 200, 12)):
        ledger = ledger_streamed if depth > 1 else ledger_alone
        ours, counted, checked = us_per_pair(
            [
                lambda pairs, ledger=ledger: ledger(store, names, pairs),
                lambda pairs, depth=depth: counters(links, names, pairs, depth),
                lambda pairs, depth=depth: naive(links, names, pairs, depth),
            ],
            pairs,
            rounds,
        )
        has_goal = depth > 1 and len(names) == 1
        goal = f"<= {GOAL_US:.0f} us (40,000/s)" if has_goal else "stands beside"
        name = f"reserve + settle, {pools}, {depth} under way: {1e6 / ours:,.0f}/s"
        passed = not has_goal or ours <= GOAL_US
        rows.append(Row(name, ours, "us", goal, passed, "read, compare, write", checked, "which overshoots"))
        rows.append(Row(name, ours, "us", goal, passed, "INCRBY and DECRBY", counted, "no ids, no expiry"))
    short = RedisStore(address_of(server.url(timeout=20)), _SHORT_US)
    begun = perf_counter()
    while perf_counter() < begun + 2.5 * _SHORT_US / 1e6:
        ledger_streamed(short, names, 500, _SHORT_US)
    (ours,) = us_per_pair([lambda pairs: ledger_streamed(short, names, pairs, _SHORT_US)], 1000, 12)
    name = f"... {pools}, and ended ones are forgotten as fast: {1e6 / ours:,.0f}/s"
    rows.append(Row(name, ours, "us", "stands beside", True))
    for each in (store, short, links):
        each.close()
    return rows


def _spend(
    url: str, number: int, limit: int, pairs: int, is_ledger: bool, ready: object, told: object
) -> None:
    """Ask for the root and a pool of one's own; tell when it was done and how much of the root was held."""
    store, links = RedisStore.open(url), Links(address_of(url))
    store.sweep()
    held = 0
    ready.wait()  # type: ignore[attr-defined]
    begun = perf_counter()
    for turn in range(pairs):
        if is_ledger:
            asked = order(f"{number}-{turn}#1", (_NAMES[0], f"own/{number}"), limit=limit * _BOUND)
            held += isinstance(store.reserve(asked), Reserved)
        else:
            (used,) = links.ask((b"GET", b"naive"))
            if int(used or 0) < limit:
                links.ask((b"SET", b"naive", b"%d" % (int(used or 0) + 1)))
                held += 1
    told.put((perf_counter() - begun, held))  # type: ignore[attr-defined]


def raced(server: RedisServer, is_ledger: bool, pairs: int = 200) -> tuple[float, int]:
    """Return the time of an attempt in microseconds and how many too many were held, by 16 processes on one root."""
    limit = CLIENTS * pairs * 3 // 4
    context = multiprocessing.get_context("fork")
    ready, told = context.Barrier(CLIENTS), context.SimpleQueue()
    url = server.url(timeout=20)
    clients = [
        context.Process(target=_spend, args=(url, number, limit, pairs, is_ledger, ready, told))
        for number in range(CLIENTS)
    ]
    for client in clients:
        client.start()
    found = [told.get() for _ in clients]
    for client in clients:
        client.join()
    took = max(seconds for seconds, _ in found)
    return took / (CLIENTS * pairs) * 1e6, sum(held for _, held in found) - limit


def main() -> list[Row]:
    """Measure, print and return the rows."""
    # A file that is written anew meanwhile would take one of the cores.
    server = RedisServer(**{"auto-aof-rewrite-percentage": "0"})
    try:
        rows = measured(server, _NAMES[:1]) + measured(server, _NAMES)
        ours, over = raced(server, True)
        theirs, theirs_over = raced(server, False)
        rows.append(
            Row(
                f"a root that {CLIENTS} processes share, held beyond its limit: {over}",
                ours,
                "us",
                "0 beyond it",
                over == 0,
                "read, compare, write",
                theirs,
                f"which held {theirs_over} beyond it",
            )
        )
    finally:
        server.stop()
    show(rows)
    return rows


if __name__ == "__main__":
    main()
