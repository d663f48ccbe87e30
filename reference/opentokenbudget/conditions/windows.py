"""Weekly time windows on the wall clock of a zone, half-open `[start, end)`.

A window whose end lies before its start wraps over midnight and belongs to the day on which it starts:
`days` and `except_dates` speak of that day. What counts is what the clock on the wall shows,
so an hour that a
change of the clocks repeats is inside twice, and one that it skips never.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Sequence
from typing import final

from msgspec import Struct

from ..amounts import local_time

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY_SECONDS = 86_400
WEEK_SECONDS = 7 * DAY_SECONDS
_SECOND_NS = 1_000_000_000
_CLOCK = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])(?::([0-5][0-9]))?", re.ASCII)


@final
class Window(Struct, frozen=True):
    """One window.

    Attributes:
        days: weekdays on which it starts, 0 is Monday, ascending; all seven by default.
        start_second: seconds after local midnight, 0 to 86399.
        end_second: seconds after local midnight, 1 to 86400; below `start_second` when it wraps.
        zone: IANA name.
        except_days: proleptic ordinals of the days on which it does not start.
    """

    days: tuple[int, ...] = (0, 1, 2, 3, 4, 5, 6)
    start_second: int = 0
    end_second: int = DAY_SECONDS
    zone: str = "UTC"
    except_days: frozenset[int] = frozenset()

    def spans(self) -> list[tuple[int, int, int]]:
        """Return `(from second, until second, days since the start)` for each calendar day it touches."""
        if self.start_second < self.end_second:
            return [(self.start_second, self.end_second, 0)]
        spans = [(self.start_second, DAY_SECONDS, 0)]
        if self.end_second:
            spans.append((0, self.end_second, 1))
        return spans


def seconds_of_clock(text: str) -> int | None:
    """Return `HH:MM[:SS]` in seconds after midnight, 86400 for `24:00`; None for what is no time of day."""
    if text in ("24:00", "24:00:00"):
        return DAY_SECONDS
    match = _CLOCK.fullmatch(text)
    if match is None:
        return None
    hour, minute, second = match.groups()
    return int(hour) * 3600 + int(minute) * 60 + int(second or 0)


def inside(window: Window, instant: int) -> bool:
    """Return whether `instant` (ns since 1970) lies in `window`: the plain form of `compiled_windows`."""
    weekday, day, second = local_time(instant, window.zone)
    return any(
        since <= second < until
        and (weekday - shift) % 7 in window.days
        and day - shift not in window.except_days
        for since, until, shift in window.spans()
    )


def compiled_windows(windows: Sequence[Window]) -> Callable[[int], bool]:
    """Return a function that tells whether an instant (ns since 1970) lies in any of `windows`.

    Windows without exceptions are merged, by zone, into one sorted list of edges over the week: an instant is
    inside when an odd number of edges lies at or before it.
    """
    edges: dict[str, tuple[int, ...]] = {}
    for zone in dict.fromkeys(window.zone for window in windows):
        edges[zone] = _edges([w for w in windows if w.zone == zone and not w.except_days])
    excepted = [window for window in windows if window.except_days]
    if list(edges) == ["UTC"] and not excepted:
        return _utc_test(edges["UTC"])
    zones = tuple(
        (
            zone,
            weekly,
            tuple(
                (since, until, shift, frozenset(window.days), window.except_days)
                for window in excepted
                if window.zone == zone
                for since, until, shift in window.spans()
            ),
        )
        for zone, weekly in edges.items()
    )

    def test(instant: int) -> bool:
        for zone, weekly, others in zones:
            weekday, day, second = local_time(instant, zone)
            if bisect_right(weekly, weekday * DAY_SECONDS + second) & 1:
                return True
            for since, until, shift, days, except_days in others:
                if (
                    since <= second < until
                    and (weekday - shift) % 7 in days
                    and day - shift not in except_days
                ):
                    return True
        return False

    return test


def _utc_test(weekly: tuple[int, ...]) -> Callable[[int], bool]:
    def test(instant: int) -> bool:
        # 1970-01-01 was a Thursday: three days after a Monday.
        return bisect_right(weekly, (instant // _SECOND_NS + 259_200) % WEEK_SECONDS) & 1 == 1

    return test


def _edges(windows: Sequence[Window]) -> tuple[int, ...]:
    """Return the sorted edges of the union of `windows` over a week of local seconds: in, out, in, out."""
    spans = sorted(
        ((day + shift) % 7 * DAY_SECONDS + since, (day + shift) % 7 * DAY_SECONDS + until)
        for window in windows
        for since, until, shift in window.spans()
        for day in window.days
    )
    edges: list[int] = []
    for since, until in spans:
        if edges and since <= edges[-1]:
            edges[-1] = max(edges[-1], until)
        else:
            edges += (since, until)
    return tuple(edges)
