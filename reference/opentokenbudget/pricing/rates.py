"""Rates: what one unit of a meter costs, exactly, and which rate a meter falls under."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import gcd
from typing import final

from msgspec import Struct

from opentokenbudget.amounts import parse_decimal

from .meters import Meter


@final
class Rate(Struct, frozen=True):
    """An exact price: `mantissa / 10**scale` of the currency for `per` units of `meter`.

    `numerator / denominator` is the same in 10⁻¹² of the currency per unit, in lowest terms.
    """

    meter: Meter
    mantissa: int
    scale: int
    per: int
    numerator: int
    denominator: int

    @property
    def amount(self) -> str:
        """The amount for `per` units: the shortest decimal string, with every digit that it has."""
        whole, fraction = divmod(self.mantissa, 10**self.scale)
        if not fraction:
            return str(whole)
        return f"{whole}." + str(fraction).rjust(self.scale, "0").rstrip("0")

    def times(self, factor_pico: int) -> Rate:
        """Return the rate multiplied by `factor_pico` · 10⁻¹², nothing rounded."""
        return rate_of(self.meter, self.mantissa * factor_pico, self.scale + 12, self.per)

    def as_json(self) -> dict[str, object]:
        """Return `{amount, per}`."""
        return {"amount": self.amount, "per": self.per}

    def costs_as(self, other: Rate) -> bool:
        """Return whether a unit costs the same under both."""
        return self.numerator == other.numerator and self.denominator == other.denominator


def rate_of(meter: Meter, mantissa: int, scale: int, per: int) -> Rate:
    """Return the rate of `mantissa / 10**scale` for `per` units of `meter`."""
    while scale > 12 and mantissa % 10 == 0:
        mantissa //= 10
        scale -= 1
    numerator = mantissa * 10**12
    denominator = per * 10**scale
    shared = gcd(numerator, denominator)
    return Rate(meter, mantissa, scale, per, numerator // shared, denominator // shared)


def read_rate(meter: Meter, written: object) -> Rate:
    """Return the rate that a document writes: a decimal string, or `{amount, per}`.

    Raises:
        InvalidDecimal: the amount is not a decimal string.
        ValueError: a negative amount, or a `per` below 1.
    """
    amount, per = written, meter.default_per
    if isinstance(written, Mapping):
        amount, per = written.get("amount"), written.get("per", per)
    if not isinstance(amount, str):
        raise ValueError(f"`{amount}` is not a decimal string")
    amount_pico = parse_decimal(amount)
    if amount_pico < 0:
        raise ValueError(f"a rate of `{written}` is below zero")
    if type(per) is not int or per < 1:
        raise ValueError(f"`per` is `{per}`, and has to be an integer above zero")
    return rate_of(meter, amount_pico, 12, per)


def nearest_rates(meter: Meter, rates: Mapping[Meter, Rate]) -> list[Rate]:
    """Return the rates that `meter` may fall under, in canonical order.

    Its own alone when it has one, else those of its most specific priced ancestors:
    none means that the meter is unpriced, several with different costs that it is ambiguous.
    """
    own = rates.get(meter)
    if own is not None:
        return [own]
    ancestors = [rate for rate in rates.values() if rate.meter.tags < meter.tags]
    nearest = [
        rate for rate in ancestors if not any(rate.meter.tags < other.meter.tags for other in ancestors)
    ]
    return sorted(nearest, key=lambda rate: rate.meter.order)


def agree(rates: Iterable[Rate]) -> bool:
    """Return whether all of `rates` cost the same per unit."""
    first, *others = rates
    return all(first.costs_as(other) for other in others)
