"""The store in SQLite: the contract of all stores, and what is its own."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest

from opentokenbudget.pools.orders import Reserved
from opentokenbudget.pools.stores.sqlite import SqliteStore
from opentokenbudget.pools.stores.store import StoreUnavailable
from store_contract import StoreContract
from store_orders import audit, balance_of, entry, order, spends_in_grains


class TestSqliteStore(StoreContract):
    """The contract, in a file."""

    @pytest.fixture
    def empty(self, tmp_path: Path) -> Callable[[], SqliteStore]:
        """Each store is a new file."""
        numbers = count()
        return lambda: SqliteStore(str(tmp_path / f"{next(numbers)}.db"), time.time_ns)


def opened(path: Path, **options: str) -> SqliteStore:
    """Return the store of a file, by its URL."""
    query = "&".join(f"{name}={value}" for name, value in options.items())
    return SqliteStore.open(f"sqlite:///{path}?{query}", time.time_ns)


def test_what_was_acknowledged_is_there_again(tmp_path: Path) -> None:
    """Another store on the same file goes on where the first one ended."""
    first = opened(tmp_path / "otb.db")
    first.reserve(order("a#1", entry(amount=6)))
    first.close()
    again = opened(tmp_path / "otb.db", durability="disk")
    assert balance_of(again, "pool").reserved == 6
    answer = again.reserve(order("a#1", entry(amount=6)))
    assert isinstance(answer, Reserved)
    assert answer.replayed


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("sqlite:///", "a file is named"),
        ("sqlite://host/otb.db", "a file is named"),
        ("sqlite:///otb.db?durabilty=disk", "`durabilty` is no option"),
        ("sqlite:///otb.db?durability=none", "`none` is no durability"),
        ("sqlite:///otb.db?timeout=soon", "`soon` is no timeout"),
        ("sqlite:///otb.db?timeout=0", "`0` is no timeout"),
    ],
)
def test_a_url_that_says_something_else_is_refused(url: str, said: str) -> None:
    """In words that name what is wrong."""
    with pytest.raises(ValueError, match=said):
        SqliteStore.open(url, time.time_ns)


def test_a_file_that_is_no_store_is_unavailable(tmp_path: Path) -> None:
    """A folder, a text, or what a newer program wrote: an answer of ours, not of SQLite's."""
    text, newer = tmp_path / "text.db", tmp_path / "newer.db"
    text.write_text("not a database, but long enough to have a header of one hundred bytes " * 2)
    with sqlite3.connect(newer) as connection:
        connection.execute("PRAGMA user_version = 99")
    for path in (tmp_path, text, newer):
        with pytest.raises(StoreUnavailable):
            opened(path)


def test_a_file_that_another_keeps_is_unavailable_in_time(tmp_path: Path) -> None:
    """Whoever waits for longer than the timeout is told so, and can go on later."""
    store = opened(tmp_path / "otb.db", timeout="0.05")
    with sqlite3.connect(tmp_path / "otb.db", isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreUnavailable):
            store.reserve(order("a#1", entry()))
        other.execute("ROLLBACK")
    assert isinstance(store.reserve(order("a#1", entry())), Reserved)


SPENDER = """
import sys, time
from opentokenbudget.pools.orders import Entry, Order, Reserved, Span
from opentokenbudget.pools.stores.sqlite import SqliteStore

path, name, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
limit = int(sys.argv[4])
store = SqliteStore(path, time.time_ns, timeout_s=60)
for number in range(count):
    entries = (Entry("pool", 3, limit, "reserve", Span(0, None)), Entry(name, 3, None, "reserve", Span(0, None)))
    answer = store.reserve(Order(f"{name}-{number}#1", "d", entries, 3_600_000_000))
    if isinstance(answer, Reserved):
        print("held", number, flush=True)
        if number % 2:
            store.settle(f"{name}-{number}#1", {"pool": 2, name: 2})
            print("settled", number, flush=True)
"""


def spenders(path: Path, count: int, orders: int, limit: int) -> list[subprocess.Popen[str]]:
    """Return processes that spend from one file, which nobody has made yet."""
    return [
        subprocess.Popen(
            [sys.executable, "-c", SPENDER, str(path), f"p{number}", str(orders), str(limit)],
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(count)
    ]


def test_many_processes_never_exceed_the_limit(tmp_path: Path) -> None:
    """Eight processes open one new file at once and spend: settled and reserved end at the limit, not above."""
    path = tmp_path / "otb.db"
    running = spenders(path, 8, 60, 301)
    outputs = [process.communicate()[0] for process in running]
    assert [process.returncode for process in running] == [0] * 8
    store = opened(path)
    found = balance_of(store, "pool")
    assert found.settled + found.reserved <= 301
    assert found.settled + found.reserved > 298
    assert sum(output.count("held") for output in outputs) * 3 == found.reserved + found.settled // 2 * 3
    audit(store)


def test_a_killed_process_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    """Twenty processes are killed while they spend: whatever they had said is in the file, and nothing twice."""
    path = tmp_path / "otb.db"
    for cycle in range(20):
        (process,) = spenders(path, 1, 100_000, 10**9)
        assert process.stdout is not None
        said = [process.stdout.readline() for _ in range(5 + cycle)]
        process.kill()
        said += process.stdout.read().splitlines(keepends=True)
        process.wait()
        process.stdout.close()
        store = opened(path)
        states = {each.id: each.state for each in store.reservations()}
        for line in said:
            if line.endswith("\n"):
                word, number = line.split()
                state = states[f"p0-{number}#1"]
                assert state in ("open", "settled") if word == "held" else state == "settled"
        audit(store)
        store.close()
        path.unlink()
        for rest in tmp_path.glob("otb.db-*"):
            rest.unlink()


def test_grains_are_kept_while_a_window_counts_them(tmp_path: Path) -> None:
    """What was spent in a grain of a rolling window counts for as long as the window, however often one looks."""
    now = [0]
    store = SqliteStore(str(tmp_path / "otb.db"), lambda: now[0])
    assert spends_in_grains(store, now) == [8]
    store.close()
