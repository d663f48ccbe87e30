"""The ledger: reserve, extend, settle, release and expire, over books that somebody keeps.

The functions read and write `Books` and nothing else; whoever keeps them sees to it that one operation is done as
a whole before the next begins, and says what time it is. Instants are integer microseconds.

Source: spec/50-pools.md OTB-POOL-040 ff., windows 030 ff.; the two phases are those of TigerBeetle's transfers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, NamedTuple, Protocol

from msgspec import Struct

from .balances import Balance, Held, drained, ended, fits, handed_on, holding, late, touched
from .orders import (
    Answer,
    Bucket,
    Conflict,
    Ended,
    Entry,
    Idle,
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


class Reservation(Struct, frozen=True, gc=False):
    """One id for all time that it is remembered.

    Attributes:
        expires_us: when it ends by itself, if it is open; else when it ended.
    """

    id: str
    digest: str
    memo: str
    made_us: int
    expires_us: int
    state: State
    held: tuple[Held, ...]


class Books(Protocol):
    """Where balances and reservations are written down."""

    def balance(self, account: str, start_us: int) -> Balance | None:
        """Return a window's balance."""

    def latest(self, account: str) -> int | None:
        """Return the start of the latest window of `account`."""

    def since(self, account: str, start_us: int) -> Iterable[Balance]:
        """Return the balances of the windows from `start_us` on."""

    def put(self, account: str, start_us: int, balance: Balance) -> None:
        """Write a window's balance."""

    def reservation(self, id_: str) -> Reservation | None:
        """Return what is remembered of `id_`."""

    def keep(self, reservation: Reservation) -> None:
        """Write a reservation."""

    def due(self, now_us: int) -> Iterable[Reservation]:
        """Return open reservations that expire by `now_us`, all or the first of them, oldest first."""

    def revision(self, policy: str) -> str:
        """Return the newest revision of `policy` that was seen; empty when none was."""

    def revise(self, policy: str, revision: str) -> None:
        """Write the newest revision of `policy`."""


class View(NamedTuple):
    """The current window of an entry, and what counts against its limit, and beside it."""

    start_us: int
    balance: Balance
    settled: int
    reserved: int
    granted: int
    retry_us: int | None


def reserve(books: Books, order: Order, now_us: int) -> Answer:
    """Hold every entry of `order`, or none."""
    expire(books, now_us)
    known = books.reservation(order.id)
    if known is not None:
        if known.digest != order.digest:
            return Conflict(now_us)
        accounts = tuple(held.account for held in known.held)
        return Reserved(now_us, known.expires_us, (), accounts, known.memo, known.state, True)
    if order.policy:
        newest = books.revision(order.policy)
        if order.revision < newest:
            return StalePolicy(now_us, newest)
    views: list[View] = []
    refusals: list[Seen] = []
    for entry in order.entries:
        view = view_of(books, entry, now_us)
        if view is None:
            return WrongWindow(now_us)
        views.append(view)
        if entry.gate == "open":
            continue
        used = view.settled + view.reserved if entry.gate == "reserve" else view.settled
        if not fits(used, entry.amount, entry.limit, view.granted):
            refusals.append(_seen(entry, view))
    if refusals:
        return Refused(now_us, tuple(refusals))
    if order.policy and order.revision != newest:
        books.revise(order.policy, order.revision)
    held = tuple(
        [_hold(books, entry, view, now_us) for entry, view in zip(order.entries, views, strict=True)]
    )
    expires_us = now_us + order.expires_after_us
    books.keep(Reservation(order.id, order.digest, order.memo, now_us, expires_us, "open", held))
    return Reserved(
        now_us,
        expires_us,
        tuple(map(_seen, order.entries, views)),
        tuple(entry.account for entry in order.entries),
        order.memo,
    )


def look(books: Books, entries: Iterable[Entry], now_us: int) -> tuple[Seen, ...] | WrongWindow:
    """Return the balances that `entries` would be held against; what has expired counts as expired."""
    expire(books, now_us)
    seen = []
    for entry in entries:
        view = view_of(books, entry, now_us)
        if view is None:
            return WrongWindow(now_us)
        seen.append(_seen(entry, view))
    return tuple(seen)


def settle(books: Books, id_: str, actuals: Mapping[str, int], now_us: int) -> Ended:
    """Charge what was used, by account; an account that is left out is charged its bound."""
    expire(books, now_us)
    known = books.reservation(id_)
    if known is None:
        return Ended("unknown", now_us)
    amounts = [actuals.get(held.account, held.amount) for held in known.held]
    if known.state in ("settled", "late"):
        is_same = all(
            amount == held.charged or (known.state == "late" and amount < (held.charged or 0))
            for amount, held in zip(amounts, known.held, strict=True)
        )
        return Ended("replayed" if is_same else "conflict", now_us)
    if known.state == "open":
        return _end(books, known, "settled", amounts, now_us)
    return _end_late(books, known, amounts, now_us)


def release(books: Books, id_: str, now_us: int) -> Ended:
    """Give everything back."""
    expire(books, now_us)
    known = books.reservation(id_)
    if known is None:
        return Ended("unknown", now_us)
    if known.state != "open":
        if known.state == "released":
            return Ended("replayed", now_us)
        return Ended("expired" if known.state == "expired" else "conflict", now_us)
    return _end(books, known, "released", [0] * len(known.held), now_us)


def extend(books: Books, id_: str, expires_after_us: int, now_us: int) -> Ended:
    """Let an open reservation live for `expires_after_us` from now, if it would end before."""
    expire(books, now_us)
    known = books.reservation(id_)
    if known is None:
        return Ended("unknown", now_us)
    if known.state != "open":
        return Ended("expired" if known.state == "expired" else "conflict", now_us)
    expires_us = max(known.expires_us, now_us + expires_after_us)
    for held in known.held:
        balance, mark = _current(books, held, now_us)
        books.put(held.account, held.start_us, touched(balance, mark))
    books.keep(_with(known, "open", expires_us, known.held))
    return Ended("extended", now_us, expires_us)


def expire(books: Books, now_us: int) -> int:
    """End what has not been ended in time, each at its own instant, and return how many reservations that were."""
    count = 0
    for known in books.due(now_us):
        amounts = [held.amount if held.on_expiry == "charge" else 0 for held in known.held]
        _end(books, known, "expired", amounts, known.expires_us)
        count += 1
    return count


def grant(books: Books, entry: Entry, now_us: int) -> Ended:
    """Add the amount of `entry`, which may be negative, to what its current window has beside its limit."""
    expire(books, now_us)
    view = view_of(books, entry, now_us)
    if view is None:
        return Ended("conflict", now_us)
    old = view.balance
    granted = old.granted + entry.amount
    # A session begins with it.
    mark = now_us if isinstance(entry.period, Idle) else old.mark
    books.put(
        entry.account,
        view.start_us,
        Balance(old.settled, old.reserved, old.overrun, granted, entry.limit, old.until_us, mark),
    )
    return Ended("granted", now_us)


def view_of(books: Books, entry: Entry, now_us: int) -> View | None:
    """Return the current window of `entry`, or None when the one that it names is not current."""
    period = entry.period
    if isinstance(period, Span):
        return _span(books, entry, period, now_us)
    if isinstance(period, Rolling):
        return _rolling(books, entry, period, now_us)
    if isinstance(period, Bucket):
        tick = now_us // period.per_us
        balance = books.balance(entry.account, 0)
        balance = Balance(mark=tick) if balance is None else drained(balance, period, tick)
        retry_us = _refilled(entry, period, balance, tick)
        return View(0, balance, balance.settled, 0, balance.granted, retry_us)
    return _idle(books, entry, period, now_us)


def _span(books: Books, entry: Entry, span: Span, now_us: int) -> View | None:
    until_us = span.until_us
    if now_us < span.from_us or (until_us is not None and now_us >= until_us):
        return None
    balance = books.balance(entry.account, span.from_us)
    if balance is None:
        granted = 0
        if span.rollover is not None or span.carry_overrun:
            latest = books.latest(entry.account)
            before = None if latest is None else books.balance(entry.account, latest)
            gap = before is not None and before.until_us != span.from_us
            granted = handed_on(None if gap else before, gap, entry.limit, span.rollover, span.carry_overrun)
        balance = Balance(granted=granted, until_us=until_us)
    return View(span.from_us, balance, balance.settled, balance.reserved, balance.granted, until_us)


def _rolling(books: Books, entry: Entry, period: Rolling, now_us: int) -> View:
    start_us = now_us - now_us % period.grain_us
    settled = reserved = granted = 0
    for balance in books.since(entry.account, start_us - period.grains * period.grain_us):
        settled += balance.settled
        reserved += balance.reserved
        granted += balance.granted
    own = books.balance(entry.account, start_us) or Balance(until_us=start_us + period.grain_us)
    return View(start_us, own, settled, reserved, granted, start_us + period.grain_us)


def _idle(books: Books, entry: Entry, period: Idle, now_us: int) -> View:
    latest = books.latest(entry.account)
    balance = None if latest is None else books.balance(entry.account, latest)
    if latest is None or balance is None or now_us - balance.mark >= period.after_us:
        return View(now_us, Balance(), 0, 0, 0, None)
    ends_us = balance.mark + period.after_us
    return View(latest, balance, balance.settled, balance.reserved, balance.granted, ends_us)


def _refilled(entry: Entry, bucket: Bucket, balance: Balance, tick: int) -> int | None:
    """Return the instant at which the bucket has room for `entry`, None when it never has."""
    if entry.limit is None:
        return None
    missing = balance.settled + entry.amount - entry.limit - balance.granted
    if entry.amount > entry.limit + balance.granted or bucket.refill <= 0:
        return None
    return (tick + max(1, -(-missing // bucket.refill))) * bucket.per_us


def _seen(entry: Entry, view: View) -> Seen:
    return Seen(entry.account, view.start_us, view.settled, view.reserved, view.granted, view.retry_us)


def _hold(books: Books, entry: Entry, view: View, now_us: int) -> Held:
    bucket, mark = None, now_us
    if isinstance(entry.period, Bucket):
        bucket, mark = entry.period, view.balance.mark
    held = Held(entry.account, view.start_us, entry.amount, entry.gate, entry.on_expiry, bucket, mark)
    books.put(entry.account, view.start_us, holding(view.balance, held, entry.limit))
    return held


def _end(
    books: Books,
    known: Reservation,
    state: Literal["settled", "released", "expired"],
    amounts: Sequence[int],
    now_us: int,
) -> Ended:
    charged, overrun, done = {}, {}, []
    for held, amount in zip(known.held, amounts, strict=True):
        balance, mark = _current(books, held, now_us)
        books.put(held.account, held.start_us, ended(balance, held, amount, mark))
        charged[held.account] = amount
        if amount > held.amount:
            overrun[held.account] = amount - held.amount
        done.append(_charged(held, amount))
    books.keep(_with(known, state, now_us, tuple(done)))
    return Ended(state, now_us, None, charged, overrun)


def _end_late(books: Books, known: Reservation, amounts: Sequence[int], now_us: int) -> Ended:
    overrun, done = {}, []
    for held, amount in zip(known.held, amounts, strict=True):
        before = held.charged or 0
        more = max(0, amount - before)
        if more:
            balance, mark = _current(books, held, now_us)
            books.put(held.account, held.start_us, late(balance, more, mark))
            overrun[held.account] = more
        done.append(_charged(held, before + more))
    books.keep(_with(known, "late", now_us, tuple(done)))
    return Ended("late", now_us, None, overrun, overrun)


def _current(books: Books, held: Held, now_us: int) -> tuple[Balance, int]:
    """Return the balance that `held` was taken from, and the mark of this moment on it.

    A mark goes never back, whatever the clock does: nothing is refilled twice.
    """
    balance = books.balance(held.account, held.start_us) or Balance()
    if held.bucket is None:
        return balance, max(now_us, balance.mark)
    tick = max(now_us // held.bucket.per_us, balance.mark)
    return drained(balance, held.bucket, tick), tick


def _charged(held: Held, amount: int) -> Held:
    return Held(
        held.account, held.start_us, held.amount, held.gate, held.on_expiry, held.bucket, held.mark, amount
    )


def _with(known: Reservation, state: State, expires_us: int, held: tuple[Held, ...]) -> Reservation:
    return Reservation(known.id, known.digest, known.memo, known.made_us, expires_us, state, held)
