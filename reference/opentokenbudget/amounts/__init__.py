"""Exact numbers and instants: the ground that every other room stands on.

Money, weights, rates and confidences are integers of 10⁻¹² of their unit ("pico"), never floats.
Instants are integer nanoseconds since 1970-01-01T00:00:00Z; windows and periods are half-open `[from, until)`.
"""

from .decimals import PICO, InvalidDecimal, divide_half_even, format_decimal, parse_decimal
from .instants import (
    InvalidInstant,
    format_instant,
    parse_date,
    parse_duration,
    parse_instant,
)
from .zones import LocalTime, UnknownZone, local_time, zone_named

__all__ = [
    "PICO",
    "InvalidDecimal",
    "InvalidInstant",
    "LocalTime",
    "UnknownZone",
    "divide_half_even",
    "format_decimal",
    "format_instant",
    "local_time",
    "parse_date",
    "parse_decimal",
    "parse_duration",
    "parse_instant",
    "zone_named",
]
