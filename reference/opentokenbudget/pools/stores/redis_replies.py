"""What Redis answers, and what it keeps, from the bytes that redis_lua/ writes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import inf
from struct import Struct

from ...amounts import PICO
from ..balances import Balance, Held
from ..ledger import Reservation, view_of
from ..orders import (
    Answer,
    Bucket,
    Conflict,
    Ended,
    Entry,
    OnExpiry,
    Order,
    Refused,
    Reserved,
    Rolling,
    Seen,
    Span,
    StalePolicy,
    State,
    WrongWindow,
)
from .redis_forms import AMOUNT, COUNT, GATES, INSTANT, IS_BUCKET, IS_MOVING, KEPT_BUCKET, RELEASES
from .store import Account

_STATES: tuple[State, ...] = ("open", "settled", "released", "expired", "late")
_STATUSES = {
    ord("u"): "unknown",
    ord("p"): "replayed",
    ord("c"): "conflict",
    ord("x"): "expired",
    ord("g"): "granted",
}
_OPEN = 1
_NEW = -1
_HAS_MORE = ord("+")
_NOTHING_MORE = (0.0,) * 4

_ROW = Struct("<9d")
_MORE = Struct("<4d")
_HEAD = Struct("<BHHdd")
_HELD = Struct("<2d")
_KEPT = Struct("<BdddI")
_INSTANTS = Struct("<dd")
_INDEX = Struct("<H")
_START = Struct(">d")


def answer_of(order: Order, reply: bytes) -> Answer:
    """Return what was answered to `order`."""
    kind = reply[0]
    if kind == ord("h"):
        at_us, expires_us = _INSTANTS.unpack_from(reply, 1)
        now_us = int(at_us)
        seen, _ = _all_seen(order.entries, reply, 1 + _INSTANTS.size, now_us)
        accounts = tuple([entry.account for entry in order.entries])
        return Reserved(now_us, int(expires_us), seen, accounts, order.memo)
    now_us, at = _at(reply), 1 + INSTANT.size
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
    return _all_seen(entries, reply, 1 + INSTANT.size, now_us)[0]


def ended_of(actuals: Mapping[str, int], reply: bytes) -> Ended:
    """Return what became of a reservation for which `actuals` were given."""
    kind, now_us = reply[0], _at(reply)
    if kind == ord("S"):
        return Ended("settled", now_us, None, dict(actuals), {})
    if kind == ord("e"):
        return Ended("extended", now_us, int(_INSTANTS.unpack_from(reply, 1)[1]))
    if kind not in b"sl":
        return Ended(_STATUSES[kind], now_us)  # type: ignore[arg-type]
    known = reservation_of("", reply[1 + INSTANT.size :])
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
    at = past if state == _OPEN else past + count * AMOUNT.size
    place = at + moving * _HELD.size
    held = []
    for _ in range(count):
        charged = None
        if state != _OPEN:
            charged = _pico(*AMOUNT.unpack_from(kept, past))
            past += AMOUNT.size
        flags, start_us, amount, parts, size = _KEPT.unpack_from(kept, place)
        mark = made_us
        if flags & IS_MOVING:
            start_us, mark = _HELD.unpack_from(kept, at)
            at += _HELD.size
        place += _KEPT.size + size
        account = plain(kept[place - size + 1 : place])
        bucket = None
        if flags & IS_BUCKET:
            refill, refill_parts, per_us = KEPT_BUCKET.unpack_from(kept, place)
            place += KEPT_BUCKET.size
            bucket = Bucket(_pico(refill, refill_parts), int(per_us))
        on_expiry: OnExpiry = "release" if flags & RELEASES else "charge"
        held.append(
            Held(
                account,
                int(start_us),
                _pico(amount, parts),
                GATES[flags & 3],
                on_expiry,
                bucket,
                int(mark),
                charged,
            )
        )
    (size,) = COUNT.unpack_from(kept, place)
    place += COUNT.size
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


def plain(name: bytes) -> str:
    """Return the account of which `name_of` gave `name`."""
    return _text(name.replace(b"\0\xff", b"\0"))


def _text(encoded: bytes) -> str:
    return encoded.decode("utf-8", "surrogatepass")


def _digest_text(kept: bytes) -> str:
    return f"sha256:{kept[1:].hex()}" if kept.startswith(b"#") else _text(kept[1:])


def _pico(whole: float, parts: float) -> int:
    return int(whole) * PICO + int(parts)


def _at(reply: bytes) -> int:
    return int(INSTANT.unpack_from(reply, 1)[0])


def _all_seen(entries: Sequence[Entry], reply: bytes, at: int, now_us: int) -> tuple[tuple[Seen, ...], int]:
    """Return the balances of `entries` whose rows stand in `reply` from `at` on, and where they end."""
    found = []
    for entry in entries:
        start, settled, settled_parts, reserved, reserved_parts, *_, mark = _ROW.unpack_from(reply, at + 1)
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
        elif isinstance(period, Rolling):
            start = int(start)
            retry_us = start + period.grain_us
        else:
            start = int(start)
            retry_us = None if mark == _NEW else int(mark) + period.after_us
        found.append(Seen(entry.account, start, settled, reserved, granted, retry_us))
    return tuple(found), at


class _One:
    """Books with one balance in them."""

    def __init__(self, found: Balance) -> None:
        self._found = found

    def balance(self, account: str, start_us: int) -> Balance:
        return self._found
