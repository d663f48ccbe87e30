"""The quarantine lint: prices that are so odd that a mistake of the source is likelier than the price.

Findings are warnings with codes of their own; an import leaves the models out that have one.

| code | what is odd |
|---|---|
| `suspect-rate` | more than 200 for 1,000,000 tokens |
| `suspect-cache-read` | reading from the cache costs more than the input itself |
| `suspect-batch` | the batch tier costs more than the standard one |
| `suspect-output` | output costs less than a twentieth of input, and not nothing |
| `suspect-jump` | more than 4 times, or less than a quarter, of what the last version of the catalog says |
| `suspect-outlier` | more than 3 times, or less than a tenth, of the middle of at least two other providers' prices |
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from statistics import median
from typing import Any

from opentokenbudget.pricing import meter_named
from opentokenbudget.problems import Problem

from .drafts import Plain, is_chosen
from .figures import plain
from .losses import Losses
from .same_model import model_name, provider_of
from .scenarios import Rated, scenarios, usual_rates

MOST_PER_MILLION_TOKENS = Decimal(200)
LEAST_OUTPUT_SHARE = Decimal(20)
LARGEST_JUMP = Decimal(4)
LARGEST_DISTANCE = Decimal(3)
# Hosts of open models undercut each other by far more than 3 times; a mistaken unit is off by 1,000 times.
LEAST_DISTANCE = Decimal(10)
_FEWEST_OTHERS = 2
_COMPARED = ("input", "output")


def quarantine(
    catalog: Plain, *, models: tuple[str, ...], keep: bool, losses: Losses
) -> tuple[Plain, tuple[Problem, ...]]:
    """Return `catalog` without its suspicious models (with them, where they are to be kept), and the findings.

    All models are looked at, since prices are compared between providers; only those that `models` chooses are told.
    """
    suspects: dict[int, list[Problem]] = {}
    for problem in suspicions(catalog):
        number = int(problem.pointer.split("/")[2])
        if is_chosen(catalog["models"][number], models):
            # The pointer is into what was read, which nobody will see.
            suspects.setdefault(number, []).append(replace(problem, pointer=""))
    # Periods of the same prices say the same: once is enough.
    found = tuple(dict.fromkeys(problem for problems in suspects.values() for problem in problems))
    if keep:
        return catalog, found
    for number, (first, *_) in suspects.items():
        note = f"quarantined, {first.code}: {first.message}"
        losses.add("model", catalog["models"][number]["id"], "refused", note)
    kept = [model for number, model in enumerate(catalog["models"]) if number not in suspects]
    return {**catalog, "models": kept}, found


def suspicions(
    catalog: Mapping[str, Any], *, against: Sequence[Mapping[str, Any]] = ()
) -> tuple[Problem, ...]:
    """Return what is odd about the prices of `catalog`, in document order.

    Args:
        catalog: plain data that has passed the schema.
        against: earlier versions of it, or catalogs of others, to compare with.
    """
    earlier = {model["id"]: model for other in reversed(against) for model in other["models"]}
    offers = _Offers([catalog, *against])
    found = []
    for number, model in enumerate(catalog["models"]):
        pointer = f"/models/{number}"
        for index, period in enumerate(model["prices"]):
            for code, message in _of_period(period):
                found.append(_warning(code, f"{pointer}/prices/{index}", model["id"], message))
        if not model["prices"]:
            continue
        rates = usual_rates(_last(model))
        before = earlier.get(model["id"])
        if before is not None and before["prices"]:
            for message in _jumps(rates, usual_rates(_last(before))):
                found.append(_warning("suspect-jump", pointer, model["id"], message))
        for message in offers.distances(model["id"], rates):
            found.append(_warning("suspect-outlier", pointer, model["id"], message))
    return tuple(found)


def _warning(code: str, pointer: str, model: str, message: str) -> Problem:
    return Problem(code, pointer, f"`{model}`: {message}", severity="warning")


def _last(model: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the period of `model` that begins last."""

    # Dates and instants in ISO form sort as text, near enough for which is the last.
    last: Mapping[str, Any] = max(model["prices"], key=lambda period: period["from"] or "")
    return last


def _of_period(period: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    situations = list(scenarios(period))
    usual = situations[0].rates
    for meter, rate in usual.items():
        if meter_named(meter).is_token and rate > MOST_PER_MILLION_TOKENS:
            yield "suspect-rate", f"`{meter}` costs {plain(rate)} for 1,000,000 tokens"
    for rated in situations:
        yield from _of_situation(rated, usual)
    standard = {_without_tier(rated.condition): rated.rates for rated in situations if not _is_batch(rated)}
    for rated in situations:
        if not _is_batch(rated):
            continue
        without = standard.get(_without_tier(rated.condition), usual)
        for meter, rate in rated.rates.items():
            if meter in without and rate > without[meter]:
                yield (
                    "suspect-batch",
                    f"`{meter}` costs {plain(rate)} in a batch and {plain(without[meter])} without",
                )


def _of_situation(rated: Rated, usual: Mapping[str, Decimal]) -> Iterator[tuple[str, str]]:
    situation = f" when {rated.when}" if rated.when else ""
    for meter, rate in rated.rates.items():
        without = _read_from(meter)
        if without not in rated.rates or rate <= rated.rates[without]:
            continue
        # What is odd about the usual rates already is said once.
        if rated.when and (rate, rated.rates[without]) == (usual.get(meter), usual.get(without)):
            continue
        yield (
            "suspect-cache-read",
            f"`{meter}` costs {plain(rate)}, `{without}` {plain(rated.rates[without])}{situation}",
        )
    if rated.when == "" and {"input", "output"} <= rated.rates.keys():
        paid, given = rated.rates["input"], rated.rates["output"]
        if given and given * LEAST_OUTPUT_SHARE < paid:
            yield (
                "suspect-output",
                f"`output` costs {plain(given)}, less than a twentieth of `input`, {plain(paid)}",
            )


def _read_from(meter: str) -> str:
    """Return the meter whose tokens `meter` counts when they come from the cache, or ""."""
    tags = meter_named(meter).tags
    if "input" not in tags or "cache_read" not in tags:
        return ""
    return meter_named(".".join(sorted(tags - {"cache_read"}))).name


def _is_batch(rated: Rated) -> bool:
    tier = rated.condition.get("service_tier")
    return tier == "batch" or (isinstance(tier, list) and "batch" in tier)


def _without_tier(condition: Mapping[str, Any]) -> str:
    return repr(sorted((key, str(value)) for key, value in condition.items() if key != "service_tier"))


def _jumps(now: Mapping[str, Decimal], before: Mapping[str, Decimal]) -> Iterator[str]:
    for meter, rate in now.items():
        was = before.get(meter)
        if was and rate and not was / LARGEST_JUMP <= rate <= was * LARGEST_JUMP:
            yield f"`{meter}` costs {plain(rate)}, and {plain(was)} in the version before"


class _Offers:
    """What all providers ask for a model of a name."""

    def __init__(self, catalogs: Sequence[Mapping[str, Any]]) -> None:
        self.by_name: dict[str, dict[str, Mapping[str, Decimal]]] = {}
        for catalog in catalogs:
            for model in catalog["models"]:
                if model["prices"]:
                    offers = self.by_name.setdefault(model_name(model["id"]), {})
                    offers.setdefault(provider_of(model["id"]), usual_rates(_last(model)))

    def distances(self, id_: str, rates: Mapping[str, Decimal]) -> Iterator[str]:
        """Yield where `rates` are far above or below the middle of the others that are not free."""
        own = provider_of(id_)
        others = [
            offer for provider, offer in self.by_name.get(model_name(id_), {}).items() if provider != own
        ]
        for meter in _COMPARED:
            asked = [offer[meter] for offer in others if offer.get(meter)]
            rate = rates.get(meter)
            if not rate or len(asked) < _FEWEST_OTHERS:
                continue
            middle = Decimal(median(asked))
            if not middle / LEAST_DISTANCE <= rate <= middle * LARGEST_DISTANCE:
                yield f"`{meter}` costs {plain(rate)}, and {plain(middle)} in the middle of {len(asked)} others"
