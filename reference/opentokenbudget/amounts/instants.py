"""RFC 3339 instants as integer nanoseconds since 1970-01-01T00:00:00Z; dates and durations beside them."""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache

SECOND_NS = 1_000_000_000
_EPOCH_ORDINAL = date(1970, 1, 1).toordinal()
_FIRST_S = (1 - _EPOCH_ORDINAL) * 86_400
_LAST_S = (date.max.toordinal() + 1 - _EPOCH_ORDINAL) * 86_400 - 1
_INSTANT = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:Z|([+-])(\d\d):(\d\d))", re.ASCII
)
_DATE = re.compile(r"(\d{4})-(\d\d)-(\d\d)", re.ASCII)
_DURATION = re.compile(
    r"P(?=[0-9T])(?:(\d{1,6})D)?(?:T(?=\d)(?:(\d{1,6})H)?(?:(\d{1,6})M)?(?:(\d{1,9})S)?)?", re.ASCII
)


class InvalidInstant(ValueError):
    """A text is not an instant, a date or a duration of the spec."""


@lru_cache(maxsize=4096)
def parse_instant(text: str) -> int:
    """Return the RFC 3339 instant `text` in nanoseconds since 1970, with at most 9 fractional digits.

    Raises:
        InvalidInstant: no zone, a leap second, a day that does not exist, lower-case letters, a year that is not
            one of 1 to 9999 in UTC.

    Source: spec/10-documents.md OTB-DOC-022.
    """
    match = _INSTANT.fullmatch(text)
    if match is None:
        raise InvalidInstant(f"`{text[:64]}` is not an RFC 3339 instant with a zone")
    year, month, day, hour, minute, second, fraction, sign, zone_hour, zone_minute = match.groups()
    if int(hour) > 23 or int(minute) > 59 or int(second) > 59:
        raise InvalidInstant(f"`{text}` names a time of day that does not exist")
    seconds = _days(year, month, day, text) * 86_400 + int(hour) * 3600 + int(minute) * 60 + int(second)
    if sign:
        if int(zone_hour) > 23 or int(zone_minute) > 59:
            raise InvalidInstant(f"`{text}` names a zone offset that does not exist")
        offset = int(zone_hour) * 3600 + int(zone_minute) * 60
        seconds += -offset if sign == "+" else offset
    if not _FIRST_S <= seconds <= _LAST_S:
        raise InvalidInstant(f"`{text}` lies outside the years 1 to 9999 in UTC")
    return seconds * SECOND_NS + int((fraction or "0").ljust(9, "0"))


def parse_date(text: str) -> int:
    """Return midnight UTC of the date `text` (`2026-11-23`) in nanoseconds since 1970."""
    match = _DATE.fullmatch(text)
    if match is None:
        raise InvalidInstant(f"`{text[:64]}` is not a date")
    year, month, day = match.groups()
    return _days(year, month, day, text) * 86_400 * SECOND_NS


def format_instant(instant: int) -> str:
    """Return `instant` as RFC 3339 in UTC, with as many fractional digits as it needs."""
    seconds, nanoseconds = divmod(instant, SECOND_NS)
    days, seconds = divmod(seconds, 86_400)
    fraction = f".{nanoseconds:09d}".rstrip("0") if nanoseconds else ""
    return f"{_day_text(days)}T{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}{fraction}Z"


def parse_duration(text: str) -> int:
    """Return the duration `text` (`P30D`, `PT1H`, `PT90S`) in seconds; months and years are not durations."""
    match = _DURATION.fullmatch(text)
    if match is None:
        raise InvalidInstant(f"`{text[:64]}` is not a duration of days, hours, minutes and seconds")
    days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return ((days * 24 + hours) * 60 + minutes) * 60 + seconds


@lru_cache(maxsize=512)
def _day_text(days: int) -> str:
    return date.fromordinal(days + _EPOCH_ORDINAL).isoformat()


def _days(year: str, month: str, day: str, text: str) -> int:
    try:
        return _days_until(year, month, day)
    except ValueError:
        raise InvalidInstant(f"`{text}` names a day that does not exist") from None


@lru_cache(maxsize=512)
def _days_until(year: str, month: str, day: str) -> int:
    return date(int(year), int(month), int(day)).toordinal() - _EPOCH_ORDINAL
