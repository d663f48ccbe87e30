"""Small catalogs for examples, and what is asked of them."""

from __future__ import annotations

import pytest

from opentokenbudget.amounts import parse_instant
from opentokenbudget.pricing import PriceProblem, catalog_problems

NOON = parse_instant("2026-11-23T12:00:00Z")


def document(*models, **more):
    return {"id": "c", "version": "1.0.0", "currency": "USD", "models": list(models), **more}


def model(name="m", *prices, **more):
    return {"id": name, "prices": list(prices or [period()]), **more}


def period(rates=None, **more):
    return {"from": None, "rates": rates or {"input": "1", "output": "2"}, **more}


def found(data, base=None):
    return [(problem.code, problem.pointer) for problem in catalog_problems(data, base=base)]


def refusal(catalog, *arguments, **keywords):
    with pytest.raises(PriceProblem) as refused:
        catalog.price(*arguments, **keywords)
    return [problem.code for problem in refused.value.problems]
