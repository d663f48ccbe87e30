"""LiteLLM's durations as windows of pools.

Two clocks are behind one notation. Budgets of keys, users and teams begin anew at fixed places of the calendar:
`1d` at midnight, `7d` on Monday, `30d` and `1mo` on the first of a month. Budgets of providers, deployments, tags,
and of a key for one model run from the first request on for so many seconds, whatever the calendar says.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from ..drafts import Plain
from ..losses import Severity

EPOCH = "1970-01-01T00:00:00Z"
MINUTE: Plain = {"fixed": "PT1M", "anchor": EPOCH}
EVER: Plain = {"lifetime": True}
_DURATION = re.compile(r"([0-9]{1,6})(mo|[smhdw])", re.ASCII)
_WORDS = {"hourly": "1h", "daily": "24h", "weekly": "7d", "monthly": "30d"}
_ISO = {"s": "PT{}S", "m": "PT{}M", "h": "PT{}H", "d": "P{}D"}


class Window(NamedTuple):
    """A window, how well it says what LiteLLM does, and what differs; `plain` is None where there is none."""

    plain: Plain | None
    severity: Severity
    note: str = ""


def calendar_window(duration: Any, timezone: str) -> Window:
    """Return the window of a budget of a key, user or team, or of the whole proxy."""
    read = _read(duration)
    if read is None:
        return _unread(duration)
    value, unit = read
    if (value, unit) == (24, "h"):
        note = "24 hours from midnight to midnight: the reset time does not hold for it there"
        if timezone != "UTC":
            return Window({"calendar": "day", "timezone": timezone}, "exact", note)
        return Window({"fixed": "PT24H", "anchor": EPOCH}, "exact", note)
    days = value * 7 if unit == "w" else value if unit == "d" else 0
    if days == 1:
        return Window({"calendar": "day", "timezone": timezone}, "exact")
    if days == 7:
        return Window({"calendar": "week", "timezone": timezone, "week_start": "mon"}, "exact")
    if days == 30 or (unit, value) == ("mo", 1):
        note = "" if unit == "mo" else "30 days mean the calendar month there, and here it says so"
        return Window({"calendar": "month", "timezone": timezone}, "exact", note)
    if unit == "mo":
        return Window(None, "dropped", "windows of several months are not served there either")
    if days:
        note = f"{days} days run from the day of the last reset there, from a fixed day here"
        return Window({"fixed": _iso(days, "d"), "anchor": EPOCH}, "approximated", note)
    if unit == "h" and 24 % value == 0 and timezone == "UTC":
        return Window({"fixed": _iso(value, unit), "anchor": EPOCH}, "exact")
    note = "aligned to the hours of the time zone there, to a fixed instant here"
    return Window({"fixed": _iso(value, unit), "anchor": EPOCH}, "approximated", note)


def running_window(duration: Any) -> Window:
    """Return the window of a budget of a provider, deployment or tag, or of one model."""
    read = _read(duration)
    if read is None:
        return _unread(duration)
    value, unit = read
    note = "runs from the first request there, from a fixed instant here"
    if unit == "mo":
        if value != 1:
            return Window(None, "dropped", "several months are no window")
        return Window({"calendar": "month", "timezone": "UTC"}, "approximated", note)
    if unit == "w":
        value, unit = value * 7, "d"
    if (value, unit) == (30, "d"):
        note = (
            "30 days from the first request there, from a fixed instant here: a month is meant for keys alone"
        )
    return Window({"fixed": _iso(value, unit), "anchor": EPOCH}, "approximated", note)


def _iso(value: int, unit: str) -> str:
    return _ISO[unit].format(value)


def _read(duration: Any) -> tuple[int, str] | None:
    if not isinstance(duration, str):
        return None
    text = duration.strip().lower()
    match = _DURATION.fullmatch(_WORDS.get(text, text))
    return (int(match[1]), match[2]) if match and int(match[1]) else None


def _unread(duration: Any) -> Window:
    if duration is None:
        return Window(EVER, "exact", "without a duration it never begins anew")
    return Window(None, "refused", "not a duration like `1d`, `30d` or `1mo`")
