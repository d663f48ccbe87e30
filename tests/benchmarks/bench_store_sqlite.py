"""The ledger in memory and in SQLite: pairs of reserve and settle, beside the least that each could do.

The least in memory is two numbers in a dict under a lock; in SQLite a row that is read, compared and written, one
transaction for each step, without ids, expiry or a second pool.
"""

from __future__ import annotations

import os
import sqlite3
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import perf_counter

from rows import Row, show

from opentokenbudget.pools.orders import Entry, Order, Reserved, Span
from opentokenbudget.pools.stores.memory import MemoryStore
from opentokenbudget.pools.stores.sqlite import SqliteStore
from opentokenbudget.pools.stores.store import Store

ALWAYS = Span(0, None)
ROUNDS = 5
LIMIT = 10**30
THREADS = 16


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
        durable = in_sqlite(folder, ("a",), "disk", THREADS)
    lock = "two numbers under a lock"
    bare = "bare rows"
    rows = [
        _row("memory, two pools", memory, 150_000, lock, least, "no ids, no expiry, no windows"),
        _row("SQLite, one pool", one, 15_000, bare, plain, "no ids that are asked again, no expiry"),
        _row("SQLite, two pools", two, None),
        _row(f"SQLite, flushed to disk, {THREADS} threads", durable, 10_000),
    ]
    show(rows)
    return rows


if __name__ == "__main__":
    main()
