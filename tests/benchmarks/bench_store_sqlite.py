"""The ledger in memory and in SQLite: pairs of reserve and settle, beside the least that each could do.

The least in memory is two numbers in a dict under a lock; in SQLite a row that is read, compared and written, one
transaction for each step, without ids, expiry or a second pool.
Then sixteen clients race for one root (threads in memory, processes in SQLite), beside a naive design that reads,
compares and writes, and overshoots.
"""

from __future__ import annotations

import multiprocessing
import os
import sqlite3
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

from rows import Row, show

from opentokenbudget.pools.orders import Entry, Order, Reserved, Span
from opentokenbudget.pools.stores.memory import MemoryStore
from opentokenbudget.pools.stores.sqlite import SqliteStore
from opentokenbudget.pools.stores.store import Store

ALWAYS = Span(0, None)
ROUNDS = 5
LIMIT = 10**30
CLIENTS = 16
RACED = 200


def pairs(store: Store, count: int, accounts: tuple[str, ...], name: str) -> None:
    """Reserve and settle `count` times."""
    entries = tuple([Entry(account, 1000, LIMIT, "reserve", ALWAYS) for account in accounts])
    actuals = dict.fromkeys(accounts, 500)
    for number in range(count):
        id_ = f"{name}-{number}"
        answer = store.reserve(Order(id_, "d", entries, 600_000_000, "", "policy", "1"))
        assert isinstance(answer, Reserved)
        store.settle(id_, actuals)


def per_second(work: Callable[[], int]) -> float:
    """Return the median rate of some rounds of `work`, which returns how much it did."""
    rates = []
    for _ in range(ROUNDS):
        began = perf_counter()
        done = work()
        rates.append(done / (perf_counter() - began))
    return median(rates)


def in_memory(accounts: tuple[str, ...]) -> float:
    numbers = iter(range(1000))
    store = MemoryStore(time.time_ns)

    def work() -> int:
        pairs(store, 20_000, accounts, f"m{next(numbers)}")
        return 20_000

    return per_second(work)


def counters() -> float:
    """Two numbers under a lock: no ids, no expiry, no windows."""
    lock, used = threading.Lock(), {"a": 0, "b": 0}

    def work() -> int:
        for _ in range(20_000):
            with lock:
                if all(used[name] + 1000 <= LIMIT for name in used):
                    for name in used:
                        used[name] += 1000
            with lock:
                for name in used:
                    used[name] -= 500
        return 20_000

    return per_second(work)


def in_sqlite(folder: Path, accounts: tuple[str, ...], durability: str, threads: int) -> float:
    numbers = iter(range(1000))
    store = SqliteStore(
        str(folder / f"{durability}-{threads}-{len(accounts)}.db"), time.time_ns, durability=durability
    )
    count = 4000 if threads == 1 else 500

    def work() -> int:
        round_ = next(numbers)
        running = [
            threading.Thread(target=pairs, args=(store, count, accounts, f"{round_}-{number}"))
            for number in range(threads)
        ]
        for each in running:
            each.start()
        for each in running:
            each.join()
        return count * threads

    found = per_second(work)
    store.close()
    return found


def rows_of_sqlite(folder: Path) -> float:
    """A row read, compared and written, and one inserted; then both again: two transactions, and nothing else."""
    connection = sqlite3.connect(folder / "rows.db", isolation_level=None)
    for pragma in ("journal_mode = WAL", "synchronous = NORMAL", "wal_autocheckpoint = 16384"):
        connection.execute(f"PRAGMA {pragma}")
    connection.executescript(
        "CREATE TABLE b (a TEXT PRIMARY KEY, s INTEGER, r INTEGER) WITHOUT ROWID;"
        "CREATE TABLE r (id TEXT PRIMARY KEY, state TEXT, held BLOB) WITHOUT ROWID;"
        "INSERT INTO b VALUES ('a', 0, 0);"
    )

    def work() -> int:
        for _ in range(4000):
            id_ = os.urandom(16).hex()
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("SELECT s, r FROM b WHERE a = 'a'").fetchone()
            connection.execute("UPDATE b SET r = r + 1 WHERE a = 'a'")
            connection.execute("INSERT INTO r VALUES (?, 'open', ?)", (id_, b"x" * 80))
            connection.execute("COMMIT")
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("UPDATE b SET r = r - 1, s = s + 1 WHERE a = 'a'")
            connection.execute("UPDATE r SET state = 'settled' WHERE id = ?", (id_,))
            connection.execute("COMMIT")
        return 4000

    found = per_second(work)
    connection.close()
    return found


class Naive:
    """A file with one row that is read, compared and written, each by itself."""

    def __init__(self, path: str) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None, timeout=20)
        for pragma in ("journal_mode = WAL", "synchronous = NORMAL"):
            self._connection.execute(f"PRAGMA {pragma}")
        self._connection.execute("CREATE TABLE IF NOT EXISTS b (used INTEGER)")

    def fill(self) -> None:
        self._connection.execute("INSERT INTO b VALUES (0)")

    def take(self, limit: int) -> bool:
        (used,) = self._connection.execute("SELECT used FROM b").fetchone()
        if used >= limit:
            return False
        self._connection.execute("UPDATE b SET used = ?", (used + 1,))
        return True


def taken_of(store: Store, number: int, turn: int, limit: int) -> bool:
    """Return whether the root and a pool of one's own hold one more."""
    entries = tuple([Entry(name, 1, limit, "reserve", ALWAYS) for name in ("root", f"own-{number}")])
    order = Order(f"{number}-{turn}", "d", entries, 600_000_000, "", "policy", "1")
    return isinstance(store.reserve(order), Reserved)


def _spend(path: str, is_ledger: bool, number: int, limit: int, ready: Any, told: Any) -> None:
    ready.wait()
    begun = perf_counter()
    if is_ledger:
        store = SqliteStore(path, time.time_ns, timeout_s=20)
        held = sum(taken_of(store, number, turn, limit) for turn in range(RACED))
    else:
        naive = Naive(path)
        held = sum(naive.take(limit) for _ in range(RACED))
    told.put((perf_counter() - begun, held))


def raced_in_sqlite(folder: Path, is_ledger: bool) -> tuple[float, int]:
    """Return the attempts per second of 16 processes at one root, and how many too many were held."""
    limit, path = CLIENTS * RACED * 3 // 4, str(folder / f"race-{is_ledger}.db")
    if is_ledger:
        SqliteStore(path, time.time_ns).close()
    else:
        Naive(path).fill()
    context = multiprocessing.get_context("fork")
    ready, told = context.Barrier(CLIENTS), context.SimpleQueue()
    clients = [
        context.Process(target=_spend, args=(path, is_ledger, number, limit, ready, told))
        for number in range(CLIENTS)
    ]
    for each in clients:
        each.start()
    found = [told.get() for _ in clients]
    for each in clients:
        each.join()
    return CLIENTS * RACED / max(took for took, _ in found), sum(held for _, held in found) - limit


def raced_in_memory(take: Callable[[int, int, int], bool]) -> tuple[float, int]:
    """Return the attempts per second of 16 threads at one root, and how many too many were held."""
    limit = CLIENTS * RACED * 3 // 4
    ready, held = threading.Barrier(CLIENTS + 1), [0] * CLIENTS

    def spend(number: int) -> None:
        ready.wait()
        held[number] = sum(take(number, turn, limit) for turn in range(RACED))

    running = [threading.Thread(target=spend, args=(number,)) for number in range(CLIENTS)]
    for each in running:
        each.start()
    ready.wait()
    began = perf_counter()
    for each in running:
        each.join()
    return CLIENTS * RACED / (perf_counter() - began), sum(held) - limit


def naive_in_memory() -> Callable[[int, int, int], bool]:
    """Return a counter that is read, compared and written, as a gateway does that awaits in between."""
    used = [0]

    def take(_number: int, _turn: int, limit: int) -> bool:
        before = used[0]
        # Where a program awaits anything, another's turn comes.
        time.sleep(0)
        if before >= limit:
            return False
        used[0] = before + 1
        return True

    return take


def races(folder: Path) -> list[Row]:
    """Return the rows of the hot root."""
    memory = MemoryStore(time.time_ns)
    rows = []
    for name, (rate, over), (others, others_over) in (
        (
            "memory",
            raced_in_memory(lambda number, turn, limit: taken_of(memory, number, turn, limit)),
            raced_in_memory(naive_in_memory()),
        ),
        ("SQLite", raced_in_sqlite(folder, True), raced_in_sqlite(folder, False)),
    ):
        what = f"{name}, a root that {CLIENTS} share, held beyond its limit: {over}"
        work = f"which held {others_over} beyond it"
        rows.append(
            Row(
                what,
                1e6 / rate,
                "µs",
                "0 beyond it",
                over == 0,
                "read, compare, write",
                1e6 / others,
                work,
            )
        )
    return rows


def _row(
    name: str, rate: float, goal: int | None, peer: str = "", peers: float | None = None, work: str = ""
) -> Row:
    """Return a rate of pairs as the microseconds of one."""
    said = "none" if goal is None else f"≤ {1e6 / goal:.1f}: {goal:,} pairs/s; now {rate:,.0f}"
    took = None if peers is None else 1e6 / peers
    return Row(name, 1e6 / rate, "µs", said, goal is None or rate >= goal, peer, took, work)


def main() -> list[Row]:
    """Measure, print and return the rows."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        memory = in_memory(("a", "b"))
        least = counters()
        plain = rows_of_sqlite(folder)
        one = in_sqlite(folder, ("a",), "process", 1)
        two = in_sqlite(folder, ("a", "b"), "process", 1)
        durable = in_sqlite(folder, ("a",), "disk", CLIENTS)
        shared = races(folder)
    lock = "two numbers under a lock"
    bare = "bare rows"
    rows = [
        _row("memory, two pools", memory, 150_000, lock, least, "no ids, no expiry, no windows"),
        _row("SQLite, one pool", one, 15_000, bare, plain, "no ids that are asked again, no expiry"),
        _row("SQLite, two pools", two, None),
        _row(f"SQLite, flushed to disk, {CLIENTS} threads", durable, 10_000),
        *shared,
    ]
    show(rows)
    return rows


if __name__ == "__main__":
    main()
