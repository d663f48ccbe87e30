"""Exact decimals, instants and wall-clock times: what is read back is what was written."""

from __future__ import annotations

from datetime import UTC, datetime
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opentokenbudget.amounts import (
    PICO,
    InvalidDecimal,
    InvalidInstant,
    UnknownZone,
    divide_half_even,
    format_decimal,
    format_instant,
    local_time,
    parse_date,
    parse_decimal,
    parse_duration,
    parse_instant,
    zone_named,
)

FIRST = parse_instant("0001-01-01T00:00:00Z")
LAST = parse_instant("9999-12-31T23:59:59.999999999Z")
ZONES = ("UTC", "Etc/UTC", "America/New_York", "Asia/Kathmandu", "Pacific/Kiritimati", "Africa/Monrovia")


@given(st.integers(-(10**40), 10**40))
def test_a_decimal_is_read_back_as_it_was_written(pico: int) -> None:
    """Formatting and parsing are inverse, and the text is the shortest one."""
    text = format_decimal(pico)
    assert parse_decimal(text) == pico
    assert "." not in text or not text.endswith("0")


@pytest.mark.parametrize(
    "text",
    ["", "+1", "1.", ".5", "01", "1e3", "1_000", "NaN", "1.1234567890123", "1\n", "١", "0x1", "--1", " 1"],
)
def test_what_is_no_decimal_string_is_refused(text: str) -> None:
    """Exponents, signs, separators, foreign digits, white space and a 13th fractional digit are refused."""
    with pytest.raises(InvalidDecimal):
        parse_decimal(text)


@given(st.integers(-(10**30), 10**30), st.integers(1, 10**20))
def test_division_rounds_half_to_even(numerator: int, denominator: int) -> None:
    """The quotient is the nearest integer, and the even one of two equally near."""
    assert divide_half_even(numerator, denominator) == round(Fraction(numerator, denominator))


@given(st.integers(FIRST, LAST))
def test_an_instant_is_read_back_as_it_was_written(instant: int) -> None:
    """Formatting and parsing are inverse over the years 1 to 9999."""
    assert parse_instant(format_instant(instant)) == instant


@given(st.datetimes(timezones=st.sampled_from([ZoneInfo("Asia/Kathmandu"), UTC])))
def test_an_instant_agrees_with_the_standard_library(moment: datetime) -> None:
    """An RFC 3339 text means the same instant as it does to `datetime`, to the microsecond."""
    if moment.utcoffset() is not None and moment.utcoffset().total_seconds() % 60 == 0:
        micro = (moment - datetime(1970, 1, 1, tzinfo=UTC)) // datetime.resolution
        assert parse_instant(moment.isoformat().replace("+00:00", "Z")) == micro * 1000


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-23T12:00:00",
        "2026-11-23 12:00:00Z",
        "2026-11-23t12:00:00z",
        "2026-02-29T00:00:00Z",
        "2026-11-23T24:00:00Z",
        "2026-11-23T23:59:60Z",
        "2026-11-23T12:00:00.1234567890Z",
        "2026-11-23T12:00:00+24:00",
        "2026-11-23T12:00:00Z\n",
        "0000-01-01T00:00:00Z",
        "0001-01-01T00:00:00+00:01",
        "9999-12-31T23:59:59-00:01",
    ],
)
def test_what_is_no_instant_is_refused(text: str) -> None:
    """No zone, a blank, lower case, a day or second that does not exist, a tenth digit: refused."""
    with pytest.raises(InvalidInstant):
        parse_instant(text)


@given(st.integers(FIRST + 2 * 10**14, LAST - 2 * 10**14), st.sampled_from(ZONES))
def test_wall_clock_time_agrees_with_the_standard_library(instant: int, zone: str) -> None:
    """Weekday, day and second are those of the zone's own calendar."""
    moment = datetime.fromtimestamp(instant // 10**9, ZoneInfo(zone))
    second = moment.hour * 3600 + moment.minute * 60 + moment.second
    assert local_time(instant, zone) == (moment.weekday(), moment.toordinal(), second)


@given(st.sampled_from([FIRST, LAST, FIRST - 10**20, LAST + 10**20]), st.sampled_from(ZONES))
def test_wall_clock_time_has_no_end(instant: int, zone: str) -> None:
    """At the ends of the calendar and beyond there is an answer, and no error."""
    local = local_time(instant, zone)
    assert 0 <= local.weekday <= 6
    assert 0 <= local.second < 86_400


def test_dates_and_durations_are_what_they_say() -> None:
    """A date is its midnight UTC; a duration counts days of 24 hours; months are no durations."""
    assert parse_date("1970-01-02") == 86_400 * 10**9
    assert parse_duration("P1DT2H3M4S") == 93_784
    for text in ("P", "PT", "P1M", "P1Y", "PT1.5S", "P1DT", "1D"):
        with pytest.raises(InvalidInstant):
            parse_duration(text)
    with pytest.raises(InvalidInstant):
        parse_date("2026-13-01")


def test_a_zone_is_named_as_the_database_spells_it() -> None:
    """An unknown zone, an offset or a path is refused."""
    assert zone_named("Europe/Berlin").key == "Europe/Berlin"
    for name in ("Mars/Olympus", "../etc/passwd", "", "+01:00", "\x00"):
        with pytest.raises(UnknownZone):
            zone_named(name)


def test_pico_is_a_trillionth() -> None:
    """Twelve fractional digits are exactly one unit of the last place."""
    assert parse_decimal("0.000000000001") * PICO == parse_decimal("1")


@pytest.mark.parametrize(
    "name", ["localtime", "posixrules", "posix/UTC", "right/UTC", "US/eastern", "../UTC", ""]
)
def test_what_lies_beside_the_database_is_no_zone(name: str) -> None:
    """A name is a zone when the database has it, spelled so, whatever files a machine has beside it."""
    with pytest.raises(UnknownZone):
        zone_named(name)
