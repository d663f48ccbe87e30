"""Instants as files of others write them: with a space, a short offset, or no zone at all."""

from __future__ import annotations

import re
from datetime import datetime

from ..amounts import InvalidInstant, parse_instant, zone_named
from ..amounts.instants import SECOND_NS

_WRITTEN = re.compile(
    r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(\.\d{1,9})?\d*(Z|[+-]\d\d(?::?\d\d)?)?", re.ASCII
)
# The calendar of records: the years 1 to 9999.
FIRST_NS = parse_instant("0001-01-01T00:00:00Z")
LAST_NS = parse_instant("9999-12-31T23:59:59.999999999Z")


def parse_moment(text: str, timezone: str | None) -> int:
    """Return the instant that `text` states, in nanoseconds since 1970.

    Args:
        timezone: the IANA zone of what names none; in a fold the earlier of the two instants is meant. Without it
            such a text is no instant.

    Raises:
        InvalidInstant: it does not read like one, names no zone, or lies outside of the years 1 to 9999.
    """
    match = _WRITTEN.fullmatch(text)
    if match is None:
        raise InvalidInstant(f"`{text[:64]}` is not an instant")
    day, clock, fraction, zone = match.groups()
    if zone is None and timezone is None:
        raise InvalidInstant(f"`{text[:64]}` names no zone: say which with `--timezone`")
    if zone is None:
        instant = parse_instant(f"{day}T{clock}{fraction or ''}Z")
        if timezone != "UTC":
            instant -= _offset(day, clock, str(timezone))
    elif len(zone) == 3:
        instant = parse_instant(f"{day}T{clock}{fraction or ''}{zone}:00")
    elif len(zone) == 5:
        instant = parse_instant(f"{day}T{clock}{fraction or ''}{zone[:3]}:{zone[3:]}")
    else:
        instant = parse_instant(f"{day}T{clock}{fraction or ''}{zone}")
    if not FIRST_NS <= instant <= LAST_NS:
        raise InvalidInstant(f"`{text[:64]}` lies outside of the years 1 to 9999")
    return instant


def _offset(day: str, clock: str, timezone: str) -> int:
    """Return how many nanoseconds the wall clock of a zone is ahead of UTC; in a fold, before it is set back."""
    ahead = datetime.fromisoformat(f"{day}T{clock}").replace(tzinfo=zone_named(timezone)).utcoffset()
    if ahead is None:
        raise AssertionError("an aware instant has an offset")
    return (ahead.days * 86_400 + ahead.seconds) * SECOND_NS
