"""Windows over the zones of the world: what must hold at the instants where clocks are set."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from opentokenbudget.pools.orders import Span
from opentokenbudget.pools.windows import period_of

FROM, UNTIL = 1970, 2038
SECOND_US = 1_000_000
HOUR_S = 3600
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Shown(NamedTuple):
    """What one zone has shown: windows looked at, transitions, and days of 23 and of 25 hours."""

    windows: int = 0
    transitions: int = 0
    short_days: int = 0
    long_days: int = 0


def transitions_of(name: str) -> Iterator[int]:
    """Yield the seconds since 1970 at which clocks of a zone are set, by looking twice a day and halving."""
    zone = ZoneInfo(name)
    start, end = (int((datetime(year, 1, 1, tzinfo=UTC) - EPOCH).total_seconds()) for year in (FROM, UNTIL))
    before = _offset(zone, start)
    for second in range(start, end, 12 * HOUR_S):
        after = _offset(zone, second + 12 * HOUR_S)
        if after != before:
            low, high = second, second + 12 * HOUR_S
            while high - low > 1:
                middle = (low + high) // 2
                low, high = (middle, high) if _offset(zone, middle) == before else (low, middle)
            yield high
            before = after


def _offset(zone: ZoneInfo, second: int) -> timedelta:
    found = (EPOCH + timedelta(seconds=second)).astimezone(zone).utcoffset()
    assert found is not None
    return found


def shown_by(name: str, every: int) -> Shown:
    """Assert of a zone that windows around every `every`-th transition are half-open, adjacent, and on their days."""
    shown = Shown()
    for number, second in enumerate(transitions_of(name)):
        if number % every:
            continue
        shown = shown._replace(transitions=shown.transitions + 1)
        for unit in ("day", "week", "month", "year"):
            shown = _around(name, unit, second, shown)
    return shown


def _around(name: str, unit: str, second: int, shown: Shown) -> Shown:
    period_at: Any = period_of({"window": {"calendar": unit, "timezone": name}})
    at_us = second * SECOND_US
    middle = period_at(at_us)
    before = period_at(middle.from_us - 1)
    after = period_at(middle.until_us)
    spans: list[Span] = [before, middle, after]
    zone = ZoneInfo(name)
    for one, next_ in pairwise(spans):
        assert one.until_us == next_.from_us, (name, unit, second)
    for span in spans:
        assert span.until_us is not None
        # Each instant in it gives this window, its end does not: a new function remembers nothing.
        fresh: Any = period_of({"window": {"calendar": unit, "timezone": name}})
        length = span.until_us - span.from_us
        for instant in (span.until_us - 1, span.from_us, span.from_us + length // 2):
            assert fresh(instant) == span, (name, unit, instant)
        assert fresh(span.until_us) != span
        assert fresh(span.from_us - 1) != span
        first = (EPOCH + timedelta(microseconds=span.from_us)).astimezone(zone)
        last = (EPOCH + timedelta(microseconds=span.from_us - 1)).astimezone(zone)
        assert first.date() > last.date(), (name, unit, "a window begins where the date moves on")
        if unit == "day":
            hours = length / SECOND_US / HOUR_S
            shown = shown._replace(
                short_days=shown.short_days + (hours == 23), long_days=shown.long_days + (hours == 25)
            )
    assert middle.from_us <= at_us < middle.until_us
    return shown._replace(windows=shown.windows + 3)
