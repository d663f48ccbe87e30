"""When time windows may open or close, so that the stretches between can share one answer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from opentokenbudget.amounts import zone_named
from opentokenbudget.conditions.windows import Window

SECOND_NS = 1_000_000_000
DAY_NS = 86_400 * SECOND_NS
_HOUR = 3600
_EPOCH_ORDINAL = datetime(1970, 1, 1).toordinal()  # noqa: DTZ001


def changes_of_day(windows: Iterable[Window], day: int) -> list[int]:
    """Return the instants of UTC day number `day` (since 1970) between which no window changes.

    The first is the day's own beginning. There may be more than needed, never fewer: every start, end and
    local midnight of every zone, both readings of a repeated hour, and the changes of the clocks themselves.

    Raises:
        OverflowError, ValueError: the day lies outside the years 1 to 9999.
    """
    begin = day * 86_400
    seconds_by_zone: dict[str, set[int]] = {}
    for window in windows:
        seconds_by_zone.setdefault(window.zone, {0}).update((window.start_second, window.end_second))
    found = {begin}
    for zone, seconds in seconds_by_zone.items():
        if zone == "UTC":
            found.update(begin + second for second in seconds)
            continue
        place = zone_named(zone)
        found.update(_transitions(place, begin))
        found.update(_wall_clock_readings(place, begin, sorted(seconds)))
    return sorted(second * SECOND_NS for second in found if begin <= second < begin + 86_400)


def _wall_clock_readings(place: ZoneInfo, begin: int, seconds: Sequence[int]) -> Iterable[int]:
    """Yield when the wall clock of `place` shows each of `seconds`, on the days around the UTC day."""
    ordinal = begin // 86_400 + _EPOCH_ORDINAL
    for local_day in (ordinal - 1, ordinal, ordinal + 1):
        midnight = datetime.fromordinal(local_day)
        for second in seconds:
            shown = (midnight + timedelta(seconds=second)).replace(tzinfo=place)
            yield int(shown.timestamp())
            yield int(shown.replace(fold=1).timestamp())


def _transitions(place: ZoneInfo, begin: int) -> Iterable[int]:
    """Yield the seconds at which `place` changes its clocks, in the day that begins at `begin`."""
    for hour in range(begin, begin + 86_400, _HOUR):
        before, after = hour, hour + _HOUR
        if _offset(place, before) == _offset(place, after):
            continue
        old = _offset(place, before)
        while after - before > 1:
            middle = (before + after) // 2
            before, after = (middle, after) if _offset(place, middle) == old else (before, middle)
        yield after


def _offset(place: ZoneInfo, second: int) -> timedelta | None:
    return datetime.fromtimestamp(second, UTC).astimezone(place).utcoffset()
