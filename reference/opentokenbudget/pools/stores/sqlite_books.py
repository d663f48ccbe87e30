"""The books of SQLite: its tables, and the rows as balances and reservations."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from time import monotonic
from typing import Any

import msgspec

from ...amounts import PICO
from ..balances import MOST_GRAINS, Balance, Held
from ..ledger import Reservation
from ..orders import Bucket, State
from .store import Account

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
_VERSION = 1
_BALANCE = (
    'settled, settled_part, reserved, reserved_part, overrun, overrun_part, granted, granted_part, "limit",'
    " limit_part, until_us, mark"
)
_WRITTEN = f"INSERT OR REPLACE INTO balances ({_BALANCE}, account, start_us) VALUES ({', '.join('?' * 14)})"
_CHANGED = (
    f"UPDATE balances SET {', '.join(f'{name.strip()} = ?' for name in _BALANCE.split(','))}"
    " WHERE account = ? AND start_us = ?"
)
_MOVED = (
    "UPDATE balances SET settled = ?, settled_part = ?, reserved = ?, reserved_part = ?, mark = ?"
    " WHERE account = ? AND start_us = ?"
)
_RESERVATION = "id, digest, memo, made_us, expires_us, state, held"
_AT_ONCE = 100
_NEVER = 1 << 62
_REMEMBERED = 100_000
# A change writes the pages that it touches as a whole, and sums them up: small ones cost a third less.
_PAGE_SIZE = 1024
# 64 MiB: each checkpoint flushes the file, and a page that is written often is copied once.
_PAGES_OF_LOG = 65_536


def connected(path: str, durability: str, timeout_s: float) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=timeout_s, isolation_level=None, check_same_thread=False)
    try:
        _prepare(connection, durability, monotonic() + timeout_s)
    except BaseException:
        connection.close()
        raise
    return connection


def _prepare(connection: sqlite3.Connection, durability: str, until: float) -> None:
    connection.execute(f"PRAGMA page_size = {_PAGE_SIZE}")
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > _VERSION:
        raise sqlite3.DatabaseError("a newer program has written this file")
    while True:
        # Two that open a new file at once: the busy timeout does not hold for a change of the journal's mode.
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            break
        except sqlite3.OperationalError:
            if monotonic() >= until:
                raise
    connection.execute(f"PRAGMA wal_autocheckpoint = {_PAGES_OF_LOG}")
    connection.execute(f"PRAGMA synchronous = {'FULL' if durability == 'disk' else 'NORMAL'}")
    if version < _VERSION:
        connection.executescript(f"BEGIN IMMEDIATE;{_SCHEMA}PRAGMA user_version = {_VERSION};COMMIT;")


class SqliteBooks:
    """The books as tables, within the transaction that is open.

    What this connection has read or written is remembered for as long as no other has written since; what operations
    change is written when their transaction is committed, or a query needs it.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection
        self._execute = connection.execute
        self._revisions: dict[str, str] = {}
        self._balances: dict[tuple[str, int], Balance] = {}
        self._open: dict[str, Reservation] = {}
        # Not yet written: balances by what they were, and reservations.
        self._changed: dict[tuple[str, int], Balance | None] = {}
        self._kept: dict[str, Reservation] = {}
        # The earliest end of an open reservation; None when it must be looked up.
        self._next_us: int | None = None
        self._version = -1

    def begin(self) -> None:
        self._execute("BEGIN IMMEDIATE")
        (version,) = self._execute("PRAGMA data_version").fetchone()
        if version != self._version or len(self._balances) + len(self._open) > _REMEMBERED:
            self._forget_all()
            self._version = version

    def commit(self) -> None:
        self._write()
        self._execute("COMMIT")

    def rollback(self) -> None:
        self._forget_all()
        if self.connection.in_transaction:
            self._execute("ROLLBACK")

    def _forget_all(self) -> None:
        self._revisions.clear()
        self._balances.clear()
        self._open.clear()
        self._changed.clear()
        self._kept.clear()
        self._next_us = None

    def balance(self, account: str, start_us: int) -> Balance | None:
        known = self._balances.get((account, start_us))
        if known is None:
            found = self._execute(
                f"SELECT {_BALANCE} FROM balances WHERE account = ? AND start_us = ?", (account, start_us)
            ).fetchone()
            if found is not None:
                known = self._balances[account, start_us] = _balance(found)
        return known

    def latest(self, account: str) -> int | None:
        self._write()
        (found,) = self._execute(
            "SELECT max(start_us) FROM balances WHERE account = ?", (account,)
        ).fetchone()
        return None if found is None else int(found)

    def since(self, account: str, start_us: int) -> Iterable[Balance]:
        self._write()
        found = self._execute(
            f"SELECT {_BALANCE} FROM balances WHERE account = ? AND start_us >= ?", (account, start_us)
        )
        return [_balance(row) for row in found]

    def put(self, account: str, start_us: int, balance: Balance) -> None:
        where = (account, start_us)
        if where not in self._changed:
            self._changed[where] = self._balances.get(where)
        self._balances[where] = balance

    def reservation(self, id_: str) -> Reservation | None:
        known = self._kept.get(id_) or self._open.get(id_)
        if known is not None:
            return known
        found = self._execute(f"SELECT {_RESERVATION} FROM reservations WHERE id = ?", (id_,)).fetchone()
        return None if found is None else _reservation(found)

    def keep(self, reservation: Reservation) -> None:
        id_ = reservation.id
        self._kept[id_] = reservation
        if reservation.state == "open" and self._next_us is not None:
            self._next_us = min(self._next_us, reservation.expires_us)

    def _write(self) -> None:
        """Write what was put and kept since; a balance that many operations changed is written once."""
        for where, before in self._changed.items():
            self._write_balance(where, before, self._balances[where])
        for reservation in self._kept.values():
            self._write_reservation(reservation)
        self._changed.clear()
        self._kept.clear()

    def _write_balance(self, where: tuple[str, int], before: Balance | None, balance: Balance) -> None:
        settled, reserved = divmod(balance.settled, PICO), divmod(balance.reserved, PICO)
        if before is not None and _differ_in_use_alone(before, balance):
            self._execute(_MOVED, (*settled, *reserved, balance.mark, *where))
            return
        limit = (None, None) if balance.limit is None else divmod(balance.limit, PICO)
        self._execute(
            # To change a row costs half of what it costs to replace one.
            _WRITTEN if before is None else _CHANGED,
            (
                *settled,
                *reserved,
                *divmod(balance.overrun, PICO),
                *divmod(balance.granted, PICO),
                *limit,
                balance.until_us,
                balance.mark,
                *where,
            ),
        )

    def _write_reservation(self, reservation: Reservation) -> None:
        id_, held = reservation.id, _held_form(reservation.held)
        if id_ in self._open:
            self._execute(
                "UPDATE reservations SET expires_us = ?, state = ?, held = ? WHERE id = ?",
                (reservation.expires_us, reservation.state, held, id_),
            )
        else:
            self._execute(
                "INSERT OR REPLACE INTO reservations VALUES (?, ?, ?, ?, ?, ?, ?)",
                (
                    id_,
                    reservation.digest,
                    reservation.memo,
                    reservation.made_us,
                    reservation.expires_us,
                    reservation.state,
                    held,
                ),
            )
        if reservation.state == "open":
            self._open[id_] = reservation
        else:
            self._open.pop(id_, None)

    def due(self, now_us: int) -> list[Reservation]:
        if self._next_us is None:
            self._write()
            query = "SELECT min(expires_us) FROM reservations WHERE state = 'open'"
            (earliest,) = self._execute(query).fetchone()
            self._next_us = _NEVER if earliest is None else int(earliest)
        if now_us < self._next_us:
            return []
        self._next_us = None
        self._write()
        found = self._execute(
            f"SELECT {_RESERVATION} FROM reservations WHERE state = 'open' AND expires_us <= ?"
            " ORDER BY expires_us, id LIMIT ?",
            (now_us, _AT_ONCE),
        )
        return [_reservation(row) for row in found]

    def revision(self, policy: str) -> str:
        known = self._revisions.get(policy)
        if known is None:
            found = self._execute("SELECT revision FROM revisions WHERE policy = ?", (policy,)).fetchone()
            known = self._revisions[policy] = "" if found is None else found[0]
        return known

    def revise(self, policy: str, revision: str) -> None:
        self._execute("INSERT OR REPLACE INTO revisions VALUES (?, ?)", (policy, revision))
        self._revisions[policy] = revision

    def accounts(self, prefix: str) -> list[Account]:
        self._write()
        # Texts compare by their bytes, which in UTF-8 is the order of code points.
        found = self._execute(
            f"SELECT account, start_us, {_BALANCE} FROM balances WHERE substr(account, 1, ?) = ?"
            " ORDER BY account, start_us",
            (len(prefix), prefix),
        )
        return [Account(row[0], row[1], _balance(row[2:])) for row in found]

    def reservations(self) -> list[Reservation]:
        self._write()
        return list(map(_reservation, self._execute(f"SELECT {_RESERVATION} FROM reservations")))

    def forget(self, before_us: int) -> None:
        """Forget what ended before an instant and counts nowhere since; of each account the latest window stays."""
        self._write()
        self._forget_all()
        self._execute("DELETE FROM reservations WHERE state <> 'open' AND expires_us < ?", (before_us,))
        self._execute(
            "DELETE FROM balances WHERE until_us + CASE start_us % (until_us - start_us) WHEN 0"
            f" THEN {MOST_GRAINS} * (until_us - start_us) ELSE 0 END < ? AND reserved = 0 AND reserved_part = 0"
            " AND start_us < (SELECT max(start_us) FROM balances AS later WHERE later.account = balances.account)",
            (before_us,),
        )


def _differ_in_use_alone(before: Balance, after: Balance) -> bool:
    return (
        before.limit == after.limit
        and before.overrun == after.overrun
        and before.granted == after.granted
        and before.until_us == after.until_us
    )


def _balance(row: Sequence[Any]) -> Balance:
    units, parts = row[8], row[9]
    return Balance(
        row[0] * PICO + row[1],
        row[2] * PICO + row[3],
        row[4] * PICO + row[5],
        row[6] * PICO + row[7],
        None if units is None else units * PICO + parts,
        row[10],
        row[11],
    )


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder().decode


def _held_form(held: Sequence[Held]) -> bytes:
    form = []
    for each in held:
        bucket = each.bucket
        form.append(
            (
                each.account,
                each.start_us,
                divmod(each.amount, PICO),
                each.gate,
                each.on_expiry,
                None if bucket is None else (divmod(bucket.refill, PICO), bucket.per_us),
                each.mark,
                None if each.charged is None else divmod(each.charged, PICO),
            )
        )
    return _encode(form)


def _reservation(row: Sequence[Any]) -> Reservation:
    id_, digest, memo, made_us, expires_us, state, form = row
    held = tuple(_held(each) for each in _decode(form))
    known: State = state
    return Reservation(id_, digest, memo, made_us, expires_us, known, held)


def _held(form: Sequence[Any]) -> Held:
    account, start_us, amount, gate, on_expiry, bucket, mark, charged = form
    return Held(
        account,
        start_us,
        amount[0] * PICO + amount[1],
        gate,
        on_expiry,
        None if bucket is None else Bucket(bucket[0][0] * PICO + bucket[0][1], bucket[1]),
        mark,
        None if charged is None else charged[0] * PICO + charged[1],
    )
