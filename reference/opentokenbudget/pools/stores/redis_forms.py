"""What is sent to Redis, as bytes; redis_lua/ reads it.

An amount is two doubles, whole units and parts of 10⁻¹²: both are exact, for neither passes 2⁵³.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from math import inf
from struct import Struct

from ...amounts import PICO
from ..orders import Bucket, Entry, Gate, OnExpiry, Order, Period, Rolling, Span
from .redis_links import Command
from .store import StoreUnavailable

LARGEST = 10**15 * PICO
"""No amount may be larger: up to here sums of several are exact too."""

GATES: tuple[Gate, ...] = ("reserve", "check", "open")
RELEASES, IS_BUCKET, IS_MOVING = 4, 8, 16
AMOUNT = Struct("<dd")
COUNT = Struct("<I")
INSTANT = Struct("<d")
KEPT_BUCKET = Struct("<3d")

_SPAN, _ROLLING, _BUCKET, _IDLE = range(4)
_SHA256 = re.compile("sha256:[0-9a-f]{64}")
_TERMS = Struct("<BB7d")
_FLAGS = Struct("<Bd")


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
        self._horizon = INSTANT.pack(horizon_us)

    def reserve(self, order: Order) -> Command:
        """Return the command that carries `order` out.

        Raises:
            StoreUnavailable: an amount is larger than LARGEST.
        """
        fields: list[bytes] = []
        kept: list[bytes] = []
        asked = [self._horizon, INSTANT.pack(order.expires_after_us)]
        for entry in order.entries:
            field, name = _named(entry.account)
            amount = _amount(entry.amount)
            period = entry.period
            flags, terms = _terms(entry.gate, entry.limit, period, entry.on_expiry)
            fields.append(field)
            asked += (terms, amount)
            kept += (flags, amount, name)
            if isinstance(period, Bucket):
                kept.append(KEPT_BUCKET.pack(*_limbs(period.refill), period.per_us))
        digest = _digest(order.digest)
        kept += (COUNT.pack(len(digest)), digest, text_of(order.memo))
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
        return self._command("extend", INSTANT.pack(expires_after_us), b"r" + escaped(id_))

    def sweep(self) -> Command:
        """Return the command that ends and forgets some of what is due."""
        return self._command("sweep", b"")

    def page(self, first: bytes, last: bytes, count: int) -> Command:
        """Return the command that reads windows from member `first` of the index to `last`."""
        return (b"FCALL", self._functions["page"], b"1", self.hash, first, last, b"%d" % count)

    def _command(self, name: str, asked: bytes, *fields: bytes) -> Command:
        return (b"FCALL", self._functions[name], b"1", self.hash, self._horizon + asked, *fields)


def text_of(text: str) -> bytes:
    """Return `text` as bytes that sort like it; a lone surrogate is a character like any other."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")


def _digest(text: str) -> bytes:
    """Return a digest as it is kept: of SHA-256 the 32 bytes, for ended reservations are many."""
    if _SHA256.fullmatch(text):
        return b"#" + bytes.fromhex(text[7:])
    return b"=" + text_of(text)


def escaped(text: str) -> bytes:
    """Return an id or a name as fields hold it: a NUL of its own is not one that separates."""
    return text_of(text).replace(b"\0", b"\0\xff")


def _limbs(amount: int) -> tuple[int, int]:
    if -LARGEST <= amount <= LARGEST:
        return divmod(amount, PICO)
    raise StoreUnavailable(f"an amount of {amount // PICO} is more than Redis can count: {LARGEST // PICO}")


@lru_cache(8192)
def _named(account: str) -> tuple[bytes, bytes]:
    """Return the field of the latest window of `account`, alone and with its length before it."""
    field = b"w" + escaped(account)
    return field, COUNT.pack(len(field)) + field


@lru_cache(8192)
def _terms(gate: Gate, limit: int | None, period: Period, on_expiry: OnExpiry) -> tuple[bytes, bytes]:
    """Return what of an entry is mostly the same: what is kept before its amount, and what is asked before it."""
    flags = GATES.index(gate) + (RELEASES if on_expiry == "release" else 0)
    ceiling = (inf, 0) if limit is None else _limbs(limit)
    asked = (GATES.index(gate), *ceiling)
    if isinstance(period, Span):
        until = inf if period.until_us is None else period.until_us
        rollover = _limbs(period.rollover) if period.rollover else (0, 0)
        terms = _TERMS.pack(_SPAN, *asked, period.from_us, until, *rollover, period.carry_overrun)
        return _FLAGS.pack(flags, period.from_us), terms
    flags += IS_MOVING
    if isinstance(period, Rolling):
        terms = _TERMS.pack(_ROLLING, *asked, 0, period.grain_us, period.grains, 0, 0)
    elif isinstance(period, Bucket):
        flags += IS_BUCKET
        terms = _TERMS.pack(_BUCKET, *asked, 0, *_limbs(period.refill), period.per_us, 0)
    else:
        terms = _TERMS.pack(_IDLE, *asked, 0, period.after_us, 0, 0, 0)
    return _FLAGS.pack(flags, 0), terms


def _asked(entry: Entry) -> bytes:
    return _terms(entry.gate, entry.limit, entry.period, entry.on_expiry)[1] + _amount(entry.amount)


def _amount(amount: int) -> bytes:
    return AMOUNT.pack(*_limbs(amount))
