"""Usages with a fraction among their quantities, which are priced the careful way, cost what whole ones do."""

from __future__ import annotations

import pytest

from opentokenbudget.pricing import PriceProblem, compile_catalog
from small_catalogs import NOON, document, model, period

AUDIO = {"input": "1", "input.audio": "3", "input.cached": "2", "input.audio.cached": "4", "page": "1"}


def catalog_of(rates, **more):
    return compile_catalog(document(model("m", period(rates, **more))))


@pytest.mark.parametrize(("tokens", "rate"), [(5, 1), (6, 2)])
def test_a_threshold_of_tokens_holds_beside_a_fraction(tokens, rate):
    """Tokens are compared as tokens, whatever else a usage counts."""
    overrides = [{"when": {"input": {"gt": 5}}, "rates": {"input": "2"}}]
    catalog = catalog_of({"input": "1", "page": "1"}, overrides=overrides)
    priced = catalog.price("m", {"input": tokens, "page": "0.5"}, NOON).lines[0]
    assert priced.amount_pico == tokens * rate * 10**6


def test_parts_of_which_one_is_0_do_not_overlap():
    """Only two parts that are both there need their join, beside a fraction as without one."""
    usage = {"input": 10, "input.audio": 6, "input.cached": 0, "page": "0.5"}
    assert catalog_of(AUDIO).price("m", usage, NOON).total_pico == (4 + 6 * 3) * 10**6 + 5 * 10**11


def test_every_join_that_is_missing_is_told():
    """Parts that overlap twice need two joins, each with a problem of its own."""
    rates = AUDIO | {"input.video": "5", "input.cached.video": "6"}
    usage = {"input": 10, "input.audio": 1, "input.cached": 1, "input.video": 1}
    with pytest.raises(PriceProblem) as refused:
        catalog_of(rates).price("m", usage, NOON)
    told = [(problem.code, problem.message.split("`")[5]) for problem in refused.value.problems]
    assert told == [("join-required", "input.audio.cached"), ("join-required", "input.cached.video")]


@pytest.mark.parametrize(
    ("used", "free", "total_pico"),
    [(None, 0, 60 * 10**9), ({}, 5, 10 * 10**9), ({"web_search": 7}, 3, 30 * 10**9)],
)
def test_an_allowance_is_free_only_where_the_input_says_what_was_used(used, free, total_pico):
    """Nothing is free unless it is known what has been used, and only of meters that have an allowance."""
    allowance = {"meter": "web_search", "quantity": 10, "period": "day"}
    catalog = catalog_of({"web_search": "0.01", "page": "0.02"}, allowances=[allowance])
    cost = catalog.price("m", {"web_search": 5, "page": "0.5"}, NOON, used=used)
    assert {line.meter: line.free for line in cost.lines} == {"web_search": free, "page": 0}
    assert cost.total_pico == total_pico
