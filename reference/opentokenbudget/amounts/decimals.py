"""Decimal strings of the wire, as integers of 10⁻¹² ("pico")."""

from __future__ import annotations

import re

PICO = 10**12

_DECIMAL = re.compile(r"(-?)(0|[1-9][0-9]{0,29})(?:\.([0-9]{1,12}))?", re.ASCII)


class InvalidDecimal(ValueError):
    """A text is not a decimal string of the spec: no exponent, no plus, at most 12 fractional digits."""


def parse_decimal(text: str) -> int:
    """Return the decimal string `text` in units of 10⁻¹².

    Raises:
        InvalidDecimal: an exponent, a plus sign, a leading zero, more than 12 fractional or 30 whole digits.

    Source: spec/10-documents.md OTB-DOC-020.
    """
    match = _DECIMAL.fullmatch(text)
    if match is None:
        raise InvalidDecimal(f"`{text[:64]}` is not a decimal string")
    sign, whole, fraction = match.groups()
    pico = int(whole) * PICO
    if fraction:
        pico += int(fraction.ljust(12, "0"))
    return -pico if sign else pico


def format_decimal(pico: int) -> str:
    """Return the shortest decimal string of `pico` units of 10⁻¹²: no exponent, no trailing zeros."""
    sign, pico = ("-", -pico) if pico < 0 else ("", pico)
    whole, parts = divmod(pico, PICO)
    if not parts:
        return f"{sign}{whole}"
    return f"{sign}{whole}.{parts:012d}".rstrip("0")


def divide_half_even(numerator: int, denominator: int) -> int:
    """Return `numerator / denominator` as an integer, ties to even; `denominator` > 0."""
    quotient, remainder = divmod(numerator, denominator)
    twice = remainder * 2
    if twice > denominator or (twice == denominator and quotient & 1):
        return quotient + 1
    return quotient
