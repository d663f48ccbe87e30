"""A file of SQLite: opened, known for ours before anything is written to it, and looked at again while it is used."""

from __future__ import annotations

import os
import sqlite3
from time import monotonic

from .sqlite_books import BALANCE, RESERVATION

APPLICATION_ID = 0x4F544231
"""`OTB1` in the header of a file says whose it is; 0 is nobody's, as in the files that were made first."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS balances (
    account TEXT NOT NULL, start_us INTEGER NOT NULL,
    settled INTEGER NOT NULL, settled_part INTEGER NOT NULL,
    reserved INTEGER NOT NULL, reserved_part INTEGER NOT NULL,
    overrun INTEGER NOT NULL, overrun_part INTEGER NOT NULL,
    granted INTEGER NOT NULL, granted_part INTEGER NOT NULL,
    "limit" INTEGER, limit_part INTEGER, until_us INTEGER, mark INTEGER NOT NULL,
    PRIMARY KEY (account, start_us)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS reservations (
    id TEXT PRIMARY KEY, digest TEXT NOT NULL, memo TEXT NOT NULL, made_us INTEGER NOT NULL,
    expires_us INTEGER NOT NULL, state TEXT NOT NULL, held BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS reservations_open ON reservations (expires_us) WHERE state = 'open';
CREATE TABLE IF NOT EXISTS revisions (policy TEXT PRIMARY KEY, revision TEXT NOT NULL) WITHOUT ROWID;
"""
_READ = (
    f"SELECT account, start_us, {BALANCE} FROM balances LIMIT 0",
    f"SELECT {RESERVATION} FROM reservations LIMIT 0",
    "SELECT policy, revision FROM revisions LIMIT 0",
)
_VERSION = 1
# A change writes the pages that it touches as a whole, and sums them up: small ones cost a third less.
_PAGE_SIZE = 1024
# 64 MiB: each checkpoint flushes the file, and a page that is written often is copied once.
_PAGES_OF_LOG = 65_536


class SqliteFile:
    """Where a ledger lies, and which file that was when it was opened.

    Args:
        path: as it is meant now, whatever the working directory is later.
    """

    def __init__(self, path: str, durability: str, timeout_s: float) -> None:
        self._path = os.path.abspath(path)
        self._durability = durability
        self._timeout_s = timeout_s
        self._identity: tuple[int, int] | None = None

    def connected(self, *, makes: bool) -> sqlite3.Connection:
        """Return a connection to the file.

        Args:
            makes: whether it is made where there is none.

        Raises:
            sqlite3.Error: it cannot be opened, or is not ours; nothing was written then.
        """
        if not makes and not os.path.exists(self._path):
            raise sqlite3.OperationalError("there is no such file")
        connection = sqlite3.connect(
            self._path, timeout=self._timeout_s, isolation_level=None, check_same_thread=False
        )
        try:
            self._prepare(connection, makes)
            self._identity = self._found()
        except BaseException:
            connection.close()
            raise
        return connection

    def check(self) -> None:
        """Look whether the file is still the one that was opened.

        Raises:
            sqlite3.OperationalError: what is written goes into a file that nobody else will read.
        """
        found = self._found()
        if found is None:
            raise sqlite3.OperationalError("the file has gone")
        if found != self._identity:
            raise sqlite3.OperationalError("another file has taken its place")

    def _found(self) -> tuple[int, int] | None:
        try:
            found = os.stat(self._path)
        except FileNotFoundError:
            return None
        except OSError as failure:
            raise sqlite3.OperationalError(f"the file cannot be looked at: {failure.strerror}") from failure
        return found.st_dev, found.st_ino

    def _prepare(self, connection: sqlite3.Connection, makes: bool) -> None:
        until = monotonic() + self._timeout_s
        connection.execute(f"PRAGMA page_size = {_PAGE_SIZE}")
        is_new = _is_new(connection)
        if is_new and not makes:
            raise sqlite3.DatabaseError("there is no ledger in it")
        while True:
            # Two that open a new file at once: the busy timeout does not hold for a change of the journal's mode.
            try:
                connection.execute("PRAGMA journal_mode = WAL")
                break
            except sqlite3.OperationalError:
                if monotonic() >= until:
                    raise
        connection.execute(f"PRAGMA wal_autocheckpoint = {_PAGES_OF_LOG}")
        connection.execute(f"PRAGMA synchronous = {'FULL' if self._durability == 'disk' else 'NORMAL'}")
        if is_new:
            connection.executescript(
                f"BEGIN IMMEDIATE;{_SCHEMA}PRAGMA application_id = {APPLICATION_ID};"
                f"PRAGMA user_version = {_VERSION};COMMIT;"
            )


def _is_new(connection: sqlite3.Connection) -> bool:
    """Return whether nobody has written to the file yet.

    Raises:
        sqlite3.DatabaseError: somebody has, but not we.
    """
    # One transaction: who makes the ledger meanwhile is seen with all of it, or not at all.
    connection.execute("BEGIN")
    try:
        (owner,) = connection.execute("PRAGMA application_id").fetchone()
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        tables = connection.execute(
            "SELECT name FROM sqlite_master WHERE type IN ('table', 'view')"
        ).fetchall()
        if owner not in (0, APPLICATION_ID):
            raise sqlite3.DatabaseError(f"it is the file of another application, whose id is {owner}")
        if version > _VERSION:
            raise sqlite3.DatabaseError(
                f"its tables are of version {version}, and this program knows {_VERSION}"
            )
        if version == _VERSION:
            for statement in _READ:
                try:
                    connection.execute(statement)
                except sqlite3.OperationalError as failure:
                    raise sqlite3.DatabaseError(f"it has not the tables of a ledger: {failure}") from failure
        elif tables:
            raise sqlite3.DatabaseError(f"it has the tables of another application, such as `{tables[0][0]}`")
    finally:
        connection.execute("COMMIT")
    return bool(version < _VERSION)
