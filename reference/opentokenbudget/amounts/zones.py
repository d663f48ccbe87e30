"""Wall-clock time in IANA zones. The zone database (the `tzdata` version in use) is an input of every decision."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from .instants import SECOND_NS


class UnknownZone(ValueError):
    """A name is not a zone of the IANA database."""


class LocalTime(NamedTuple):
    """Wall-clock time: `weekday` 0 is Monday; `day` is the proleptic ordinal; `second` counts from local midnight."""

    weekday: int
    day: int
    second: int


@lru_cache(maxsize=512)
def zone_named(name: str) -> ZoneInfo:
    """Return the IANA zone `name`, exactly as the database spells it.

    Raises:
        UnknownZone: no such zone.
    """
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, KeyError):
        raise UnknownZone(f"`{name[:64]}` is not an IANA time zone") from None


def local_time(instant: int, zone: str) -> LocalTime:
    """Return the wall-clock time of `instant` (nanoseconds since 1970) in the IANA zone named `zone`."""
    seconds = instant // SECOND_NS
    if zone == "UTC":
        days, second = divmod(seconds, 86_400)
        return LocalTime((days + 3) % 7, days + 719_163, second)
    moment = datetime.fromtimestamp(seconds, UTC).astimezone(zone_named(zone))
    return LocalTime(
        moment.weekday(), moment.toordinal(), moment.hour * 3600 + moment.minute * 60 + moment.second
    )
