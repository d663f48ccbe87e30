"""Time windows: half-open, on the wall clock of their zone, belonging to the day on which they start."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opentokenbudget.amounts import parse_instant
from opentokenbudget.conditions import evaluate, parse
from opentokenbudget.conditions.windows import compiled_windows
from strategies_conditions import DAYS, TYPES, instants, windows


def holds(window, at):
    when = {"time": window if isinstance(window, list) else [window]}
    return evaluate(parse(when, types=TYPES), {"time": parse_instant(at)})


NIGHT = {"start": "22:00", "end": "02:00", "days": ["fri"]}


@pytest.mark.parametrize(
    ("window", "at", "inside"),
    [
        ({"start": "09:00", "end": "17:00"}, "2026-11-23T09:00:00Z", True),
        ({"start": "09:00", "end": "17:00"}, "2026-11-23T08:59:59.999999999Z", False),
        ({"start": "09:00", "end": "17:00"}, "2026-11-23T16:59:59.999999999Z", True),
        ({"start": "09:00", "end": "17:00"}, "2026-11-23T17:00:00Z", False),
        ({"start": "09:00:30"}, "2026-11-23T09:00:29Z", False),
        ({"end": "24:00", "start": "23:00"}, "2026-11-23T23:59:59Z", True),
        ({"start": "23:00", "end": "00:00"}, "2026-11-23T23:59:59Z", True),
        ({"start": "23:00", "end": "00:00"}, "2026-11-24T00:00:00Z", False),
        ({"days": ["mon"]}, "2026-11-23T00:00:00Z", True),
        ({"days": ["mon"]}, "2026-11-22T23:59:59Z", False),
        (NIGHT, "2026-11-27T22:00:00Z", True),
        (NIGHT, "2026-11-28T01:59:59Z", True),
        (NIGHT, "2026-11-28T02:00:00Z", False),
        (NIGHT, "2026-11-27T01:00:00Z", False),
        (NIGHT, "2026-11-28T22:00:00Z", False),
        (NIGHT | {"days": ["sun"]}, "2026-11-23T01:00:00Z", True),
        (NIGHT | {"except_dates": ["2026-11-27"]}, "2026-11-28T01:00:00Z", False),
        (NIGHT | {"except_dates": ["2026-11-28"]}, "2026-11-28T01:00:00Z", True),
        ({"start": "09:00", "end": "10:00", "timezone": "America/New_York"}, "2026-11-23T14:30:00Z", True),
        ({"start": "09:00", "end": "10:00", "timezone": "America/New_York"}, "2026-06-23T14:30:00Z", False),
        ({"days": ["tue"], "timezone": "Asia/Tokyo"}, "2026-11-23T15:00:00Z", True),
        ([{"days": ["sun"]}, {"start": "05:00", "end": "06:00"}], "2026-11-23T05:30:00Z", True),
    ],
)  # fmt: skip
def test_a_window_holds_from_its_start_until_its_end(window, at, inside):
    """Start is inside, end is outside, and the part after midnight belongs to the day before."""
    assert holds(window, at) is inside


@pytest.mark.parametrize(
    ("others", "hours"),
    [
        ([{"start": "10:00", "end": "11:00"}], range(9, 17)),
        ([{"start": "10:00", "end": "11:00"}, {"start": "12:00", "end": "20:00"}], range(9, 20)),
        ([{"start": "17:00", "end": "18:00"}], range(9, 18)),
        ([{"start": "09:00", "end": "12:00"}], range(9, 17)),
        ([{"start": "18:00", "end": "10:00"}], [*range(17), *range(18, 24)]),
        ([{"start": "09:00", "end": "24:00"}, {"end": "01:00"}], [0, *range(9, 24)]),
    ],
)
def test_windows_that_overlap_hold_where_any_of_them_does(others, hours):
    """A window inside of another ends nothing, and windows that touch leave no gap, on every day of the week."""
    when = {"time": [{"start": "09:00", "end": "17:00"}, *others]}
    condition = parse(when, types=TYPES)
    monday = parse_instant("2026-11-23T00:30:00Z")
    inside = {hour: hour % 24 in hours for hour in range(7 * 24)}
    at = {hour: monday + hour * 3600 * 10**9 for hour in inside}
    assert {hour: compiled_windows(condition.operand)(at[hour]) for hour in inside} == inside
    assert {hour: evaluate(condition, {"time": at[hour]}) for hour in inside} == inside


def test_the_wall_clock_counts_when_clocks_change():
    """An hour that clocks show twice is inside twice, and one that they skip never comes."""
    night = {"start": "02:00", "end": "03:00", "timezone": "Europe/Berlin"}
    assert holds(night, "2026-10-25T00:30:00Z")
    assert holds(night, "2026-10-25T01:30:00Z")
    assert not holds(night, "2026-10-25T02:00:00Z")
    assert not any(holds(night, f"2026-03-29T0{hour}:30:00Z") for hour in range(4))


@settings(max_examples=400, deadline=None)
@given(st.lists(windows(), min_size=1, max_size=4), instants)
def test_compiled_windows_answer_what_the_calendar_says(drawn, instant):
    """The merged edges over a week say what walking back to the start of each window says."""
    condition = parse({"time": drawn}, types=TYPES)
    expected = any(_inside(window, instant) for window in drawn)
    assert compiled_windows(condition.operand)(instant) is expected
    assert evaluate(condition, {"time": instant}) is expected


def _inside(window, instant):
    """Today's window and yesterday's, as local times without a zone."""
    local = datetime.fromtimestamp(instant // 10**9, UTC).astimezone(ZoneInfo(window.get("timezone", "UTC")))
    now = local.replace(tzinfo=None, fold=0)
    for day in (now.date(), now.date() - timedelta(days=1)):
        midnight = datetime.combine(day, datetime.min.time())
        start = midnight + _clock(window.get("start", "00:00"))
        end = midnight + _clock(window.get("end", "24:00"))
        if end <= start:
            end += timedelta(days=1)
        starts = DAYS[day.weekday()] in window.get("days", DAYS) and day.isoformat() not in window.get(
            "except_dates", ()
        )
        if starts and start <= now < end:
            return True
    return False


def _clock(text):
    hour, minute, *second = map(int, text.split(":"))
    return timedelta(hours=hour, minutes=minute, seconds=sum(second))
