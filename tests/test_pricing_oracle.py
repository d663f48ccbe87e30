"""Prices against the plain oracle, over generated catalogs."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import plain_pricing
from opentokenbudget.amounts import format_instant
from opentokenbudget.pricing import PriceProblem, catalog_problems, compile_catalog
from strategies_catalogs import METERS, catalogs, contexts, instants, usages

VECTORS = Path(__file__).parent / "pricing_vectors"
# The oracle takes quantities as they are given: what is no quantity at all is not its matter.
CASES = [
    case
    for case in json.loads((VECTORS / "prices.json").read_text())
    if case.get("problem") != "bad-quantity"
]
SLOW = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
QUESTIONS = st.lists(
    st.tuples(st.sampled_from(["a/one", "two", "nope"]), usages(), instants(), contexts, st.booleans()),
    min_size=1,
    max_size=8,
)


def answer(price, *arguments):
    """Return the lines as plain tuples, or the set of problem codes."""
    try:
        cost = price(*arguments)
    except PriceProblem as wrong:
        return {problem.code for problem in wrong.problems}
    assert cost.total_pico == sum(line.amount_pico for line in cost.lines)
    return [
        (
            plain_pricing.tags(line.meter),
            Fraction(line.quantity),
            Fraction(line.rate.amount) / line.rate.per,
            line.amount_pico,
            Fraction(line.free),
        )
        for line in cost.lines
    ]


def expected_answer(*arguments, **keywords):
    try:
        return plain_pricing.price(*arguments, **keywords)
    except plain_pricing.Refused as refused:
        return refused.codes


@SLOW
@given(catalogs(), QUESTIONS)
def test_every_price_is_the_oracles(data, questions):
    """Lines, rates, amounts, free parts and problem codes are what the plain reading of the design gives."""
    catalog = compile_catalog(data)
    for model, usage, at, context, asks_allowance in questions:
        used = {"page": 3, "web_search": 1} if asks_allowance else None
        wanted = expected_answer(data, model, usage, at, context, used)
        assert answer(catalog.price, model, usage, at, context, used) == wanted
        assert answer(catalog.price, model, usage, format_instant(at), context, used) == wanted


@SLOW
@given(catalogs(), st.dictionaries(st.sampled_from(METERS), st.integers(0, 20), max_size=6), instants())
def test_usages_that_do_not_add_up_are_refused_as_the_oracle_refuses(data, usage, at):
    """What is negative, overlapping, ambiguous or unpriced is refused for exactly those reasons."""
    assert answer(compile_catalog(data).price, "a/one", usage, at) == expected_answer(
        data, "a/one", usage, at
    )


@SLOW
@given(catalogs(), catalogs(), QUESTIONS)
def test_a_contract_catalog_replaces_whole_models_and_discounts_the_rest(base, contract, questions):
    """A model of the extending catalog stands for the base's; discounts of both multiply what each covers."""
    contract = contract | {"extends": {"path": "base.yaml"}, "models": contract["models"][1:]}
    problems = catalog_problems(contract, base=base)
    # Conditions upon conditions of both may tell more apart than a pricer must read.
    assume("too-many-thresholds" not in {problem.code for problem in problems})
    assert problems == ()
    catalog = compile_catalog(contract, base=base)
    for model, usage, at, context, _ in questions:
        wanted = expected_answer(contract, model, usage, at, context, base=base)
        assert answer(catalog.price, model, usage, at, context) == wanted


@SLOW
@given(catalogs(), usages(), instants(), contexts, st.randoms())
def test_spelling_and_order_of_meters_change_nothing(data, usage, at, context, random):
    """A meter is a set of tags and a usage is a set of meters."""
    catalog = compile_catalog(data)
    shuffled = list(usage.items())
    random.shuffle(shuffled)
    respelled = {".".join(random.sample(name.split("."), len(name.split(".")))): q for name, q in shuffled}
    assert answer(catalog.price, "one", respelled, at, context) == answer(
        catalog.price, "one", usage, at, context
    )


@SLOW
@given(catalogs(), usages(fractions=False), instants(), contexts)
def test_the_careful_way_agrees_with_the_quick_one(data, usage, at, context):
    """Asking for allowances that cover nothing takes the careful way, and costs the same."""
    for model in data["models"]:
        for period in model["prices"]:
            period.pop("allowances", None)
    catalog = compile_catalog(data)
    assert answer(catalog.price, "one", usage, at, context, {}) == answer(
        catalog.price, "one", usage, at, context
    )


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_the_oracle_prices_the_vectors(case):
    """The oracle itself gives the worked costs, or it could judge nothing."""
    at = plain_pricing.moment(case["at"], 0)
    catalog = json.loads((VECTORS / "catalog.json").read_text())
    arguments = (catalog, case["model"], case["usage"], at, case["context"])
    if "problem" in case:
        with pytest.raises(plain_pricing.Refused) as refused:
            plain_pricing.price(*arguments)
        assert case["problem"] in refused.value.codes
    else:
        lines = plain_pricing.price(*arguments)
        assert Fraction(sum(line[3] for line in lines), 10**12) == Fraction(case["cost"])
