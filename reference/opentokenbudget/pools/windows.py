"""Windows: the period that an instant lies in, from the calendar of a zone, a fixed length, or the pool's own form.

Nothing is ever reset by a job: the window follows from the instant, and what is counted in it is a balance of its own.
Boundaries are instants in whole microseconds since 1970. The grains of a rolling window are summed by the ledger
(`_rolling` in ledger.py): a period here says how long they are and how many count.

Source: spec/50-pools.md OTB-POOL-030 ff.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

from ..amounts import PICO, local_time, parse_decimal, parse_duration, parse_instant
from ..problems import Problem, ProblemError
from .orders import Bucket, Idle, Period, Rolling, Span

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
SECOND_US = 1_000_000
_NS = 1000
_EPOCH_DAY = 719_163
# No clock differs from UTC by more, and none has been set by more at once than by a day.
_MARGIN_S = 50 * 3600
_STEP_S = 900
_UNCAPPED = 10**15 * PICO

PeriodAt = Callable[[int], Period]
"""From an instant in microseconds to the period that a store is asked about."""


def period_of(pool: Mapping[str, Any]) -> PeriodAt:
    """Return the function from an instant to the period of a checked pool."""
    window = pool["window"]
    rollover = None
    if "rollover" in pool:
        cap = pool["rollover"]["cap"]
        rollover = _UNCAPPED if cap is None else parse_decimal(cap)
    carry = pool.get("carry_overrun", False)
    if "calendar" in window:
        unit, zone = window["calendar"], window.get("timezone", "UTC")
        first = WEEKDAYS.index(window.get("week_start", "mon"))
        return _remembered(lambda at_us: _calendar(unit, zone, first, at_us, rollover, carry))
    if "fixed" in window:
        length = parse_duration(window["fixed"]) * SECOND_US
        anchor = parse_instant(window["anchor"]) // _NS
        return _remembered(lambda at_us: _fixed(length, anchor, at_us, rollover, carry))
    period: Period
    if "rolling" in window:
        grain = parse_duration(window["grain"]) * SECOND_US
        period = Rolling(grain, parse_duration(window["rolling"]) * SECOND_US // grain)
    elif "bucket" in window:
        bucket = window["bucket"]
        period = Bucket(parse_decimal(bucket["refill"]), parse_duration(bucket["per"]) * SECOND_US)
    elif "idle" in window:
        period = Idle(parse_duration(window["idle"]) * SECOND_US)
    else:
        period = Span(0, None)
    return lambda _at_us: period


def _remembered(span_at: Callable[[int], Span]) -> PeriodAt:
    """Return `span_at`, which works a window out once and not for every instant in it.

    What is returned raises `ProblemError` (`bad-instant`) for an instant whose window leaves the years 1 to 9999.
    """
    last = span_at(0)

    def period_at(at_us: int) -> Span:
        nonlocal last
        span = last
        if span.from_us <= at_us and (span.until_us is None or at_us < span.until_us):
            return span
        try:
            last = span = span_at(at_us)
        except (OverflowError, ValueError):
            message = "no calendar reaches the window of this instant"
            raise ProblemError(Problem("bad-instant", "/at", message, "OTB-DOC-034")) from None
        return span

    return period_at


def _fixed(length: int, anchor: int, at_us: int, rollover: int | None, carry: bool) -> Span:
    start = anchor + (at_us - anchor) // length * length
    return Span(start, start + length, rollover, carry)


def _calendar(unit: str, zone: str, first: int, at_us: int, rollover: int | None, carry: bool) -> Span:
    start, end = _bounds(unit, zone, first, _day_of(zone, at_us))
    return Span(start, end, rollover, carry)


@lru_cache(maxsize=4096)
def _bounds(unit: str, zone: str, first: int, day: int) -> tuple[int, int]:
    """Return the window of the local `day` (a proleptic ordinal) in microseconds."""
    this = date.fromordinal(day)
    match unit:
        case "day":
            start, end = this, this + timedelta(days=1)
        case "week":
            start = this - timedelta(days=(this.weekday() - first) % 7)
            end = start + timedelta(days=7)
        case "month":
            start = this.replace(day=1)
            end = (start + timedelta(days=31)).replace(day=1)
        case _:
            start = this.replace(month=1, day=1)
            end = start.replace(year=start.year + 1)
    return midnight(zone, start.toordinal()), midnight(zone, end.toordinal())


def _day_of(zone: str, at_us: int) -> int:
    """Return the local day that `at_us` lies in: the last whose beginning is not after it.

    Where clocks go back over midnight, the date that is shown goes back too; the day does not.
    """
    day = local_time(at_us * _NS, zone).day
    while midnight(zone, day + 1) <= at_us:
        day += 1
    while midnight(zone, day) > at_us:
        day -= 1
    return day


@lru_cache(maxsize=4096)
def midnight(zone: str, day: int) -> int:
    """Return the first instant, in microseconds, at which the date in `zone` is `day` (a proleptic ordinal) or later.

    A day whose midnight is skipped begins when the clock has jumped; one that is skipped as a whole has no instant.
    """
    middle = (day - _EPOCH_DAY) * 86_400
    if zone == "UTC":
        return middle * SECOND_US
    before, after = middle - _MARGIN_S, middle + _MARGIN_S
    offset = _offset(zone, before)
    if offset == _offset(zone, middle) == _offset(zone, after) and _is_steady(zone, before, after):
        return (middle - offset) * SECOND_US
    return _earliest(zone, day, before, after) * SECOND_US


def _is_steady(zone: str, before: int, after: int) -> bool:
    """Return whether no clock was set between the two, looking once an hour."""
    offset = _offset(zone, before)
    return all(_offset(zone, second) == offset for second in range(before, after, 3600))


def _earliest(zone: str, day: int, before: int, after: int) -> int:
    """Return the first second that shows `day` or later; a clock may go back over midnight afterwards.

    Whole seconds are enough: no zone has an offset with a fraction of one.
    """
    high = next(second for second in range(before, after, _STEP_S) if _shown(zone, second) >= day)
    low = high - _STEP_S
    while high - low > 1:
        between = (low + high) // 2
        if _shown(zone, between) >= day:
            high = between
        else:
            low = between
    return high


def _shown(zone: str, second: int) -> int:
    return local_time(second * 1_000_000_000, zone).day


def _offset(zone: str, second: int) -> int:
    local = local_time(second * 1_000_000_000, zone)
    return (local.day - _EPOCH_DAY) * 86_400 + local.second - second
