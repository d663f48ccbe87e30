"""What pools hold for an attempt, as decisions, records and memos write it.

Source: spec/50-pools.md, the notes on `pools` of a decision and on the entries of a record.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from ..amounts import format_decimal, format_instant
from ..pools import Account, Bucket, Charge, Entry, Seen, Span, actual_of, parts_of
from ..pricing import Cost
from ..routing import Attempt

_NS = 1000


class PoolNote(Struct, frozen=True, gc=False):
    """What became of one balance that was asked: amounts in 10⁻¹² of the pool's measure.

    Attributes:
        reason: a code from schemas/v1/reason-codes.json.
        seen: the balance before; None where nobody looked.
    """

    charge: Charge
    seen: Seen | None
    reason: str

    def as_json(self) -> dict[str, Any]:
        """Return the wire form of a pool in a decision."""
        charge, seen = self.charge, self.seen
        form = _named(charge)
        period = charge.entry.period
        if isinstance(period, Span) and period.until_us is not None:
            form["from"] = format_instant(period.from_us * _NS)
            form["until"] = format_instant(period.until_us * _NS)
        limit = charge.entry.limit
        form["limit"] = None if limit is None else format_decimal(limit)
        if seen is not None:
            form["settled"] = format_decimal(seen.settled)
            form["reserved"] = format_decimal(seen.reserved)
            if seen.granted:
                form["granted"] = format_decimal(seen.granted)
        form["bound"] = format_decimal(charge.entry.amount)
        form["reason"] = self.reason
        return form


class Observed(Struct, frozen=True, gc=False):
    """What stores answered on the way to a decision, and what became of every balance."""

    answers: tuple[Any, ...]
    notes: tuple[PoolNote, ...]

    def as_json(self) -> list[dict[str, Any]]:
        """Return the wire form of the pools of a decision."""
        return [note.as_json() for note in self.notes]


class Hold(Struct, frozen=True, gc=False):
    """What an attempt holds.

    Attributes:
        id: of the reservation, `decision#attempt`.
        charges: the balances that hold it.
        expires_us: when it ends by itself; None when the store did not answer, so that perhaps nothing is held.
        value: the weight of the request, in 10⁻¹², by which it was reserved.
    """

    id: str
    charges: tuple[Charge, ...]
    expires_us: int | None
    value: int

    def as_json(self) -> dict[str, Any]:
        """Return the wire form of a reservation in a decision."""
        form: dict[str, Any] = {"id": self.id}
        if self.expires_us is not None:
            form["expires_at"] = format_instant(self.expires_us * _NS)
        return form


class Ending(Struct, frozen=True, gc=False):
    """What became of what an attempt held.

    Attributes:
        status: what the store answered, see `pools.Ended`; `store-unavailable` where it did not.
        charged, overrun: by account, in 10⁻¹².
    """

    hold: Hold
    status: str
    charged: Mapping[str, int] = {}
    overrun: Mapping[str, int] = {}

    def as_json(self) -> dict[str, Any]:
        """Return the wire form of a reservation in the record of its attempt."""
        entries = [_entry_form(charge, self.charged, self.overrun) for charge in self.hold.charges]
        return {"id": self.hold.id, "status": self.status, "entries": entries}


def hold_of(attempt: Attempt | None) -> Hold | None:
    """Return what pools hold for `attempt`; None for nothing."""
    hold = None if attempt is None else attempt.hold
    return hold if isinstance(hold, Hold) else None


def actuals_of(hold: Hold, usage: Mapping[str, Any] | None, cost: Cost | None) -> dict[str, int]:
    """Return what an attempt used of each balance, in 10⁻¹²; what nobody knows is left out, and charged at its bound.

    Args:
        cost: None when the usage has no price.
    """
    if usage is None:
        slots = [
            each for each in hold.charges if each.pool.measure == "concurrent" and each.part != "throttle"
        ]
        return {charge.entry.account: 0 for charge in slots}
    total = 0 if cost is None else cost.total_pico
    return {
        charge.entry.account: actual_of(
            "requests" if charge.part == "throttle" else charge.pool.measure, usage, total, hold.value
        )
        for charge in hold.charges
        if cost is not None or charge.pool.measure != "cost" or charge.part == "throttle"
    }


def _entry_form(charge: Charge, charged: Mapping[str, int], overrun: Mapping[str, int]) -> dict[str, Any]:
    form = _named(charge)
    account = charge.entry.account
    form["reserved"] = format_decimal(charge.entry.amount if _is_held(charge.entry) else 0)
    if account in charged:
        form["settled"] = format_decimal(charged[account])
    if overrun.get(account):
        form["overrun"] = format_decimal(overrun[account])
    return form


def _is_held(entry: Entry) -> bool:
    """Return whether a balance holds the bound; a bucket is charged it at once, whoever is asked."""
    return entry.gate != "check" or isinstance(entry.period, Bucket)


def account_form(account: Account) -> dict[str, Any]:
    """Return the wire form of one window of a balance."""
    pool, part, key = parts_of(account.name)
    balance = account.balance
    form: dict[str, Any] = {"pool": pool}
    if key:
        form["partition"] = list(key)
    if part:
        form["part"] = part
    if balance.until_us is not None:
        form["from"] = format_instant(account.start_us * _NS)
        form["until"] = format_instant(balance.until_us * _NS)
    form["limit"] = None if balance.limit is None else format_decimal(balance.limit)
    form["settled"] = format_decimal(balance.settled)
    form["reserved"] = format_decimal(balance.reserved)
    form["overrun"] = format_decimal(balance.overrun)
    if balance.granted:
        form["granted"] = format_decimal(balance.granted)
    return form


def _named(charge: Charge) -> dict[str, Any]:
    form: dict[str, Any] = {"pool": charge.pool.id}
    if charge.key:
        form["partition"] = list(charge.key)
    if charge.part:
        form["part"] = charge.part
    form["measure"] = "requests" if charge.part == "throttle" else charge.pool.measure
    return form
