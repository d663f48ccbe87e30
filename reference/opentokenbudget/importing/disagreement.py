"""Where two sources of the same moment disagree about the price of a model, and which is likelier right.

Models are matched by id, by a name that both give, or as the same model of the same provider under the names that
sources have for it. Which is likelier is a hint with its reason, never a decision:

1. the one that the quarantine lint finds nothing odd about;
2. the one that the middle of all other providers' prices of the model in both catalogs is nearer to, where the two
   are more than twice apart;
3. the one whose price is dated.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from statistics import median
from typing import Any, Literal, NamedTuple

from opentokenbudget.conditions import evaluate, parse
from opentokenbudget.pricing import meter_named
from opentokenbudget.pricing.lifecycle import moment

from .figures import plain
from .quarantine import suspicions
from .same_model import model_name, provider_of
from .scenarios import STANDARD, scenarios, usual_rates

Plain = Mapping[str, Any]
Likelier = Literal["first", "second", "unknown"]
_FAR_APART = Decimal(2)


class Disagreement(NamedTuple):
    """A meter on which two sources disagree: both prices, for 1,000,000 tokens or one other unit.

    Attributes:
        models: its ids in both.
        meter, when: the rate, and its situation as JSON.
        first, second: what they say; None where one says nothing.
        ratio: of the larger to the smaller, None where one is zero or missing.
        likelier, because: which, and why.
    """

    models: tuple[str, str]
    meter: str
    when: str
    first: str | None
    second: str | None
    ratio: str | None
    likelier: Likelier
    because: str

    def as_json(self) -> dict[str, Any]:
        """Return the disagreement as plain data."""
        return {**self._asdict(), "models": list(self.models)}


class Comparison(NamedTuple):
    """How many models both sources have, how many meters agree, and where they do not."""

    models: int
    agreeing: int
    disagreements: tuple[Disagreement, ...]


def compare_sources(first: Plain, second: Plain, *, at: int) -> Comparison:
    """Return where the catalogs `first` and `second` disagree about prices at the instant `at`."""
    judge = _Judge(first, second, at)
    pairs = list(matched(first, second))
    agreeing = 0
    found: list[Disagreement] = []
    for one, other in pairs:
        a, b = period_at(one, at), period_at(other, at)
        if a is None or b is None:
            continue
        ours = {rated.when: rated.rates for rated in scenarios(at_instant(a, at))}
        theirs = {rated.when: rated.rates for rated in scenarios(at_instant(b, at))}
        for when in [situation for situation in ours if situation in theirs]:
            for meter in dict.fromkeys((*ours[when], *theirs[when])):
                pair = (ours[when].get(meter), theirs[when].get(meter))
                usual = (ours[STANDARD].get(meter), theirs[STANDARD].get(meter))
                if pair[0] == pair[1]:
                    agreeing += 1
                elif not when or (pair != usual and None not in pair):
                    found.append(judge.disagreement((one, other), meter, when, pair))
    return Comparison(len(pairs), agreeing, tuple(found))


def largest_gap(comparison: Comparison) -> Decimal:
    """Return by how many percent the larger price is above the smaller one, at most; a missing one does not count."""
    ratios = [Decimal(item.ratio) for item in comparison.disagreements if item.ratio is not None]
    return (max(ratios) - 1) * 100 if ratios else Decimal(0)


def matched(first: Plain, second: Plain) -> Iterator[tuple[Plain, Plain]]:
    """Yield the models that both catalogs have, each model once at most."""
    by_name: dict[str, Plain] = {}
    by_guess: dict[tuple[str, str], Plain] = {}
    for model in second["models"]:
        by_name[model["id"]] = model
    for model in second["models"]:
        for alias in model.get("aliases", ()):
            by_name.setdefault(alias, model)
        by_guess.setdefault((provider_of(model["id"]), model_name(model["id"])), model)
    taken: set[str] = set()
    for model in first["models"]:
        own = provider_of(model["id"])
        for name in (model["id"], *model.get("aliases", ())):
            other = by_name.get(name)
            # A bare name may be another provider's in the other source.
            if other is not None and provider_of(other["id"]) == own:
                break
        else:
            other = by_guess.get((own, model_name(model["id"])))
        if other is not None and other["id"] not in taken:
            taken.add(other["id"])
            yield model, other


def period_at(model: Plain, at: int) -> Plain | None:
    """Return the price period of `model` at the instant `at`."""
    for period in model["prices"]:
        since, until = period["from"], period.get("until")
        if (since is None or moment(since) <= at) and (until is None or at < moment(until)):
            found: Plain = period
            return found
    return None


def at_instant(period: Plain, at: int) -> Plain:
    """Return `period` with each override by time of day as it is at the instant `at`: always there, or not at all."""
    overrides = []
    for override in period.get("overrides", ()):
        when = override["when"]
        if "time" in when:
            inside = evaluate(parse({"time": when["time"]}, types={"time": "time"}), {"time": at})
            when = {key: test for key, test in when.items() if key != "time"}
            if not inside:
                continue
        overrides.append({**override, "when": when})
    return {**period, "overrides": overrides}


class _Judge:
    def __init__(self, first: Plain, second: Plain, at: int) -> None:
        self.at = at
        self.odd = [self._odd(first), self._odd(second)]
        self.offers: dict[str, list[tuple[str, Mapping[str, Decimal]]]] = {}
        for catalog in (first, second):
            for model in catalog["models"]:
                period = period_at(model, at)
                if period is not None:
                    offer = (provider_of(model["id"]), usual_rates(at_instant(period, at)))
                    self.offers.setdefault(model_name(model["id"]), []).append(offer)

    @staticmethod
    def _odd(catalog: Plain) -> set[str]:
        return {catalog["models"][int(p.pointer.split("/")[2])]["id"] for p in suspicions(catalog)}

    def disagreement(
        self, models: Sequence[Plain], meter: str, when: str, pair: tuple[Decimal | None, Decimal | None]
    ) -> Disagreement:
        likelier, because = self._likelier(models, meter, pair)
        ratio = None
        if pair[0] and pair[1]:
            ratio = plain((max(pair[0], pair[1]) / min(pair[0], pair[1])).quantize(Decimal("0.001")))
        texts = [None if price is None else plain(price) for price in pair]
        ids = (models[0]["id"], models[1]["id"])
        return Disagreement(ids, meter, when, texts[0], texts[1], ratio, likelier, because)

    def _likelier(
        self, models: Sequence[Plain], meter: str, pair: tuple[Decimal | None, Decimal | None]
    ) -> tuple[Likelier, str]:
        one, other = pair
        if one is None or other is None:
            return "unknown", "only one of them has a price for it"
        odd = [models[0]["id"] in self.odd[0], models[1]["id"] in self.odd[1]]
        if odd[0] != odd[1]:
            return ("second" if odd[0] else "first"), "the other has suspicious prices"
        middle = self._middle(models[0]["id"], meter)
        low, high = sorted((one, other))
        if middle and low and high > low * _FAR_APART:
            near = abs(one - middle) <= abs(other - middle)
            return ("first" if near else "second"), f"other providers ask {plain(middle)} in the middle"
        dated = [self._dated(model) for model in models]
        if dated[0] != dated[1]:
            return ("first" if dated[0] else "second"), "its price is dated"
        return "unknown", "nothing speaks for either"

    def _middle(self, id_: str, meter: str) -> Decimal | None:
        own = provider_of(id_)
        others = [
            rates[meter]
            for provider, rates in self.offers[model_name(id_)]
            if provider != own and rates.get(meter)
        ]
        return Decimal(median(others)) if others and meter_named(meter).is_token else None

    def _dated(self, model: Plain) -> bool:
        period = period_at(model, self.at)
        return period is not None and (period["from"] is not None or "until" in period)
