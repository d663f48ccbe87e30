"""Days, instants and zones that a pattern admits but that do not exist: what the schemas cannot say."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from opentokenbudget.amounts import InvalidInstant, UnknownZone, parse_date, parse_instant, zone_named

_INSTANT, _DATE, _MOMENT, _ZONE = "otb-instant", "otb-date", "otb-moment", "otb-zone"
_LENGTH_OF_DATE = 10

# Definitions of the schemas, wherever they stand, whose strings are asked.
_FORMAT_BY_DEFINITION = {
    "instant": _INSTANT,
    "date": _DATE,
    "moment": _MOMENT,
    "since": _MOMENT,
    "timezone": _ZONE,
}

CODES = {_INSTANT: "bad-instant", _DATE: "bad-instant", _MOMENT: "bad-instant", _ZONE: "unknown-zone"}
"""The problem code of each format."""

REQUIREMENTS = {"bad-instant": "OTB-DOC-022", "unknown-zone": "OTB-DOC-026"}
"""The requirement of each of these codes."""

EXPECTATIONS = {
    _INSTANT: "an instant that exists",
    _DATE: "a day that exists",
    _MOMENT: "a day or an instant that exists",
    _ZONE: "a time zone of the IANA database",
}
"""What each format expects, in words."""


def with_formats(schema: dict[str, Any]) -> dict[str, Any]:
    """Return `schema` with the formats of this module at its definitions of instants, dates and zones.

    Source: spec/10-documents.md OTB-DOC-022, OTB-DOC-023, OTB-DOC-026.
    """
    definitions = schema.get("$defs", {})
    formatted = {
        name: {**definition, "format": _FORMAT_BY_DEFINITION[name]}
        for name, definition in definitions.items()
        if name in _FORMAT_BY_DEFINITION
    }
    return {**schema, "$defs": {**definitions, **formatted}} if formatted else schema


def _is_instant(text: str) -> bool:
    try:
        parse_instant(text)
    except InvalidInstant:
        return False
    return True


def _is_date(text: str) -> bool:
    try:
        parse_date(text)
    except InvalidInstant:
        return False
    return True


def _is_moment(text: str) -> bool:
    return _is_date(text) if len(text) == _LENGTH_OF_DATE else _is_instant(text)


def _is_zone(text: str) -> bool:
    try:
        zone_named(text)
    except UnknownZone:
        return False
    return True


CHECKS: dict[str, Callable[[str], bool]] = {
    _INSTANT: _is_instant,
    _DATE: _is_date,
    _MOMENT: _is_moment,
    _ZONE: _is_zone,
}
"""By format: whether a string of it names something that exists."""
