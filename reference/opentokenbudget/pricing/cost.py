"""A cost: lines, and their sum. And the exception of a price that cannot be given."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from opentokenbudget.amounts import format_decimal
from opentokenbudget.problems import ProblemError

from .rates import Rate


class PriceProblem(ProblemError):
    """A usage cannot be priced; never answered with 0.

    Codes: `unknown-model`, `no-price-at-time`, `unknown-context`, `forbidden-context`, `bad-instant`,
    `bad-meter`, `duplicate-meter`, `bad-quantity`, `too-many-meters`, `subset-exceeds-parent`,
    `join-required`, `ambiguous-rate`, `unpriced-meter`.
    """


class CostLine(NamedTuple):
    """What one meter adds, rounded once, half-even, to 10⁻¹².

    Attributes:
        meter: canonical name.
        quantity: what is billed of it alone, its parts excluded and its minimum applied;
            an integer, or a decimal string where a meter that counts no tokens has a fraction.
        rate: after overrides, multipliers and discounts.
        amount_pico: (`quantity` − `free`) at `rate`, in 10⁻¹² of the currency.
        free: the part of `quantity` that an allowance covers.
    """

    meter: str
    quantity: int | str
    rate: Rate
    amount_pico: int
    free: int | str = 0

    @property
    def amount(self) -> Decimal:
        """The amount in the currency, exact."""
        return Decimal(format_decimal(self.amount_pico))

    def as_json(self) -> dict[str, object]:
        """Return the form of a usage record's line."""
        form: dict[str, object] = {"meter": self.meter, "quantity": self.quantity}
        if self.free:
            form["free"] = self.free
        form["rate"] = self.rate.as_json()
        form["amount"] = format_decimal(self.amount_pico)
        return form


Entry = tuple[str, int | str, Rate, int, int | str]
"""A line before anybody asks for it: making it a `CostLine` would be a third of the work of a price."""


class Cost(NamedTuple):
    """What a usage costs.

    Attributes:
        model: id of the model whose prices were used (another than asked for where `billed_as` says so).
        currency: the catalog's.
        total_pico: the sum of the lines, in 10⁻¹² of the currency.
        entries: the fields of the lines as plain tuples; `lines` gives them their names.
    """

    model: str
    currency: str
    total_pico: int
    entries: tuple[Entry, ...]

    @property
    def lines(self) -> tuple[CostLine, ...]:
        """The lines in canonical order: input, output, everything else, each by name; none of quantity 0."""
        return tuple(map(CostLine._make, self.entries))

    @property
    def total(self) -> Decimal:
        """The total in the currency, exact."""
        return Decimal(format_decimal(self.total_pico))

    def as_json(self) -> dict[str, object]:
        """Return the cost as plain data, money as decimal strings."""
        return {
            "model": self.model,
            "currency": self.currency,
            "total": format_decimal(self.total_pico),
            "lines": [line.as_json() for line in self.lines],
        }
