"""`otb pools` on stores that do not answer, are not there or hold what is not ours: one line each, and exit code 2."""

from __future__ import annotations

import json
import os
import socket
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

import desk
from opentokenbudget.pools.stores import open_store
from opentokenbudget.pools.stores.sqlite import SqliteStore
from opentokenbudget.pools.stores.store import StoreUnavailable
from store_orders import entry, order
from test_cli_pools import MONTH, USER_DAY, called, spent

REQUESTS = {**USER_DAY, "id": "calls", "limit": {"requests": 9}}


def statement(path: Path, *statements: str) -> None:
    """Let somebody else do something to a file."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for each in statements:
            connection.execute(each)


def commands(policy: Path, url: str) -> list[tuple[str, ...]]:
    """Return all that asks a store."""
    return [
        ("show", url),
        ("show", url, "--format", "json"),
        ("history", url),
        ("history", url, "--format", "json"),
        ("history", url, "--reservations"),
        ("adjust", str(policy), url, "month", "1"),
    ]


@pytest.fixture
def deaf() -> Iterator[int]:
    """A port where nobody listens, for whoever wants it is refused."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


@pytest.fixture
def stranger() -> Iterator[int]:
    """A port where somebody speaks another language."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            with client:
                client.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                client.settimeout(5)
                client.recv(1 << 16)

    serving = threading.Thread(target=serve)
    serving.start()
    yield listener.getsockname()[1]
    listener.shutdown(socket.SHUT_RDWR)
    serving.join()
    listener.close()


@pytest.mark.parametrize(
    "url",
    [
        "redis://127.0.0.1:{deaf}",
        "redis://127.0.0.1:{stranger}",
        "redis://{long}.invalid",
        "postgresql://127.0.0.1:{deaf}/x",
        "postgresql://127.0.0.1:{stranger}/x",
    ],
)
def test_a_server_that_does_not_answer_is_said_to(
    url: str, deaf: int, stranger: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nobody there, or somebody else: the store does not answer, whatever is asked."""
    policy = desk.written(tmp_path, pools=[MONTH])
    for arguments in commands(policy, url.format(deaf=deaf, stranger=stranger, long="a" * 70)):
        code, out, err = called(capsys, "pools", *arguments)
        assert (code, out) == (2, ""), err
        assert "the store does not answer" in err
        assert "internal" not in err


@pytest.mark.parametrize(
    ("done", "said"),
    [
        ("DROP TABLE balances", "not the tables of a ledger"),
        ("DROP TABLE reservations", "not the tables of a ledger"),
        ("UPDATE balances SET settled = 'abc'", "is damaged"),
        ("UPDATE balances SET account = CAST(x'2fff' AS TEXT)", "UTF-8"),
        ("UPDATE reservations SET held = x'ff', expires_us = 1", "is damaged"),
        ("PRAGMA application_id = 7", "another application"),
    ],
)
def test_a_file_that_is_damaged_is_said_to_be(
    done: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where a row, a table or the whole file is not what it was, the commands that read it say so."""
    policy, url = spent(tmp_path)
    statement(tmp_path / "otb.db", done)
    told = []
    for arguments in commands(policy, url):
        code, _, err = called(capsys, "pools", *arguments)
        assert code in (0, 2), err
        assert "internal" not in err
        told.append(err)
    assert any("the store does not answer" in err and said in err for err in told), told


@pytest.mark.parametrize("done", ["start_us = 1 << 60", "until_us = 1 << 62", "start_us = -(1 << 60)"])
def test_an_instant_of_no_calendar_is_said_to_be(
    done: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A window that is stored outside of the years 1 to 9999 is named, and nothing is shown."""
    _, url = spent(tmp_path)
    statement(tmp_path / "otb.db", f"UPDATE balances SET {done}")
    for form in ("text", "json"):
        code, out, err = called(capsys, "pools", "history", url, "--format", form)
        assert (code, out) == (2, "")
        assert "outside of the years 1 to 9999" in err


def test_a_balance_of_no_pool_is_said_to_be(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What others have counted in the same store is named, not shown as if it were a pool's."""
    url = f"sqlite:///{tmp_path / 'otb.db'}"
    with closing(open_store(url, time.time_ns)) as store:
        store.reserve(order("a#1", entry("theirs")))
    for arguments in (("show", "--format", "json"), ("show", "--pool", "x"), ("history", "--format", "json")):
        code, out, err = called(capsys, "pools", arguments[0], url, *arguments[1:])
        assert (code, out) == (2, "")
        assert "`theirs`" in err


def test_a_file_that_another_keeps_is_said_to_be(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever looks while somebody writes for too long is told."""
    policy, url = spent(tmp_path)
    with closing(sqlite3.connect(tmp_path / "otb.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        for arguments in commands(policy, f"{url}?timeout=0.01"):
            code, out, err = called(capsys, "pools", *arguments)
            assert (code, out) == (2, "")
            assert "the store does not answer" in err


def test_a_grant_whose_answer_was_lost_is_unknown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever adjusts is told that nobody knows, and where to look, before it is granted twice."""
    policy, url = spent(tmp_path)
    granted = SqliteStore.grant

    def lost(store: SqliteStore, asked: Any) -> Any:
        granted(store, asked)
        raise StoreUnavailable("the reply was lost")

    monkeypatch.setattr(SqliteStore, "grant", lost)
    code, out, err = called(capsys, "pools", "adjust", policy, url, "month", "1")
    assert (code, out) == (2, "")
    assert "the reply was lost; whether `1` was granted is unknown: look at `otb pools show`" in err


@pytest.mark.parametrize("command", ["show", "history", "adjust"])
def test_looking_makes_nothing(command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A name that was mistyped makes no file, and the database of another application stays as it is."""
    policy = desk.written(tmp_path, pools=[MONTH])
    notes = tmp_path / "notes.db"
    statement(notes, "CREATE TABLE notes (text)")
    before = (sorted(os.listdir(tmp_path)), notes.read_bytes())
    for name, said in (("typo.db", "no such file"), ("notes.db", "another application")):
        url = f"sqlite:///{tmp_path / name}"
        named = (policy, url, "month", "1") if command == "adjust" else (url,)
        code, out, err = called(capsys, "pools", command, *named)
        assert (code, out) == (2, "")
        assert said in err
    assert (sorted(os.listdir(tmp_path)), notes.read_bytes()) == before


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("month", "1", "--partition", "x"), "give as many"),
        (("user-day", "1", "--partition", "u\udcff"), "no text in UTF-8"),
        (("calls", "0.5", "--partition", "u"), "whole ones alone"),
        (("month", "1000000000000000.5"), "more than a pool counts"),
        (("month", "-1000000000000001"), "more than a pool counts"),
    ],
)
def test_what_cannot_be_granted_is_misuse(
    arguments: tuple[str, ...], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A key that nobody can have, a part of a request, more than is counted: said, and nothing is granted."""
    _, url = spent(tmp_path)
    policy = desk.written(tmp_path, pools=[USER_DAY, REQUESTS, MONTH])
    before = called(capsys, "pools", "history", url, "--format", "json")
    end = [] if "-1" not in arguments[1][:2] else ["--"]
    code, out, err = called(capsys, "pools", "adjust", policy, url, *end, *arguments)
    assert (code, out) == (2, "")
    assert said in err
    assert called(capsys, "pools", "history", url, "--format", "json") == before


def test_a_pool_that_the_store_has_not_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What was mistyped does not look like a pool that has spent nothing."""
    _, url = spent(tmp_path)
    for arguments in (("show",), ("history",), ("history", "--reservations")):
        code, out, err = called(
            capsys, "pools", arguments[0], url, *arguments[1:], "--pool", "moth", "--format", "json"
        )
        assert code == 0
        assert not any(json.loads(out).values())
        assert "the store has no pool `moth`; it has month, user-day" in err


def test_a_url_that_is_no_text_is_misuse(capsys: pytest.CaptureFixture[str]) -> None:
    """Bytes that are not UTF-8 name no store."""
    code, _, err = called(capsys, "pools", "show", "sqlite:///\udcff.db")
    assert code == 2
    assert "no text in UTF-8" in err
