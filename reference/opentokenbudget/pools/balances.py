"""One balance, and how each kind of window moves it: pure arithmetic over frozen values.

Amounts are integers of 10⁻¹²; instants are integer microseconds.

Source: spec/50-pools.md OTB-POOL-040 ff., windows 030 ff.
"""

from __future__ import annotations

from msgspec import Struct

from .orders import Bucket, Gate, OnExpiry

MOST_GRAINS = 120
"""How many grains a rolling window holds at most."""


class Balance(Struct, frozen=True, gc=False):
    """What one window of one account has counted.

    Attributes:
        overrun: the part of `settled` that no reservation had held.
        granted: what the window has beside its limit: rolled over, granted by hand, or (negative) carried overrun.
        limit: as the last order gave it.
        until_us: the end of the window; None when the instant does not tell.
        mark: the last activity in microseconds; of a bucket the tick to which it is drained.
    """

    settled: int = 0
    reserved: int = 0
    overrun: int = 0
    granted: int = 0
    limit: int | None = None
    until_us: int | None = None
    mark: int = 0


class Held(Struct, frozen=True, gc=False):
    """What a reservation holds in one balance.

    Attributes:
        mark: the instant of the reservation; of a bucket the tick.
        charged: what was settled for it in the end.
    """

    account: str
    start_us: int
    amount: int
    gate: Gate
    on_expiry: OnExpiry
    bucket: Bucket | None = None
    mark: int = 0
    charged: int | None = None


def fits(used: int, amount: int, limit: int | None, granted: int) -> bool:
    """Return whether `amount` fits beside `used`; an amount of 0 always does."""
    return limit is None or amount == 0 or used + amount <= limit + granted


def drained(balance: Balance, bucket: Bucket, tick: int) -> Balance:
    """Return a bucket's balance at `tick`: what has flowed back since is settled no more."""
    if tick <= balance.mark:
        return balance
    left = balance.settled - bucket.refill * (tick - balance.mark)
    return Balance(max(0, left), 0, balance.overrun, balance.granted, balance.limit, balance.until_us, tick)


def handed_on(before: Balance | None, gap: bool, limit: int | None, rollover: int | None, carry: bool) -> int:
    """Return what a window is granted by the one before.

    Args:
        before: the balance of the window directly before.
        gap: whether the account is older than that, though nothing was reserved in that window.
        limit: of the new window.
        rollover: the cap on what is handed on; None for nothing.
        carry: whether an overrun is handed on.
    """
    if before is None:
        return min(rollover, limit) if gap and rollover is not None and limit is not None else 0
    if before.limit is None:
        return 0
    left = before.limit + before.granted - before.settled - before.reserved
    if left > 0:
        return min(rollover, left) if rollover is not None else 0
    above = before.settled - before.limit - before.granted
    return -above if carry and above > 0 else 0


def holding(balance: Balance, held: Held, limit: int | None) -> Balance:
    """Return `balance` with what `held` reserves; a bucket is charged at once, a `check` holds nothing."""
    settled, reserved = balance.settled, balance.reserved
    if held.bucket is not None:
        settled += held.amount
    elif held.gate != "check":
        reserved += held.amount
    return Balance(settled, reserved, balance.overrun, balance.granted, limit, balance.until_us, held.mark)


def ended(balance: Balance, held: Held, actual: int, mark: int) -> Balance:
    """Return `balance` after the open reservation `held` ended with `actual`.

    A bucket gets back the difference, less what has flowed back since the reservation anyway.

    Args:
        mark: the instant; of a bucket the tick, to which `balance` is drained.
    """
    settled, reserved, overrun = balance.settled, balance.reserved, balance.overrun
    if actual > held.amount:
        overrun += actual - held.amount
    if held.bucket is not None:
        back = held.amount - actual
        if back > 0:
            back = max(0, back - held.bucket.refill * (mark - held.mark))
        settled = max(0, settled - back)
    else:
        settled += actual
        if held.gate != "check":
            reserved -= held.amount
    return Balance(settled, reserved, overrun, balance.granted, balance.limit, balance.until_us, mark)


def late(balance: Balance, more: int, mark: int) -> Balance:
    """Return `balance` with `more` than was charged before: all of it is overrun."""
    return Balance(
        balance.settled + more,
        balance.reserved,
        balance.overrun + more,
        balance.granted,
        balance.limit,
        balance.until_us,
        mark,
    )


def counts_until(start_us: int, balance: Balance) -> int | None:
    """Return the instant from which no window counts the one from `start_us`; None where that never comes.

    A window that begins at a whole multiple of its length since 1970 may be a grain of a rolling one.
    """
    if balance.until_us is None:
        return None
    length = balance.until_us - start_us
    return balance.until_us if start_us % length else balance.until_us + MOST_GRAINS * length


def touched(balance: Balance, mark: int) -> Balance:
    """Return `balance` with an activity at `mark`."""
    return Balance(
        balance.settled,
        balance.reserved,
        balance.overrun,
        balance.granted,
        balance.limit,
        balance.until_us,
        mark,
    )
