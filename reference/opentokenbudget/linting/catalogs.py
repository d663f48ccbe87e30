"""Lints of a catalog of its own: models that end without a successor, and prices that have holes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

from ..pricing import Catalog, Model
from ..pricing.lifecycle import moment
from ..problems import Problem, did_you_mean
from .candidates import DAY_NS, SOON_DAYS, day
from .survey import warning
from .tiers import REFERENCE_INPUT, REFERENCE_OUTPUT


def replacements(data: Mapping[str, Any], catalog: Catalog, at: int) -> Iterator[Problem]:
    """Yield `retired-model-without-replacement` and `useless-replacement`, as of `at`.

    A model counts as retired here from 30 days before it is: that is when its users look for another.
    """
    for number, plain in enumerate(data["models"]):
        model = catalog.models[plain["id"]]
        life = model.lifecycle
        if life.retires_at is None or life.retires_at > at + SOON_DAYS * DAY_NS:
            continue
        pointer = f"/models/{number}/lifecycle"
        ends = "retired" if life.retires_at <= at else "retires"
        if life.replacement is None:
            message = f"`{model.id}` {ends} on {day(life.retires_at)}, and no replacement is named"
            yield warning("retired-model-without-replacement", pointer, message)
        elif (why := _useless(catalog, model, life.replacement, at)) is not None:
            yield warning("useless-replacement", f"{pointer}/replacement", why)


def _useless(catalog: Catalog, model: Model, name: str, at: int) -> str | None:
    other = catalog.resolve(name)
    if other is None:
        return f"`{name}` is not a model of this catalog{did_you_mean(name, catalog.names)}"
    if other.id == model.id:
        return f"`{name}` is the model itself"
    if other.lifecycle.retires_at is not None and other.lifecycle.retires_at <= at:
        return f"`{name}` retired on {day(other.lifecycle.retires_at)} itself"
    return None


def prices_with_holes(data: Mapping[str, Any], catalog: Catalog, at: int) -> Iterator[Problem]:
    """Yield `price-gap` between two periods of a model, and `unpriced-model` for one that is alive without a price."""
    for number, plain in enumerate(data["models"]):
        periods = []
        for index, period in enumerate(plain["prices"]):
            since = None if period.get("from") is None else moment(period["from"])
            until = None if period.get("until") is None else moment(period["until"])
            periods.append((since, until, index))
        periods.sort(key=lambda period: (period[0] is not None, period[0] or 0))
        for (_, until, _), (since, _, index) in pairwise(periods):
            if until is not None and since is not None and until < since:
                message = f"`{plain['id']}` has no price from {day(until)} until {day(since)}"
                yield warning("price-gap", f"/models/{number}/prices/{index}", message)
        model = catalog.models[plain["id"]]
        if model.status(at) not in ("retired", "unreleased") and _is_unpriced(catalog, model, at):
            message = f"`{model.id}` is not retired, and has no price now"
            yield warning("unpriced-model", f"/models/{number}/prices", message)


def _is_unpriced(catalog: Catalog, model: Model, at: int) -> bool:
    problem = catalog.estimator(model.id).problem(REFERENCE_INPUT, REFERENCE_OUTPUT, at)
    return problem is not None and problem.code == "no-price-at-time"
