"""The books of SQLite: its tables, and the rows as balances and reservations."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from ...amounts import PICO
from ..balances import MOST_GRAINS, Balance, Held
from ..ledger import Reservation
from ..orders import Bucket, Gate, OnExpiry, State
from .store import Account

BALANCE = (
    'settled, settled_part, reserved, reserved_part, overrun, overrun_part, granted, granted_part, "limit",'
    " limit_part, until_us, mark"
)
_WRITTEN = f"INSERT OR REPLACE INTO balances ({BALANCE}, account, start_us) VALUES ({', '.join('?' * 14)})"
_CHANGED = (
    f"UPDATE balances SET {', '.join(f'{name.strip()} = ?' for name in BALANCE.split(','))}"
    " WHERE account = ? AND start_us = ?"
)
_MOVED = (
    "UPDATE balances SET settled = ?, settled_part = ?, reserved = ?, reserved_part = ?, mark = ?"
    " WHERE account = ? AND start_us = ?"
)
RESERVATION = "id, digest, memo, made_us, expires_us, state, held"
_STATES: tuple[State, ...] = ("open", "settled", "released", "expired", "late")
_AT_ONCE = 100
_NEVER = 1 << 62
_REMEMBERED = 100_000


class Unwritten(Exception):
    """What was put or kept before, by whomever, cannot be written down."""


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
                f"SELECT {BALANCE} FROM balances WHERE account = ? AND start_us = ?", (account, start_us)
            ).fetchone()
            if found is not None:
                known = self._balances[account, start_us] = _balance(found, account)
        return known

    def latest(self, account: str) -> int | None:
        self._write()
        (found,) = self._execute(
            "SELECT max(start_us) FROM balances WHERE account = ?", (account,)
        ).fetchone()
        return None if found is None else _whole(found, "balances", account)

    def since(self, account: str, start_us: int) -> Iterable[Balance]:
        self._write()
        found = self._execute(
            f"SELECT {BALANCE} FROM balances WHERE account = ? AND start_us >= ?", (account, start_us)
        )
        return [_balance(row, account) for row in found]

    def put(self, account: str, start_us: int, balance: Balance) -> None:
        where = (account, start_us)
        if where not in self._changed:
            self._changed[where] = self._balances.get(where)
        self._balances[where] = balance

    def reservation(self, id_: str) -> Reservation | None:
        known = self._kept.get(id_) or self._open.get(id_)
        if known is not None:
            return known
        found = self._execute(f"SELECT {RESERVATION} FROM reservations WHERE id = ?", (id_,)).fetchone()
        return None if found is None else _reservation(found)

    def keep(self, reservation: Reservation) -> None:
        id_ = reservation.id
        self._kept[id_] = reservation
        if reservation.state == "open" and self._next_us is not None:
            self._next_us = min(self._next_us, reservation.expires_us)

    def _write(self) -> None:
        """Write what was put and kept since; a balance that many operations changed is written once."""
        name = ""
        try:
            for where, before in self._changed.items():
                name = where[0]
                self._write_balance(where, before, self._balances[where])
            for reservation in self._kept.values():
                name = reservation.id
                self._write_reservation(reservation)
        except OverflowError as failure:
            raise Unwritten(f"a number of `{name}` is more than the store can count: {failure}") from failure
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
            self._next_us = _NEVER if earliest is None else _whole(earliest, "reservations", "expires_us")
        if now_us < self._next_us:
            return []
        self._next_us = None
        self._write()
        found = self._execute(
            f"SELECT {RESERVATION} FROM reservations WHERE state = 'open' AND expires_us <= ?"
            " ORDER BY expires_us, id LIMIT ?",
            (now_us, _AT_ONCE),
        )
        return [_reservation(row) for row in found]

    def revision(self, policy: str) -> str:
        known = self._revisions.get(policy)
        if known is None:
            found = self._execute("SELECT revision FROM revisions WHERE policy = ?", (policy,)).fetchone()
            if found is not None and type(found[0]) is not str:
                raise _damaged("revisions", policy, "what should be a text is none")
            known = self._revisions[policy] = "" if found is None else found[0]
        return known

    def revise(self, policy: str, revision: str) -> None:
        self._execute("INSERT OR REPLACE INTO revisions VALUES (?, ?)", (policy, revision))
        self._revisions[policy] = revision

    def accounts(self, prefix: str) -> list[Account]:
        self._write()
        # Texts compare by their bytes, which in UTF-8 is the order of code points.
        found = self._execute(
            f"SELECT account, start_us, {BALANCE} FROM balances WHERE substr(account, 1, ?) = ?"
            " ORDER BY account, start_us",
            (len(prefix), prefix),
        )
        return [_account(row) for row in found]

    def reservations(self) -> list[Reservation]:
        self._write()
        return list(map(_reservation, self._execute(f"SELECT {RESERVATION} FROM reservations")))

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


def _balance(row: Sequence[Any], account: object) -> Balance:
    if not _KINDS.issuperset(map(type, row)):
        # A text times 10¹² would fill the memory.
        raise _damaged("balances", account, "what should be a whole number is none")
    units, parts = row[8], row[9]
    try:
        return Balance(
            row[0] * PICO + row[1],
            row[2] * PICO + row[3],
            row[4] * PICO + row[5],
            row[6] * PICO + row[7],
            None if units is None else units * PICO + parts,
            row[10],
            row[11],
        )
    except TypeError as failure:
        raise _damaged("balances", account, failure) from failure


def _account(row: Sequence[Any]) -> Account:
    name, start_us, *figures = row
    if type(name) is not str or type(start_us) is not int:
        raise _damaged("balances", name, "its key is no name with an instant")
    return Account(name, start_us, _balance(figures, name))


def _damaged(table: str, key: object, cause: object) -> sqlite3.DatabaseError:
    return sqlite3.DatabaseError(f"the row `{key}` of the table `{table}` is damaged: {cause}")


def _whole(value: object, table: str, key: str) -> int:
    if type(value) is not int:
        raise _damaged(table, key, "what should be a whole number is none")
    return value


_TYPES = [str, str, str, int, int]
_KINDS = frozenset({int, type(None)})
_Amount = tuple[int, int]
_Form = tuple[str, int, _Amount, Gate, OnExpiry, tuple[_Amount, int] | None, int, _Amount | None]
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[_Form]).decode


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
    try:
        if state not in _STATES or [type(each) for each in row[:5]] != _TYPES:
            raise ValueError("a column is not of its kind")
        held = tuple([_held(each) for each in _decode(form)])
    except (msgspec.MsgspecError, TypeError, ValueError) as failure:
        raise _damaged("reservations", id_, failure) from failure
    return Reservation(id_, digest, memo, made_us, expires_us, state, held)


def _held(form: _Form) -> Held:
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
