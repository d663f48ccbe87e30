"""From the list of a `time` test to windows, or to its problems."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from ..amounts import InvalidInstant, UnknownZone, parse_date, zone_named
from ..problems import Problem, did_you_mean
from .windows import DAY_SECONDS, DAYS, Window, seconds_of_clock
from .wording import REQUIREMENTS, escaped, kind_of

_FIELDS = ("days", "start", "end", "timezone", "except_dates")
_DAY_NS = DAY_SECONDS * 1_000_000_000
_EPOCH_ORDINAL = date(1970, 1, 1).toordinal()


def read_windows(value: object, pointer: str, problems: list[Problem]) -> tuple[Window, ...] | None:
    """Return the windows of `value`, or None after noting what is wrong with it in `problems`."""
    if not isinstance(value, list | tuple):
        message = f"{kind_of(value)} stands where a list of windows is expected"
        problems.append(_problem("type-mismatch", pointer, message))
        return None
    if not value:
        problems.append(_problem("empty-condition", pointer, "no window at all is never true"))
        return None
    before = len(problems)
    windows = [_window(item, f"{pointer}/{index}", problems) for index, item in enumerate(value)]
    return None if len(problems) > before else tuple(window for window in windows if window is not None)


def _problem(code: str, pointer: str, message: str) -> Problem:
    return Problem(code, pointer, message, REQUIREMENTS[code])


def _window(value: object, pointer: str, problems: list[Problem]) -> Window | None:
    if not isinstance(value, Mapping):
        problems.append(_problem("bad-window", pointer, f"a window is a mapping, not {kind_of(value)}"))
        return None
    if not value:
        problems.append(_problem("empty-condition", pointer, "an empty window says nothing"))
        return None
    before = len(problems)
    days, exceptions, zone = Window().days, frozenset[int](), "UTC"
    edges = {"start": 0, "end": DAY_SECONDS}
    for key, item in value.items():
        where = f"{pointer}/{escaped(key)}"
        if key == "days":
            days = _days(item, where, problems)
        elif key in ("start", "end"):
            edges[key] = _clock(key, item, where, problems)
        elif key == "timezone":
            zone = _zone(item, where, problems)
        elif key == "except_dates":
            exceptions = _dates(item, where, problems)
        else:
            message = f"a window has no field `{str(key)[:64]}`{did_you_mean(str(key), _FIELDS)}"
            problems.append(_problem("bad-window", where, message))
    if edges["start"] == edges["end"] and len(problems) == before:
        message = "it ends when it starts, so it never holds; leave both out for all day"
        problems.append(_problem("empty-window", pointer, message))
    return Window(days, edges["start"], edges["end"], zone, exceptions)


def _clock(key: str, value: object, pointer: str, problems: list[Problem]) -> int:
    second = seconds_of_clock(value) if isinstance(value, str) else None
    if second is None or (key == "start" and second == DAY_SECONDS):
        message = f"{kind_of(value)} is not a time of day like `09:30` or `09:30:00`"
        requirement = REQUIREMENTS["bad-window"] if second is None else "OTB-COND-026"
        problems.append(Problem("bad-window", pointer, message, requirement))
        # A start and an end that cannot be equal: one fault, one problem.
        return 0 if key == "start" else DAY_SECONDS
    return second


def _days(value: object, pointer: str, problems: list[Problem]) -> tuple[int, ...]:
    found: set[int] = set()
    if not isinstance(value, list | tuple):
        problems.append(_problem("bad-window", pointer, "`days` is a list of weekdays"))
        return ()
    if not value:
        problems.append(_problem("empty-condition", pointer, "a window on no day never holds"))
    for index, item in enumerate(value):
        if isinstance(item, str) and item in DAYS:
            found.add(DAYS.index(item))
            continue
        near = did_you_mean(item, DAYS) if isinstance(item, str) else ""
        message = f"{kind_of(item)} is not one of {', '.join(f'`{day}`' for day in DAYS)}{near}"
        problems.append(_problem("bad-window", f"{pointer}/{index}", message))
    return tuple(sorted(found))


def _zone(value: object, pointer: str, problems: list[Problem]) -> str:
    try:
        if isinstance(value, str) and zone_named(value):
            return value
    except UnknownZone:
        pass
    problems.append(_problem("unknown-zone", pointer, f"{kind_of(value)} is not an IANA time zone"))
    return "UTC"


def _dates(value: object, pointer: str, problems: list[Problem]) -> frozenset[int]:
    if not isinstance(value, list | tuple):
        problems.append(_problem("bad-window", pointer, "`except_dates` is a list of dates"))
        return frozenset()
    found: set[int] = set()
    for index, item in enumerate(value):
        try:
            if isinstance(item, str):
                found.add(parse_date(item) // _DAY_NS + _EPOCH_ORDINAL)
                continue
        except InvalidInstant:
            pass
        message = f"{kind_of(item)} is not a date like `2026-11-23`"
        problems.append(_problem("bad-window", f"{pointer}/{index}", message))
    return frozenset(found)
