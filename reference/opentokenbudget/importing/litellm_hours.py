"""litellm's off-peak windows to windows of a condition.

The hours are UTC; the weekdays are those of a zone of their own. Where the two differ, the hours are moved into
that zone, which is only the same thing while the zone's clocks do not change.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from opentokenbudget.amounts import UnknownZone, local_time, parse_date

from .drafts import Plain

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_HOURS = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-4]):([0-5]\d)", re.ASCII)
_DAY_MINUTES = 24 * 60


def windows(entries: list[Any], zone: str, date: str) -> list[Plain] | None:
    """Return the windows of a condition, or None when they cannot be said.

    Args:
        entries: `{hours_utc, weekdays}`, hours as `01:00-04:00` or a list of such.
        zone: whose weekdays they are.
        date: the year of this date is looked at for changes of the zone's clocks.
    """
    shift = _shift(zone, date)
    if shift is None:
        return None
    found: list[Plain] = []
    for entry in entries:
        hours = entry.get("hours_utc", "00:00-00:00")
        for text in [hours] if isinstance(hours, str) else hours:
            match = _HOURS.fullmatch(text)
            if match is None:
                return None
            start, end = (int(match[1]) * 60 + int(match[2])), (int(match[3]) * 60 + int(match[4]))
            whole = start % _DAY_MINUTES == end % _DAY_MINUTES == 0
            for first, last in [(0, _DAY_MINUTES)] if whole else _pieces(start + shift, end + shift):
                found.append(_window(first, last, entry.get("weekdays"), zone if shift else "UTC"))
    return found


def _pieces(start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield the window in minutes of a day, cut at midnight: each piece belongs to the day in which it lies."""
    start, end = start % _DAY_MINUTES, end % _DAY_MINUTES
    if start < end:
        yield start, end
        return
    yield start, _DAY_MINUTES
    if end:
        yield 0, end


def _window(first: int, last: int, weekdays: Any, zone: str) -> Plain:
    window: Plain = {}
    if weekdays is not None:
        window["days"] = [_DAYS[day - 1] for day in weekdays if 1 <= day <= 7]
    if (first, last) != (0, _DAY_MINUTES):
        window["start"] = f"{first // 60:02d}:{first % 60:02d}"
        window["end"] = f"{last // 60:02d}:{last % 60:02d}"
    elif weekdays is None:
        window["days"] = list(_DAYS)
    if zone != "UTC":
        window["timezone"] = zone
    return window


def _shift(zone: str, date: str) -> int | None:
    """Return the minutes that `zone` is ahead of UTC all year, or None where its clocks change."""
    try:
        found = {
            (local_time(at, zone).second + local_time(at, zone).day * 86_400 - at // 10**9) // 60
            for month in range(1, 13)
            for at in [parse_date(f"{date[:4]}-{month:02d}-01")]
        }
    except UnknownZone:
        return None
    (ahead, *others) = found
    epoch_minutes = 719_163 * _DAY_MINUTES
    return None if others else ahead - epoch_minutes
