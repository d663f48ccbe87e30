"""Value rules: a product of weights, in groups, within bounds."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opentokenbudget.amounts import PICO, format_decimal, parse_decimal
from opentokenbudget.problems import ProblemError
from opentokenbudget.value import compile_value_rules, value_problems

TYPES = {"task": "string", "plan": "string", "input": "integer", "value": "decimal"}


def document(*rules, **bounds):
    return {
        "otb": "1.0",
        "kind": "value-rules",
        "id": "v",
        "version": "1.0.0",
        "rules": list(rules),
        **bounds,
    }


def weigh(data, **facts):
    return compile_value_rules(data, TYPES).weigh(facts)


DESK = document(
    {"id": "fraud", "group": "criticality", "when": {"task": "fraud"}, "weight": "4"},
    {"id": "dispute", "group": "criticality", "when": {"task": ["fraud", "dispute"]}, "weight": "2"},
    {"id": "premium", "when": {"plan": "premium"}, "weight": "1.5"},
    {"id": "not-free", "when": {"not": {"plan": "free"}}, "weight": "1.1"},
    floor="0.25",
    ceiling="6",
    default="0.8",
)


def test_the_value_is_the_product_of_the_rules_that_count():
    """Weights multiply, of a group only the first counts, and those that counted are named in order."""
    assert weigh(DESK, task="dispute", plan="premium") == (
        33 * PICO // 10,
        ("dispute", "premium", "not-free"),
    )
    assert weigh(DESK, task="fraud", plan="free") == (4 * PICO, ("fraud",))


def test_no_true_rule_gives_the_default():
    """The default weighs where no rule is true, 1 where there is no default."""
    assert weigh(DESK, task="balance") == (8 * PICO // 10, ())
    assert weigh(document({"id": "a", "when": {"task": "a"}, "weight": "3"})) == (PICO, ())


def test_an_unknown_condition_does_not_count():
    """A rule about a missing fact adds no weight, negated or not."""
    assert weigh(DESK, task="fraud").rules == ("fraud",)


def test_floor_and_ceiling_bound_the_value_and_the_default():
    """What lies outside of floor and ceiling is moved to them, the default too."""
    assert weigh(DESK, task="fraud", plan="premium").weight == 6 * PICO
    low = document({"id": "a", "when": {"task": "a"}, "weight": "0"}, floor="0.1", default="0.05")
    assert weigh(low, task="a") == (PICO // 10, ("a",))
    assert weigh(low, task="b") == (PICO // 10, ())


def test_a_rule_without_a_condition_counts_always():
    """A rule without `when` counts for every request."""
    assert weigh(document({"id": "base", "weight": "2.5"})) == (5 * PICO // 2, ("base",))


def test_a_tie_in_the_last_digit_goes_to_even():
    """1.000000000001 x 1.5 lies half-way and ends in the even digit."""
    data = document({"id": "a", "weight": "1.000000000001"}, {"id": "b", "weight": "1.5"})
    assert format_decimal(weigh(data).weight) == "1.500000000002"


@given(st.lists(st.integers(0, 5000 * PICO), min_size=1, max_size=8))
def test_the_product_is_exact_and_rounded_once(weights):
    """The value equals the exact decimal product, rounded half to even at the twelfth digit."""
    rules = [{"id": f"r{i}", "weight": format_decimal(weight)} for i, weight in enumerate(weights)]
    with localcontext(prec=400):
        exact = Decimal(1)
        for weight in weights:
            exact *= Decimal(weight).scaleb(-12)
        expected = exact.quantize(Decimal(1).scaleb(-12), rounding=ROUND_HALF_EVEN)
        assert Decimal(weigh(document(*rules)).weight).scaleb(-12) == expected


def test_every_fact_that_rules_look_at_is_named():
    """The attributes of the rules are those of all their conditions."""
    assert compile_value_rules(DESK, TYPES).attributes == {"task", "plan"}


def test_problems_come_all_at_once_and_in_order():
    """Bounds that exclude each other, a doubled id, an unknown attribute and `value` itself are problems."""
    data = document(
        {"id": "a", "when": {"tsk": "a"}, "weight": "1"},
        {"id": "a", "when": {"value": {"gt": "1"}}, "weight": "1"},
        floor="2",
        ceiling="1",
    )
    found = [(problem.code, problem.pointer) for problem in value_problems(data, TYPES)]
    assert found == [
        ("floor-above-ceiling", "/floor"),
        ("unknown-attribute", "/rules/0/when/tsk"),
        ("duplicate-id", "/rules/1/id"),
        ("unknown-attribute", "/rules/1/when/value"),
    ]
    with pytest.raises(ProblemError) as caught:
        compile_value_rules(data, TYPES.get)
    assert len(caught.value.problems) == 4


def test_equal_bounds_are_allowed():
    """A floor that equals the ceiling fixes the value."""
    fixed = document({"id": "a", "weight": "7"}, floor="2", ceiling="2")
    assert weigh(fixed).weight == parse_decimal("2")
