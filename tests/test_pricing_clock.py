"""The instants at which time windows may change."""

from __future__ import annotations

from bisect import bisect_right

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opentokenbudget.amounts import parse_instant
from opentokenbudget.conditions import compiled, parse
from opentokenbudget.conditions.tree import comparisons
from opentokenbudget.pricing.clock import DAY_NS, changes_of_day
from strategies_catalogs import DAY, START, instants, windows


@settings(deadline=None)
@given(st.lists(windows(), min_size=1, max_size=3), st.lists(instants(), min_size=1, max_size=30))
def test_nothing_changes_between_changes(plain, asked):
    """A window says the same at an instant as at the change before it."""
    condition = parse({"time": plain}, types={"time": "time"})
    holds = compiled(condition)
    read = [window for leaf in comparisons(condition) for window in leaf.operand]
    for at in asked:
        changes = changes_of_day(read, at // DAY_NS)
        assert changes[0] == at // DAY_NS * DAY_NS
        assert holds({"time": at}) == holds({"time": changes[bisect_right(changes, at) - 1]})


def test_midnight_belongs_to_the_day_that_it_begins():
    """A window that ends with the day changes at the beginning of the next one, and only there."""
    condition = parse({"time": [{"start": "22:00", "end": "24:00"}]}, types={"time": "time"})
    (leaf,) = comparisons(condition)
    day = START // DAY
    assert changes_of_day(leaf.operand, day) == [START, START + 22 * 3600 * 10**9]
    assert changes_of_day(leaf.operand, day + 1)[0] == START + DAY


def test_a_repeated_hour_is_seen_twice():
    """In the night that Berlin sets its clocks back, 02:30 comes at 00:30 and at 01:30 UTC."""
    condition = parse(
        {"time": [{"start": "02:30", "end": "02:45", "timezone": "Europe/Berlin"}]}, types={"time": "time"}
    )
    (leaf,) = comparisons(condition)
    october = START // DAY + 219
    minutes = [(at - october * DAY) // (60 * 10**9) for at in changes_of_day(leaf.operand, october)]
    assert {30, 45, 60, 90, 105} <= set(minutes)


@pytest.mark.parametrize(
    ("zone", "window", "changed"),
    [
        ("Europe/London", ("01:30", "03:00"), "2026-03-29T01:00:00Z"),
        ("Europe/Berlin", ("02:30", "04:00"), "2026-03-29T01:00:00Z"),
        ("Europe/Dublin", ("02:30", "04:00"), "1916-05-21T02:25:21Z"),
    ],
)
def test_the_second_at_which_clocks_change_is_a_change(zone, window, changed):
    """A window may open when clocks skip its start, in every zone and at whatever second they do."""
    start, end = window
    condition = parse({"time": [{"start": start, "end": end, "timezone": zone}]}, types={"time": "time"})
    (leaf,) = comparisons(condition)
    at = parse_instant(changed)
    assert at in changes_of_day(leaf.operand, at // DAY_NS)
