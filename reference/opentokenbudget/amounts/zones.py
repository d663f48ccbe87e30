"""Wall-clock time in IANA zones. The zone database (the `tzdata` version in use) is an input of every decision."""

from __future__ import annotations

from datetime import datetime
from functools import cache, lru_cache
from importlib.resources import files
from typing import NamedTuple
from zoneinfo import ZoneInfo

from .instants import SECOND_NS

_FIRST_S = -62_135_424_000
_LAST_S = 253_402_128_000


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
    if name not in _names():
        raise UnknownZone(f"`{name[:64]}` is not an IANA time zone")
    return ZoneInfo(name)


@cache
def _names() -> frozenset[str]:
    """Return the names of the database; what else lies beside its files on a machine (`localtime`) is none."""
    return frozenset(files("tzdata").joinpath("zones").read_text("ascii").split())


def local_time(instant: int, zone: str) -> LocalTime:
    """Return the wall-clock time of `instant` (nanoseconds since 1970) in the IANA zone named `zone`."""
    seconds = instant // SECOND_NS
    if zone == "UTC":
        days, second = divmod(seconds, 86_400)
        return LocalTime((days + 3) % 7, days + 719_163, second)
    # The calendar of `datetime` ends at the years 1 and 9999; a zone's offset does not change there any more.
    shown = min(max(seconds, _FIRST_S), _LAST_S)
    offset = datetime.fromtimestamp(shown, zone_named(zone)).utcoffset()
    if offset is None:
        raise AssertionError("an aware instant has an offset")
    days, second = divmod(seconds + offset.days * 86_400 + offset.seconds, 86_400)
    return LocalTime((days + 3) % 7, days + 719_163, second)
