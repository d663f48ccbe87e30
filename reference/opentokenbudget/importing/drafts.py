"""What importers share: an imported catalog, its sources, its models; the check that all of it is sound."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, NamedTuple, final

from opentokenbudget.documents import schema_problems
from opentokenbudget.pricing import catalog_problems, meter_named
from opentokenbudget.pricing.rates import nearest_rates, read_rate
from opentokenbudget.problems import Problem

from .losses import Loss, Losses

Plain = dict[str, Any]
"""A mapping of plain data, as it stands in a document."""

DEFAULT_LABELS = {"speed": "standard", "region": "global", "search_context_size": "medium"}
_OUTSIDE_IDS = re.compile(r"[^A-Za-z0-9._-]+", re.ASCII)
_LONGEST_ID = 128


class Imported(NamedTuple):
    """A catalog as plain data, what the source lost on the way, and what the quarantine lint says of it."""

    catalog: Plain
    losses: tuple[Loss, ...]
    quarantined: tuple[Problem, ...] = ()


@final
@dataclass(slots=True)
class Period:
    """One price period that is being put together.

    Attributes:
        rates: amount by meter.
        overrides: in the order in which they apply.
        values: the context values that conditions name, by key, without the default.
        original: the source's figures that were rounded, by meter.
    """

    rates: Plain = field(default_factory=dict)
    overrides: list[Plain] = field(default_factory=list)
    values: dict[str, list[str]] = field(default_factory=dict)
    original: dict[str, str] = field(default_factory=dict)
    allowances: list[Plain] = field(default_factory=list)

    def declare(self, key: str, value: str) -> None:
        """Note that the context `key` may be `value`."""
        values = self.values.setdefault(key, [default_label(key)])
        if value not in values:
            values.append(value)

    def override(self, when: Plain, **change: Any) -> None:
        """Add an override, unless it changes nothing."""
        if change.get("rates") or "multiply" in change:
            self.overrides.append({"when": when, **change})

    def fold(self) -> list[tuple[str, str]]:
        """Leave out the rates of parts that cost what their whole costs and that no override names.

        A part without a rate has that of its whole. So the override of a service tier that names the whole
        holds for the part too, where a rate of its own would have stayed at the standard price.
        Returns the parts, each with its whole.
        """
        overridden = {meter for override in self.overrides for meter in override.get("rates", ())}
        rates = {
            meter_named(name): read_rate(meter_named(name), written) for name, written in self.rates.items()
        }
        folded = []
        for meter in sorted(rates, key=lambda meter: -len(meter.tags)):
            own = rates.pop(meter)
            nearest = nearest_rates(meter, rates)
            if len(nearest) == 1 and nearest[0].costs_as(own) and meter.name not in overridden:
                del self.rates[meter.name]
                folded.append((meter.name, nearest[0].meter.name))
            else:
                rates[meter] = own
        return folded

    def as_plain(self, since: str | None, until: str | None, source: str) -> Plain:
        """Return the period as it stands in a catalog."""
        period: Plain = {"from": since}
        if until is not None:
            period["until"] = until
        period["source"] = source
        if self.values:
            period["context"] = self.values
        period["rates"] = self.rates
        for key in ("overrides", "allowances"):
            if getattr(self, key):
                period[key] = getattr(self, key)
        if self.original:
            period["normalized_from"] = self.original
        return period


def default_label(key: str) -> str:
    """Return the value that the context `key` has where a usage does not say."""
    return DEFAULT_LABELS.get(key, "default")


def source_id(*parts: str) -> str:
    """Return a key for `sources` made of `parts`."""
    text = _OUTSIDE_IDS.sub("-", ".".join(part for part in parts if part)).strip("-._")
    return text[:_LONGEST_ID] or "source"


def envelope(name: str, *, retrieved: str, description: str, sources: Plain, models: list[Plain]) -> Plain:
    """Return a catalog in US dollars; its version is the date on which the source was read."""
    year, month, day = retrieved.split("-")
    return {
        "otb": "1.0",
        "kind": "catalog",
        "id": name,
        "version": f"{int(year)}.{int(month)}.{int(day)}",
        "description": description,
        "currency": "USD",
        "sources": sources,
        "models": models,
    }


def chosen(catalog: Plain, globs: tuple[str, ...]) -> Plain:
    """Return `catalog` with only the models whose id or an alias matches one of `globs`; all where there are none."""
    if not globs:
        return catalog
    return with_models(catalog, [model for model in catalog["models"] if is_chosen(model, globs)])


def is_chosen(model: Plain, globs: tuple[str, ...]) -> bool:
    """Return whether the id or an alias of `model` matches one of `globs`, or there are none."""
    names = (model["id"], *model.get("aliases", ()))
    return not globs or any(fnmatchcase(name, glob) for name in names for glob in globs)


def with_models(catalog: Plain, models: list[Plain]) -> Plain:
    """Return `catalog` with `models` alone, and of its sources those that they name."""
    named = {period.get("source") for model in models for period in model["prices"]}
    sources = {key: source for key, source in catalog.get("sources", {}).items() if key in named}
    return {**catalog, "sources": sources, "models": models}


def sound(catalog: Plain, losses: Losses) -> Plain:
    """Return `catalog` without the models that its schema or its meaning refuses; each of them is reported."""
    while True:
        problems = schema_problems(catalog, "catalog") or catalog_problems(catalog)
        wrong: dict[int, Problem] = {}
        for problem in problems:
            steps = problem.pointer.split("/")
            if len(steps) > 2 and steps[1] == "models":
                wrong.setdefault(int(steps[2]), problem)
        if not wrong:
            return catalog
        for number, problem in wrong.items():
            losses.add(
                "model", catalog["models"][number]["id"], "refused", f"{problem.code}: {problem.message}"
            )
        kept = [model for number, model in enumerate(catalog["models"]) if number not in wrong]
        catalog = {**catalog, "models": kept}
