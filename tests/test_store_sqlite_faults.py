"""The store in SQLite when something is wrong: damaged rows, files of others, files that go, URLs."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from opentokenbudget.pools.orders import Reserved
from opentokenbudget.pools.stores import open_store
from opentokenbudget.pools.stores.sqlite import SqliteStore
from opentokenbudget.pools.stores.sqlite_address import address_of
from opentokenbudget.pools.stores.store import StoreUnavailable
from store_orders import entry, order


def opened(path: Path, clock: Callable[[], int] = time.time_ns) -> SqliteStore:
    """Return the store of a file."""
    return SqliteStore(str(path), clock)


def altered(path: Path, *statements: str) -> Path:
    """Return `path`, to which somebody else has done something."""
    connection = sqlite3.connect(path, isolation_level=None)
    for statement in statements:
        connection.execute(statement)
    connection.close()
    return path


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE reservations SET held = x'ff00'", "row `a#1` of the table `reservations`"),
        ("UPDATE reservations SET held = x'ff00', expires_us = 1", "row `a#1` of the table `reservations`"),
        ("UPDATE reservations SET held = 'text'", "row `a#1` of the table `reservations`"),
        ("UPDATE reservations SET held = x'9191a161'", "row `a#1` of the table `reservations`"),
        ("UPDATE reservations SET state = 'gone'", "row `a#1` of the table `reservations`"),
        ("UPDATE reservations SET memo = x'00'", "row `a#1` of the table `reservations`"),
        ("UPDATE reservations SET expires_us = 'soon'", "of the table `reservations`"),
        ("UPDATE balances SET settled = 'abc'", "row `pool` of the table `balances`"),
        ("UPDATE balances SET settled_part = 1.5", "row `pool` of the table `balances`"),
        ('UPDATE balances SET "limit" = 1, limit_part = NULL', "row `pool` of the table `balances`"),
        ("UPDATE balances SET start_us = 'now'", "of the table `balances`"),
        ("UPDATE balances SET account = CAST(x'ff' AS TEXT)", "column 'account'"),
        ("UPDATE revisions SET revision = x'ff'", "row `p` of the table `revisions`"),
    ],
)
def test_a_damaged_row_is_named(tmp_path: Path, statement: str, said: str) -> None:
    """Whatever stands in it, who comes across it is told file, table and row, and nothing else is ever raised."""
    path = tmp_path / "otb.db"
    first = opened(path)
    first.reserve(order("a#1", entry(limit=5), policy="p", revision="1"))
    first.close()
    altered(path, statement)
    store = opened(path)
    messages = []
    asked: list[Callable[[], Any]] = [
        lambda: store.reserve(order("a#1", entry())),
        lambda: store.reserve(order("a#2", entry(), policy="p", revision="1")),
        lambda: store.look([entry()]),
        lambda: store.settle("a#1", {}),
        lambda: store.extend("a#1", 1),
        lambda: store.release("a#1"),
        lambda: list(store.accounts()),
        lambda: list(store.reservations()),
        store.sweep,
    ]
    for ask in asked:
        try:
            ask()
        except StoreUnavailable as away:
            messages.append(str(away))
    assert messages
    assert any(said in message for message in messages), messages
    assert all(str(path) in message for message in messages)
    store.close()


@pytest.mark.parametrize(
    ("statements", "said"),
    [
        (("CREATE TABLE notes (text)",), "tables of another application, such as `notes`"),
        (("CREATE TABLE balances (name)",), "tables of another application"),
        (("CREATE TABLE balances (name)", "PRAGMA user_version = 1"), "has not the tables of a ledger"),
        (("PRAGMA user_version = 1",), "has not the tables of a ledger"),
        (("PRAGMA application_id = 252006674",), "another application, whose id is 252006674"),
        (("PRAGMA user_version = 99",), "version 99"),
    ],
)
def test_a_file_of_others_is_refused_untouched(
    tmp_path: Path, statements: tuple[str, ...], said: str
) -> None:
    """It is not opened, and not one byte of it changes."""
    path = altered(tmp_path / "notes.db", *statements)
    before = path.read_bytes()
    with pytest.raises(StoreUnavailable, match=said):
        opened(path)
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["notes.db"]


def test_a_ledger_that_is_not_there_is_not_made_for_who_looks(tmp_path: Path) -> None:
    """Neither a file, nor tables in an empty one, where nothing is to be made."""
    empty = tmp_path / "empty.db"
    empty.touch()
    for name, said in (("typo.db", "no such file"), ("empty.db", "no ledger in it")):
        with pytest.raises(StoreUnavailable, match=said):
            open_store(f"sqlite:///{tmp_path / name}", time.time_ns, makes=False)
    assert os.listdir(tmp_path) == ["empty.db"]
    assert empty.stat().st_size == 0
    opened(empty).close()
    open_store(f"sqlite:///{empty}", time.time_ns, makes=False).close()


def test_a_file_that_has_gone_is_noticed(tmp_path: Path) -> None:
    """A second later at most the store is unavailable, also when another file has taken its place, until it is back."""
    path, elsewhere = tmp_path / "otb.db", tmp_path / "elsewhere.db"
    now = [10**18]
    store = opened(path, lambda: now[0])
    store.reserve(order("a#1", entry()))
    path.rename(elsewhere)
    now[0] += 1_000_000_000
    for _ in range(2):
        with pytest.raises(StoreUnavailable, match="has gone"):
            store.reserve(order("a#2", entry()))
    path.touch()
    with pytest.raises(StoreUnavailable, match="another file has taken its place"):
        store.settle("a#1", {})
    elsewhere.rename(path)
    assert isinstance(store.reserve(order("a#2", entry())), Reserved)
    store.close()


def test_a_file_is_the_one_that_was_meant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name without folders is one of the folder that was current when the store was opened."""
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    now = [10**18]
    store = SqliteStore.open("sqlite:///otb.db", lambda: now[0])
    monkeypatch.chdir(tmp_path / "elsewhere")
    now[0] += 10**10
    assert isinstance(store.reserve(order("a#1", entry())), Reserved)
    store.close()
    assert os.listdir(tmp_path / "elsewhere") == []


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("sqlite:x3.db", "a file is named as in"),
        ("sqlite:/x3.db", "a file is named as in"),
        ("sqlite:///x\n.db", "a control character"),
        ("sqlite:///x\t.db", "a control character"),
        ("sqlite:///x.db#frag", "a `#`"),
        ("sqlite:///x.db?timeout=1#frag", "a `#`"),
        ("sqlite:///%ff.db", "no text in UTF-8"),
        ("sqlite:///100%.db", "is written `%25`"),
        ("sqlite:///x%00.db", "NUL"),
        ("sqlite:///:memory:", "memory://"),
        ("sqlite:///x.db?timeout=1&timeout=2", "`timeout` stands in the URL twice"),
        ("sqlite:///x.db?timeout=nan", "`nan` is no timeout"),
    ],
)
def test_a_url_that_says_something_else_is_refused(url: str, said: str) -> None:
    """No letter of it is lost or read as another."""
    with pytest.raises(ValueError, match=said):
        open_store(url, time.time_ns)


def test_a_url_is_read() -> None:
    """What is escaped is plain, and all else is as it stands."""
    assert address_of("sqlite:///a%23b%20%C3%A4+c.db?durability=disk&timeout=0.5") == (
        "a#b ä+c.db",
        "disk",
        0.5,
    )
    assert address_of("sqlite:////var/x.db") == ("/var/x.db", "process", 2.0)
