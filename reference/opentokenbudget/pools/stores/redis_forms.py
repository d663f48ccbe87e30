"""What is sent to Redis and what comes back, as bytes; redis_lua/ reads and writes the same.

An amount is two doubles, whole units and parts of 10⁻¹²: both are exact, for neither passes 2⁵³.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from math import inf
from struct import Struct
from typing import Any

from ...amounts import PICO
from ..balances import Balance, Held
from ..ledger import Reservation, view_of
from ..orders import (
    Answer,
    Bucket,
    Conflict,
    Ended,
    Entry,
    Gate,
    OnExpiry,
    Order,
    Period,
    Refused,
    Reserved,
    Rolling,
    Seen,
    Span,
    StalePolicy,
    State,
    WrongWindow,
)
from .redis_links import Command
from .store import Account

LARGEST = 10**15 * PICO
"""No amount may be larger: up to here sums of several are exact too."""

_SPAN, _ROLLING, _BUCKET, _IDLE = range(4)
_SHA256 = re.compile("sha256:[0-9a-f]{64}")
_GATES: dict[Gate, int] = {"reserve": 0, "check": 1, "open": 2}
_GATE_NAMES: tuple[Gate, ...] = ("reserve", "check", "open")
_STATES: tuple[State, ...] = ("open", "settled", "released", "expired", "late")
_STATUSES = {
    ord("u"): "unknown",
    ord("p"): "replayed",
    ord("c"): "conflict",
    ord("x"): "expired",
    ord("g"): "granted",
}
_RELEASES, _IS_BUCKET, _IS_MOVING = 4, 8, 16
_OPEN = 1
_HAS_MORE = ord("+")
_NOTHING_MORE = (0.0,) * 4

_ROW = Struct("<9d")
_MORE = Struct("<4d")
_HEAD = Struct("<BHHdd")
_HELD = Struct("<2d")
_KEPT = Struct("<BdddI")
_KEPT_BUCKET = Struct("<3d")
_TERMS = Struct("<BB7d")
_INSTANT = Struct("<d")
_INSTANTS = Struct("<dd")
_AMOUNT = Struct("<dd")
_INDEX = Struct("<H")
_COUNT = Struct("<I")
_FLAGS = Struct("<Bd")
_START = Struct(">d")


class Forms:
    """How operations on one namespace are asked for.

    Args:
        namespace: of the keys.
        library: whose functions carry the operations out.
        horizon_us: how long ended reservations are remembered.
    """

    def __init__(self, namespace: str, library: str, horizon_us: int) -> None:
        self.hash = b"{%b}:h" % namespace.encode()
        self._functions = {
            name: f"{library}_{name}".encode()
            for name in ("reserve", "look", "grant", "settle", "release", "extend", "sweep", "page")
        }
        self._reserve = (b"FCALL", self._functions["reserve"], b"1", self.hash)
        self._settle = (b"FCALL", self._functions["settle"], b"1", self.hash)
        self._horizon = _INSTANT.pack(horizon_us)

    def reserve(self, order: Order) -> Command:
        """Return the command that carries `order` out.

        Raises:
            ValueError: an amount is larger than LARGEST.
        """
        fields: list[Any] = []
        kept: list[Any] = []
        asked = [self._horizon, _INSTANT.pack(order.expires_after_us)]
        for entry in order.entries:
            field, name = _named(entry.account)
            amount = _amount(entry.amount)
            period = entry.period
            flags, terms = _terms(entry.gate, entry.limit, period, entry.on_expiry)
            fields.append(field)
            asked += (terms, amount)
            kept += (flags, amount, name)
            if isinstance(period, Bucket):
                kept.append(_KEPT_BUCKET.pack(*_limbs(period.refill), period.per_us))
        digest = _digest(order.digest)
        kept += (_COUNT.pack(len(digest)), digest, text_of(order.memo))
        return (
            *self._reserve,
            b"".join(asked),
            b"".join(kept),
            text_of(order.revision),
            b"r" + escaped(order.id),
            b"v" + escaped(order.policy),
            *fields,
        )

    def look(self, entries: Sequence[Entry]) -> Command:
        """Return the command that looks at the balances of `entries`."""
        fields = [_named(entry.account)[0] for entry in entries]
        return self._command("look", b"".join(map(_asked, entries)), *fields)

    def grant(self, entry: Entry) -> Command:
        """Return the command that grants the amount of `entry`."""
        return self._command("grant", _asked(entry), _named(entry.account)[0])

    def settle(self, id_: str, actuals: Mapping[str, int]) -> Command:
        """Return the command that charges `actuals`."""
        return (
            *self._settle,
            b"".join([self._horizon, *map(_amount, actuals.values())]),
            b"r" + escaped(id_),
            *[_named(account)[0] for account in actuals],
        )

    def release(self, id_: str) -> Command:
        """Return the command that gives everything back."""
        return self._command("release", b"", b"r" + escaped(id_))

    def extend(self, id_: str, expires_after_us: int) -> Command:
        """Return the command that lets a reservation live on."""
        return self._command("extend", _INSTANT.pack(expires_after_us), b"r" + escaped(id_))

    def sweep(self) -> Command:
        """Return the command that ends and forgets some of what is due."""
        return self._command("sweep", b"")

    def page(self, first: bytes, last: bytes, count: int) -> Command:
        """Return the command that reads windows from member `first` of the index to `last`."""
        return (b"FCALL", self._functions["page"], b"1", self.hash, first, last, b"%d" % count)

    def _command(self, name: str, asked: bytes, *fields: bytes) -> Command:
        return (b"FCALL", self._functions[name], b"1", self.hash, self._horizon + asked, *fields)


def answer_of(order: Order, reply: bytes) -> Answer:
    """Return what was answered to `order`."""
    kind = reply[0]
    if kind == ord("h"):
        at_us, expires_us = _INSTANTS.unpack_from(reply, 1)
        now_us = int(at_us)
        seen, _ = _all_seen(order.entries, reply, 1 + _INSTANTS.size, now_us)
        accounts = tuple([entry.account for entry in order.entries])
        return Reserved(now_us, int(expires_us), seen, accounts, order.memo)
    now_us, at = _at(reply), 1 + _INSTANT.size
    if kind == ord("f"):
        refusals: list[Seen] = []
        while at < len(reply):
            (position,) = _INDEX.unpack_from(reply, at)
            seen, at = _all_seen(order.entries[position - 1 : position], reply, at + _INDEX.size, now_us)
            refusals += seen
        return Refused(now_us, tuple(refusals))
    if kind == ord("p"):
        known = reservation_of(order.id, reply[at:])
        accounts = tuple([held.account for held in known.held])
        return Reserved(now_us, known.expires_us, (), accounts, known.memo, known.state, True)
    if kind == ord("c"):
        return Conflict(now_us)
    if kind == ord("w"):
        return WrongWindow(now_us)
    return StalePolicy(now_us, _text(reply[at:]))


def look_of(entries: Sequence[Entry], reply: bytes) -> tuple[Seen, ...] | WrongWindow:
    """Return what was seen of `entries`."""
    now_us = _at(reply)
    if reply[0] == ord("w"):
        return WrongWindow(now_us)
    return _all_seen(entries, reply, 1 + _INSTANT.size, now_us)[0]


def ended_of(actuals: Mapping[str, int], reply: bytes) -> Ended:
    """Return what became of a reservation for which `actuals` were given."""
    kind, now_us = reply[0], _at(reply)
    if kind == ord("S"):
        return Ended("settled", now_us, None, dict(actuals), {})
    if kind == ord("e"):
        return Ended("extended", now_us, int(_INSTANTS.unpack_from(reply, 1)[1]))
    if kind not in b"sl":
        return Ended(_STATUSES[kind], now_us)  # type: ignore[arg-type]
    known = reservation_of("", reply[1 + _INSTANT.size :])
    charged = {held.account: held.charged or 0 for held in known.held}
    if known.state == "late":
        more = {account: amount for account, amount in charged.items() if amount}
        return Ended("late", now_us, None, more, more)
    overrun = {
        held.account: charged[held.account] - held.amount
        for held in known.held
        if charged[held.account] > held.amount
    }
    return Ended("released" if known.state == "released" else "settled", now_us, None, charged, overrun)


def reservation_of(id_: str, kept: bytes) -> Reservation:
    """Return the reservation `id_` from what was kept of it."""
    state, count, moving, made_us, expires_us = _HEAD.unpack_from(kept)
    past = _HEAD.size
    at = past if state == _OPEN else past + count * _AMOUNT.size
    place = at + moving * _HELD.size
    held = []
    for _ in range(count):
        charged = None
        if state != _OPEN:
            charged = _pico(*_AMOUNT.unpack_from(kept, past))
            past += _AMOUNT.size
        flags, start_us, amount, parts, size = _KEPT.unpack_from(kept, place)
        mark = made_us
        if flags & _IS_MOVING:
            start_us, mark = _HELD.unpack_from(kept, at)
            at += _HELD.size
        place += _KEPT.size + size
        account = plain(kept[place - size + 1 : place])
        bucket = None
        if flags & _IS_BUCKET:
            refill, refill_parts, per_us = _KEPT_BUCKET.unpack_from(kept, place)
            place += _KEPT_BUCKET.size
            bucket = Bucket(_pico(refill, refill_parts), int(per_us))
        on_expiry: OnExpiry = "release" if flags & _RELEASES else "charge"
        held.append(
            Held(
                account,
                int(start_us),
                _pico(amount, parts),
                _GATE_NAMES[flags & 3],
                on_expiry,
                bucket,
                int(mark),
                charged,
            )
        )
    (size,) = _COUNT.unpack_from(kept, place)
    place += _COUNT.size
    digest, memo = _digest_text(kept[place : place + size]), _text(kept[place + size :])
    return Reservation(id_, digest, memo, int(made_us), int(expires_us), _STATES[state - 1], tuple(held))


def account_of(member: bytes, row: bytes) -> Account:
    """Return a window as it stands in the index, with its balance."""
    start, *amounts, ceiling, ceiling_parts, until, mark = _ROW.unpack_from(row)
    more = _MORE.unpack_from(row, _ROW.size) if len(row) > _ROW.size else _NOTHING_MORE
    settled, reserved, overrun, granted = (
        _pico(whole, parts) for whole, parts in (amounts[:2], amounts[2:], more[:2], more[2:])
    )
    limit = None if ceiling == inf else _pico(ceiling, ceiling_parts)
    until_us = None if until == inf else int(until)
    balance = Balance(settled, reserved, overrun, granted, limit, until_us, int(mark))
    # An older window is named with its start; in names a NUL is followed by 0xFF, which no start begins with.
    end = len(member) - _START.size - 1
    is_older = end >= 0 and member[end] == 0 and member[end + 1] != 0xFF
    return Account(plain(member[:end] if is_older else member), int(start), balance)


def text_of(text: str) -> bytes:
    """Return `text` as bytes that sort like it; a lone surrogate is a character like any other."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")


def _text(encoded: bytes) -> str:
    return encoded.decode("utf-8", "surrogatepass")


def _digest(text: str) -> bytes:
    """Return a digest as it is kept: of SHA-256 the 32 bytes, for ended reservations are many."""
    if _SHA256.fullmatch(text):
        return b"#" + bytes.fromhex(text[7:])
    return b"=" + text_of(text)


def _digest_text(kept: bytes) -> str:
    return f"sha256:{kept[1:].hex()}" if kept.startswith(b"#") else _text(kept[1:])


def escaped(text: str) -> bytes:
    """Return an id or a name as fields hold it: a NUL of its own is not one that separates."""
    return text_of(text).replace(b"\0", b"\0\xff")


def plain(name: bytes) -> str:
    """Return the account of which `name_of` gave `name`."""
    return _text(name.replace(b"\0\xff", b"\0"))


def _limbs(amount: int) -> tuple[int, int]:
    if -LARGEST <= amount <= LARGEST:
        return divmod(amount, PICO)
    raise ValueError(f"an amount of {amount // PICO} is more than Redis can count: {LARGEST // PICO}")


def _pico(whole: float, parts: float) -> int:
    return int(whole) * PICO + int(parts)


def _at(reply: bytes) -> int:
    return int(_INSTANT.unpack_from(reply, 1)[0])


@lru_cache(8192)
def _named(account: str) -> tuple[bytes, bytes]:
    """Return the field of the latest window of `account`, alone and with its length before it."""
    field = b"w" + escaped(account)
    return field, _COUNT.pack(len(field)) + field


@lru_cache(8192)
def _terms(gate: Gate, limit: int | None, period: Period, on_expiry: OnExpiry) -> tuple[bytes, bytes]:
    """Return what of an entry is mostly the same: what is kept before its amount, and what is asked before it."""
    flags = _GATES[gate] + (_RELEASES if on_expiry == "release" else 0)
    ceiling = (inf, 0) if limit is None else _limbs(limit)
    asked = (_GATES[gate], *ceiling)
    if isinstance(period, Span):
        until = inf if period.until_us is None else period.until_us
        rollover = _limbs(period.rollover) if period.rollover else (0, 0)
        terms = _TERMS.pack(_SPAN, *asked, period.from_us, until, *rollover, period.carry_overrun)
        return _FLAGS.pack(flags, period.from_us), terms
    flags += _IS_MOVING
    if isinstance(period, Rolling):
        terms = _TERMS.pack(_ROLLING, *asked, 0, period.grain_us, period.grains, 0, 0)
    elif isinstance(period, Bucket):
        flags += _IS_BUCKET
        terms = _TERMS.pack(_BUCKET, *asked, 0, *_limbs(period.refill), period.per_us, 0)
    else:
        terms = _TERMS.pack(_IDLE, *asked, 0, period.after_us, 0, 0, 0)
    return _FLAGS.pack(flags, 0), terms


def _asked(entry: Entry) -> bytes:
    return _terms(entry.gate, entry.limit, entry.period, entry.on_expiry)[1] + _amount(entry.amount)


def _amount(amount: int) -> bytes:
    return _AMOUNT.pack(*_limbs(amount))


def _all_seen(entries: Sequence[Entry], reply: bytes, at: int, now_us: int) -> tuple[tuple[Seen, ...], int]:
    """Return the balances of `entries` whose rows stand in `reply` from `at` on, and where they end."""
    found = []
    for entry in entries:
        start, settled, settled_parts, reserved, reserved_parts, _, _, until, mark = _ROW.unpack_from(
            reply, at + 1
        )
        granted = 0
        if reply[at] == _HAS_MORE:
            granted = _pico(*_MORE.unpack_from(reply, at + 1 + _ROW.size)[2:])
            at += _MORE.size
        at += 1 + _ROW.size
        settled = int(settled) * PICO + int(settled_parts)
        reserved = int(reserved) * PICO + int(reserved_parts)
        period = entry.period
        retry_us: int | None
        if isinstance(period, Span):
            start, retry_us = period.from_us, period.until_us
        elif isinstance(period, Bucket):
            # Only here can this be reckoned: it divides amounts of any size.
            balance = Balance(settled=settled, granted=granted, mark=int(mark))
            view = view_of(_One(balance), entry, now_us)  # type: ignore[arg-type]
            start, reserved, retry_us = 0, 0, None if view is None else view.retry_us
        else:
            start, retry_us = int(start), None if until == inf else int(until)
        found.append(Seen(entry.account, start, settled, reserved, granted, retry_us))
    return tuple(found), at


class _One:
    """Books with one balance in them."""

    def __init__(self, found: Balance) -> None:
        self._found = found

    def balance(self, account: str, start_us: int) -> Balance:
        return self._found
