"""Prices of a source, as exact decimals, to the amounts that a catalog writes.

A catalog holds at most 12 fractional digits. A figure of more than 12 significant digits is what a division
of floats has left behind: it is rounded to 12, half to even, and the source's own figure is kept beside it.
"""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Context, Decimal, localcontext
from typing import NamedTuple

from opentokenbudget.pricing import meter_named

SIGNIFICANT_DIGITS = 12
FRACTIONAL_DIGITS = 12
_LARGEST_PER = 12
_EXACT = Context(prec=200)


class Figure(NamedTuple):
    """An amount as a catalog writes it; `original` is the source's figure where it was rounded, else ""."""

    amount: str | dict[str, str | int]
    original: str


class BadFigure(ValueError):
    """A price that no catalog can hold: negative, not finite, or beyond 30 whole digits."""


def figure(price: Decimal, *, per: int, meter: str) -> Figure:
    """Return `price` for `per` units of `meter` as an amount.

    Tokens are written for 1,000,000 of them, other units for one where 12 fractional digits can hold that,
    else for as many as the source says.

    Raises:
        BadFigure: the price is negative, not a number, or too large.
    """
    if not price.is_finite() or price < 0:
        raise BadFigure(f"`{price}` is not a price")
    usual = 1_000_000 if meter_named(meter).is_token else 1
    with localcontext(_EXACT):
        quotient = price * usual / per
    if _digits(quotient) > SIGNIFICANT_DIGITS >= _digits(price):
        # 0.111 an hour has no end per second: say it as the source does.
        return _written(price, per, price)
    return _written(quotient, usual, price)


def _written(value: Decimal, per: int, source: Decimal) -> Figure:
    rounded = Context(prec=SIGNIFICANT_DIGITS, rounding=ROUND_HALF_EVEN).plus(value)
    with localcontext(_EXACT):
        usual = per
        amount = rounded
        while -_exponent(amount) > FRACTIONAL_DIGITS and per < 10**_LARGEST_PER:
            amount, per = amount * 1000, per * 1000
        if -_exponent(amount) > FRACTIONAL_DIGITS:
            raise BadFigure(f"`{source}` is too small to be written")
    text = plain(amount)
    if len(text.partition(".")[0]) > 30:
        raise BadFigure(f"`{source}` is too large to be written")
    original = "" if rounded == value else str(source)
    if per == usual and usual in (1, 1_000_000):
        return Figure(text, original)
    return Figure({"amount": text, "per": per}, original)


def plain(value: Decimal) -> str:
    """Return `value` without exponent and without trailing zeros."""
    text = format(value, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return text or "0"


def _digits(value: Decimal) -> int:
    return len(value.normalize(_EXACT).as_tuple().digits)


def _exponent(value: Decimal) -> int:
    exponent = value.normalize(_EXACT).as_tuple().exponent
    assert isinstance(exponent, int)
    return exponent
