"""What the analysis claims of conditions without facts holds for all facts."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opentokenbudget.conditions import (
    RuleIndex,
    attributes_of,
    contradictory,
    covers,
    evaluate,
    parse,
    shadowed,
)
from strategies_conditions import TYPES, facts, many_facts, whens

FACTS = many_facts(150, seed=11)


def read(when):
    return None if when is None else parse(when, types=TYPES)


@pytest.mark.parametrize(
    "when",
    [
        {"task": "a", "all": [{"task": "b"}]},
        {"input": {"gt": 5, "lt": 3}},
        {"input": {"gt": 5, "lt": 6}},
        {"cost": {"gte": "2", "lt": "2"}},
        {"task": ["a", "b"], "all": [{"task": {"prefix": "c"}}]},
        {"task": ["abc", "ab"], "all": [{"task": {"matches": "c+"}}]},
        {"task": {"contains": "x"}, "not": {"task": {"contains": "x"}}},
        {"task": {"exists": False}, "any": [{"task": "a"}, {"task": {"matches": "b.*"}}]},
        {"eu": True, "not": {"any": [{"eu": True}, {"input": 1}]}},
        {"any": [{"task": "a", "not": {"task": "a"}}, {"input": {"lt": 0, "gt": 0}}]},
        {"tags": {"contains": "x"}, "not": {"tags": {"contains": "x"}}},
        {"time": [{"start": "09:00"}], "not": {"time": [{"start": "09:00"}]}},
        {"not": {"any": [{"input": {"lt": 3}}, {"input": {"gte": 3}}]}},
    ],
)
def test_conditions_that_can_never_be_true_are_found(when):
    """Demands on one attribute that exclude each other make a contradiction, through any nesting."""
    assert contradictory(read(when))


@pytest.mark.parametrize(
    "when",
    [
        {"input": {"gt": 5, "lt": 7}},
        {"cost": {"gt": "5", "lt": "5.000000000002"}},
        {"task": {"prefix": "a", "contains": "x"}},
        {"task": {"matches": "[^a]", "contains": "b"}},
        {"not": {"task": "a"}},
        {"time": [{"start": "09:00", "end": "09:01"}]},
    ],
)
def test_conditions_that_can_be_true_are_left_alone(when):
    """Nothing is called contradictory that some facts make true."""
    assert not contradictory(read(when))


def test_a_value_outside_of_the_declared_ones_is_a_contradiction():
    """With the only values of an attribute declared, equality with another one can never be true."""
    assert contradictory(read({"task": "c"}), {"task": ["a", "b"]})
    assert contradictory(read({"task": {"matches": "c.*"}}), {"task": ["a", "b"]})
    assert not contradictory(read({"task": {"prefix": "b"}}), {"task": ["a", "b"]})


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        ({"task": ["a", "b"]}, {"task": "a"}),
        ({"task": ["a", "b"]}, {"task": "a", "input": 3}),
        ({"input": {"gt": 3}}, {"input": {"gte": 4, "lt": 9}}),
        ({"task": {"prefix": "ab"}}, {"task": ["ab", "abc"]}),
        ({"task": {"prefix": "a"}}, {"task": {"prefix": "ab"}}),
        ({"task": {"exists": True}}, {"task": {"matches": "a+"}}),
        ({"not": {"task": "c"}}, {"task": "a"}),
        ({"any": [{"task": "a"}, {"input": {"lt": 5}}]}, {"input": 4}),
        ({"any": [{"task": "a"}, {"input": 4}]}, {"any": [{"input": 4}, {"task": "a", "eu": True}]}),
        ({"task": {"matches": "a.*"}}, {"task": {"matches": "a.*"}, "eu": True}),
        ({"tags": {"contains": "x"}}, {"tags": {"contains": "x"}}),
        (None, {"task": "a"}),
        ({"task": "a"}, {"task": "a", "not": {"task": "a"}}),
    ],
)
def test_an_earlier_condition_that_covers_a_later_one_is_found(earlier, later):
    """A later condition whose every case makes the earlier one true is covered."""
    assert covers(read(earlier), read(later))


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        ({"task": "a"}, {"task": ["a", "b"]}),
        ({"task": "a", "input": 3}, {"task": "a"}),
        ({"input": {"gt": 4}}, {"input": {"gte": 4}}),
        ({"not": {"task": "c"}}, {"input": 3}),
        ({"not": {"task": "c"}}, {"task": {"exists": False}}),
        ({"task": {"prefix": "ab"}}, {"task": {"prefix": "a"}}),
        ({"task": "a"}, None),
    ],
)
def test_what_is_not_covered_is_not_called_covered(earlier, later):
    """Facts that make the later condition true and the earlier one not so refute covering."""
    assert not covers(read(earlier), read(later))


@settings(max_examples=200, deadline=None)
@given(whens(), facts)
def test_a_contradiction_is_never_true(when, drawn):
    """No facts make a condition true that was called contradictory."""
    condition = parse(when, types=TYPES)
    if contradictory(condition):
        assert not any(evaluate(condition, one) for one in [drawn, *FACTS])


@settings(max_examples=200, deadline=None)
@given(whens(1), whens(1), st.booleans())
def test_a_covered_condition_is_never_true_without_its_cover(first, second, nested):
    """Wherever the later condition is true, the one that was said to cover it is true as well."""
    earlier, later = read(first), read({"all": [first, second]} if nested else second)
    if covers(earlier, later):
        assert all(evaluate(earlier, one) for one in FACTS if evaluate(later, one))


@settings(max_examples=150, deadline=None)
@given(st.lists(whens(1) | st.none(), max_size=6))
def test_a_shadowed_condition_is_never_the_first(listed):
    """No facts lead to a condition that was called shadowed, and those named are in its way."""
    conditions = [read(when) for when in listed]
    found = shadowed(conditions)
    firsts = {RuleIndex(conditions).first(one) for one in FACTS}
    assert not firsts & set(found)
    for position, because in found.items():
        assert all(earlier < position for earlier in because)


def test_rules_are_shadowed_alone_together_and_by_themselves():
    """The reason for a rule that is never reached names the one that covers it, or all that do together."""
    rules = [
        {"input": {"gt": 100}},
        {"task": "a"},
        {"input": {"lte": 100}, "task": "b"},
        {"input": {"gt": 200}, "task": "c"},
        {"task": ["a", "b"], "input": {"exists": True}},
        {"eu": True, "not": {"eu": True}},
        {"task": "d"},
    ]
    assert shadowed([read(when) for when in rules]) == {3: (0,), 4: (0, 1, 2), 5: ()}
    assert shadowed([None, read({"task": "a"}), None]) == {1: (0,), 2: (0,)}


def test_a_hard_question_is_given_up_not_answered_wrongly():
    """Where a proof would try too many branches, nothing is claimed, and the answer comes all the same."""
    choices = [
        {"any": [{"task": {"contains": f"x{i}"}}, {"input": {"gt": i}, "eu": True}]} for i in range(24)
    ]
    condition = read({"all": choices, "not": {"all": [*choices[:23], {"cost": "1"}]}})
    assert contradictory(condition) in (False, True)
    assert not covers(read({"cost": "5"}), condition)


def test_attributes_of_names_all_that_a_condition_looks_at():
    """Attributes are named through any nesting, dots included."""
    condition = read({"task": "a", "any": [{"not": {"context.region": "eu"}}, {"input": {"gt": 1}}]})
    assert attributes_of(condition) == {"task", "context.region", "input"}
