"""litellm's price keys of one model to one price period.

The order of overrides says which of litellm's prices wins: sizes, off-peak hours, service tiers, then per threshold
the standard price and the tiers' own (a tier without a price above the threshold has the standard one there).
Multipliers come last and multiply each other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from .drafts import Period, Plain
from .figures import BadFigure, figure, plain
from .litellm_hours import windows
from .litellm_keys import FOREIGN_UNITS, STRUCTURED, PriceKey, Thing, parse_key, thing_of
from .losses import Losses

_INCLUSIVE = frozenset(("xai",))
_SEARCH_SIZES = ("medium", "low", "high")
_FACTORS = {
    "regional_processing_uplift_multiplier_eu": ("region", "eu"),
    "regional_processing_uplift_multiplier_us": ("region", "us"),
    "regional_endpoint_uplift_multiplier": ("region", "regional"),
}
_SPECIFIC = {"us": ("region", "us"), "fast": ("speed", "fast")}


def period_of(entry: Mapping[str, Any], path: str, losses: Losses, retrieved: str) -> Period:
    """Return the one price period of `entry`, a model of litellm's file; what is lost goes to `losses`."""
    return _Reader(entry, path, losses, retrieved).read()


class _Reader:
    def __init__(self, entry: Mapping[str, Any], path: str, losses: Losses, retrieved: str) -> None:
        self.entry = entry
        self.path = path
        self.losses = losses
        self.retrieved = retrieved
        self.period = Period()
        # What each situation changes, by (threshold, tier, size), in the order of litellm's keys.
        self.changes: dict[tuple[int | None, str, str, str], Plain] = {}

    def read(self) -> Period:
        for key, value in self.entry.items():
            parsed = parse_key(key)
            if parsed is not None:
                self.price(key, parsed, value)
            elif key in FOREIGN_UNITS:
                self.losses.add(
                    key, f"{self.path}/{key}", "dropped", "not money; the dollars stand beside it"
                )
        tiered = self.tiered()
        self.period.rates.update(self.changes.pop((None, "", "", ""), {}))
        self.sizes()
        self.structured("off_peak_pricing", self.off_peak)
        for (above, tier, _, _), rates in self.ordered():
            when: Plain = {}
            if tier:
                self.period.declare("service_tier", tier)
                when["service_tier"] = tier
            if above is not None:
                when["input"] = self.threshold(above)
            self.period.override(when, rates=rates)
        for when, rates in tiered:
            self.period.override(when, rates=rates)
        self.structured("search_context_cost_per_query", self.searches)
        self.structured("search_free_requests", self.allowance)
        self.structured("guardrail_cost_per_unit", self.guardrail)
        self.factors()
        return self.period

    def ordered(self) -> Iterator[tuple[tuple[int | None, str, str, str], Plain]]:
        """Yield tiers, then per threshold, ascending, the standard prices and the tiers' own."""
        plain_changes = {at: rates for at, rates in self.changes.items() if not at[2]}
        yield from sorted(
            plain_changes.items(), key=lambda item: (item[0][0] or -1, item[0][1] != "", item[0][1])
        )

    def price(self, key: str, parsed: PriceKey, value: Any) -> None:
        thing = thing_of(parsed, self.entry)
        if thing is None:
            self.losses.add(key, f"{self.path}/{key}", "exact", "says what another key says")
            return
        at = (parsed.above_tokens, parsed.tier, parsed.size, thing.size if parsed.size else "")
        rates = self.changes.setdefault(at, {})
        if thing.meter in rates:
            note = f"another key says what `{thing.meter}` costs"
            self.losses.add(key, f"{self.path}/{key}", "dropped", note)
            return
        amount = self.amount(key, value, thing, f"{self.path}/{key}")
        if amount is not None:
            rates[thing.meter] = amount

    def amount(self, key: str, value: Any, thing: Thing, path: str) -> Any:
        number = number_of(value)
        if number is None:
            self.losses.add(key, path, "dropped", "it is no number")
            return None
        try:
            read = figure(number, per=thing.per, meter=thing.meter)
        except BadFigure as wrong:
            self.losses.add(key, path, "dropped", str(wrong))
            return None
        if read.original:
            self.period.original.setdefault(thing.meter, f"{read.original} per {thing.per}")
            self.losses.add(key, path, "approximated", f"`{read.original}` rounded to 12 significant digits")
        else:
            self.losses.add(key, path, "exact")
        return read.amount

    def threshold(self, tokens: int) -> Plain:
        return {"gte" if self.entry.get("litellm_provider") in _INCLUSIVE else "gt": tokens}

    def sizes(self) -> None:
        """Add prices by size: the size that costs what the plain key says is the default, else `default` is."""
        for (_, tier, size, key), rates in list(self.changes.items()):
            if not size:
                continue
            values = self.period.values.setdefault(key, ["default"])
            if (
                values[0] == "default"
                and all(self.period.rates.get(m) == r for m, r in rates.items())
                and not tier
            ):
                values[0] = size
            elif size not in values:
                values.append(size)
            when: Plain = {key: size}
            if tier:
                self.period.declare("service_tier", tier)
                when["service_tier"] = tier
            self.period.override(when, rates=rates)

    def structured(self, key: str, read: Callable[[str, Any], bool]) -> None:
        assert key in STRUCTURED
        if key in self.entry:
            path = f"{self.path}/{key}"
            try:
                understood = read(path, self.entry[key])
            except (TypeError, ValueError, KeyError, AttributeError, ArithmeticError):
                understood = False
            if not understood:
                self.losses.add(key, path, "dropped", "it is not written as expected")

    def tiered(self) -> list[tuple[Plain, Plain]]:
        """Return the overrides of `tiered_pricing`; its first step is the usual price."""
        steps: list[tuple[Plain, Plain]] = []

        def read(path: str, value: Any) -> bool:
            for number, step in enumerate(value):
                bounds = step.get("range") or step.get("max_results_range")
                rates: Plain = {}
                for key, price in step.items():
                    parsed = parse_key(key)
                    thing = thing_of(parsed, {**self.entry, **step}) if parsed else None
                    if thing is None:
                        continue
                    amount = self.amount(f"tiered_pricing.{key}", price, thing, f"{path}/{number}/{key}")
                    if amount is not None:
                        rates[thing.meter] = amount
                low, high = (whole_number(bound) for bound in bounds)
                if low is None or high is None:
                    return False
                if "max_results_range" in step:
                    self.results(number, str(high), rates, steps)
                elif number == 0:
                    self.changes.setdefault((None, "", "", ""), {}).update(rates)
                else:
                    steps.append(({"input": self.threshold(low)}, rates))
            return True

        self.structured("tiered_pricing", read)
        return steps

    def results(self, number: int, most: str, rates: Plain, steps: list[tuple[Plain, Plain]]) -> None:
        """Add a price by the most results that a search may bring: a context, its values the upper ends."""
        values = self.period.values.setdefault("max_results", [])
        values.append(most)
        if number == 0:
            self.changes.setdefault((None, "", "", ""), {}).update(rates)
        else:
            steps.append(({"max_results": most}, rates))

    def off_peak(self, path: str, value: Any) -> bool:
        rates: Plain = {}
        for key, price in value.items():
            parsed = parse_key(key)
            thing = thing_of(parsed, {**self.entry, **value}) if parsed else None
            if thing is not None:
                amount = self.amount(f"off_peak_pricing.{key}", price, thing, f"{path}/{key}")
                if amount is not None:
                    rates[thing.meter] = amount
        zone = value.get("weekday_timezone", "UTC")
        hours = windows(value["windows"], zone, self.retrieved)
        if not hours:
            return False
        self.losses.add("off_peak_pricing", path, "exact")
        self.period.override({"time": hours}, rates=rates)
        return True

    def searches(self, path: str, value: Any) -> bool:
        prices = {}
        for size in _SEARCH_SIZES:
            key = f"search_context_size_{size}"
            if key in value:
                prices[size] = self.amount(key, value[key], Thing("web_search"), f"{path}/{key}")
        sizes = [size for size, price in prices.items() if price is not None]
        if not sizes:
            return False
        self.period.rates.setdefault("web_search", prices[sizes[0]])
        if any(prices[size] != prices[sizes[0]] for size in sizes):
            self.period.values["search_context_size"] = sizes
            for size in sizes[1:]:
                self.period.override({"search_context_size": size}, rates={"web_search": prices[size]})
        return True

    def allowance(self, path: str, value: Any) -> bool:
        count = whole_number(value["count"])
        if count is None or value["period"] not in ("day", "week", "month", "year"):
            return False
        if "web_search" not in self.period.rates:
            self.losses.add("search_free_requests", path, "dropped", "searches have no price")
            return True
        allowance: Plain = {"meter": "web_search", "quantity": count, "period": value["period"]}
        if value.get("shared_group"):
            allowance["shared"] = str(value["shared_group"])
        self.period.allowances.append(allowance)
        self.losses.add("search_free_requests", path, "exact")
        return True

    def guardrail(self, path: str, value: Any) -> bool:
        for name, price in value.items():
            words = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)
            meter = words.strip("_").removesuffix("s")
            amount = self.amount("guardrail_cost_per_unit", price, Thing(meter), f"{path}/{name}")
            if amount is not None:
                self.period.rates[meter] = amount
        return True

    def factors(self) -> None:
        specific = self.entry.get("provider_specific_entry")
        found = [
            (key, f"{self.path}/{key}", self.entry[key], _FACTORS[key])
            for key in _FACTORS
            if key in self.entry
        ]
        for key, value in specific.items() if isinstance(specific, Mapping) else ():
            path = f"{self.path}/provider_specific_entry/{key}"
            if key in _SPECIFIC:
                found.append((f"provider_specific_entry.{key}", path, value, _SPECIFIC[key]))
            else:
                self.losses.add(f"provider_specific_entry.{key}", path, "dropped", "only litellm knows it")
        for key, path, value, (context, label) in found:
            number = number_of(value)
            if number is None or number < 0:
                self.losses.add(key, path, "dropped", "it is no factor")
            else:
                self.period.declare(context, label)
                self.period.override({context: label}, multiply=plain(number))
                self.losses.add(key, path, "exact", f"as the context `{context}: {label}`")


def number_of(value: Any) -> Decimal | None:
    """Return a number of the file as an exact decimal, or None when it is none."""
    if isinstance(value, Decimal):
        return value if value.is_finite() else None
    return Decimal(value) if type(value) is int else None


def whole_number(value: Any) -> int | None:
    """Return a number of the file as an integer, or None when it has a fraction or is none."""
    number = number_of(value)
    if number is None or abs(number) > 2**53 or number != number.to_integral_value():
        return None
    return int(number)
