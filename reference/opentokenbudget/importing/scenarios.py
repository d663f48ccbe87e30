"""The rates of a period in the situations that its overrides tell apart.

A situation is what must be so: context values, quantities, a window of time. Its rates are the period's own under
every override that the situation implies, rates first, then multipliers; so a lint or a comparison can lay two
catalogs side by side without knowing how either is written.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from opentokenbudget.pricing import meter_named

Plain = Mapping[str, Any]
STANDARD = ""


class Rated(NamedTuple):
    """The rates of one situation.

    Attributes:
        when: the situation as canonical JSON; "" is the usual one.
        condition: the same as data.
        rates: price of 1,000,000 tokens, or of one other unit, by canonical meter.
    """

    when: str
    condition: Plain
    rates: Mapping[str, Decimal]


def scenarios(period: Plain) -> Iterator[Rated]:
    """Yield the usual rates of `period`, then those of each situation that its overrides name, each once."""
    overrides = period.get("overrides", ())
    yield Rated(STANDARD, {}, _rates(period, {}))
    seen = {STANDARD}
    for override in overrides:
        if not override["when"]:
            continue
        name = json.dumps(override["when"], sort_keys=True)
        if name not in seen:
            seen.add(name)
            yield Rated(name, override["when"], _rates(period, override["when"]))


def usual_rates(period: Plain) -> Mapping[str, Decimal]:
    """Return the rates that hold in no particular situation."""
    return _rates(period, {})


def price_of(written: Any, meter: str) -> Decimal:
    """Return the price of 1,000,000 tokens, or of one other unit, that a rate says."""
    usual = 1_000_000 if meter_named(meter).is_token else 1
    if isinstance(written, Mapping):
        return Decimal(written["amount"]) * usual / Decimal(written["per"])
    return Decimal(written)


def implies(situation: Plain, condition: Plain) -> bool:
    """Return whether `condition` surely holds where `situation` does, both conjunctions of simple tests."""
    return all(key in situation and _within(situation[key], test) for key, test in condition.items())


def _within(given: Any, test: Any) -> bool:
    if given == test:
        return True
    if isinstance(test, list) and not isinstance(given, Mapping):
        return set(map(str, given if isinstance(given, list) else [given])) <= set(map(str, test))
    if isinstance(given, Mapping) and isinstance(test, Mapping):
        low, bound = _least(given), _least(test)
        return low is not None and bound is not None and low >= bound
    return False


def _least(test: Mapping[str, Any]) -> int | None:
    """Return the least whole number that passes a lower bound, or None for any other test."""
    if len(test) == 1 and isinstance(bound := next(iter(test.values())), int):
        return {"gt": bound + 1, "gte": bound}.get(next(iter(test)))
    return None


def _rates(period: Plain, situation: Plain) -> dict[str, Decimal]:
    rates = {meter_named(m).name: price_of(written, m) for m, written in period["rates"].items()}
    matching = [o for o in period.get("overrides", ()) if implies(situation, o["when"])]
    for override in matching:
        rates.update((meter_named(m).name, price_of(w, m)) for m, w in override.get("rates", {}).items())
    for override in matching:
        if "multiply" in override:
            named = {meter_named(meter).name for meter in override.get("meters", ())}
            for meter in rates:
                if meter in named if named else meter_named(meter).is_token:
                    rates[meter] *= Decimal(override["multiply"])
    return rates
