"""A `when` is read into a tree, or into all its problems; the tree means what the spec says."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opentokenbudget.conditions import AllOf, Comparison, evaluate, explain, parse, problems
from opentokenbudget.problems import ProblemError
from strategies_conditions import TYPES


def holds(when, **facts):
    return evaluate(parse(when, types=TYPES), facts)


def codes(when):
    return [(problem.code, problem.pointer) for problem in problems(when, types=TYPES)]


@pytest.mark.parametrize(
    ("when", "facts", "outcome"),
    [
        ({"task": "a"}, {"task": "a"}, True),
        ({"task": "a"}, {"task": "A"}, False),
        ({"task": ["a", "b"]}, {"task": "b"}, True),
        ({"task": "a"}, {}, None),
        ({"task": "a"}, {"task": None}, None),
        ({"not": {"task": "a"}}, {}, None),
        ({"not": {"task": "a"}}, {"task": "b"}, True),
        ({"task": "a", "eu": True}, {"eu": False}, False),
        ({"task": "a", "eu": True}, {"eu": True}, None),
        ({"any": [{"task": "a"}, {"eu": True}]}, {"eu": True}, True),
        ({"any": [{"task": "a"}, {"eu": True}]}, {"eu": False}, None),
        ({"any": [{"task": "a"}, {"eu": True}]}, {"eu": False, "task": "b"}, False),
        ({"all": [{"input": {"gte": 3}}, {"input": {"lt": 5}}]}, {"input": 5}, False),
        ({"input": {"gt": 3}}, {"input": 3}, False),
        ({"input": {"gte": 3}}, {"input": 3}, True),
        ({"input": {"lt": 3}}, {"input": 3}, False),
        ({"input": {"lte": 3}}, {"input": 3}, True),
        ({"cost": "1.50"}, {"cost": 1_500_000_000_000}, True),
        ({"cost": [2, "0.1"]}, {"cost": 2_000_000_000_000}, True),
        ({"cost": {"lt": "0.000000000002"}}, {"cost": 1}, True),
        ({"task": {"prefix": "ab"}}, {"task": "abc"}, True),
        ({"task": {"contains": "bc"}}, {"task": "abcd"}, True),
        ({"tags": {"contains": "b"}}, {"tags": frozenset({"ab"})}, False),
        ({"tags": {"contains": "b"}}, {"tags": ("a", "b")}, True),
        ({"task": {"matches": "a.c"}}, {"task": "abc"}, True),
        ({"task": {"matches": "a.c"}}, {"task": "xabc"}, False),
        ({"task": {"exists": True}}, {}, False),
        ({"task": {"exists": False}}, {}, True),
        ({"not": {"task": {"exists": True}}}, {}, True),
        ({"eu": [True, False]}, {"eu": False}, True),
    ],
)
def test_a_condition_means_what_sql_means(when, facts, outcome):
    """Comparisons hold as written, and a missing attribute is unknown but for `exists`."""
    assert holds(when, **facts) is outcome


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ([], [("bad-condition", "")]),
        (None, [("bad-condition", "")]),
        ({}, [("empty-condition", "")]),
        ({"all": {}}, [("bad-condition", "/all")]),
        ({"any": []}, [("empty-condition", "/any")]),
        ({"not": {}}, [("empty-condition", "/not")]),
        ({"any": [{"task": "a"}, "b"]}, [("bad-condition", "/any/1")]),
        ({"task": []}, [("empty-condition", "/task")]),
        ({"task": {}}, [("empty-condition", "/task")]),
        ({"tsk": "a"}, [("unknown-attribute", "/tsk")]),
        ({"a/b~c": "a"}, [("unknown-attribute", "/a~1b~0c")]),
        ({3: "a"}, [("unknown-attribute", "/3")]),
        ({"task": {"eq": "a"}}, [("unknown-operator", "/task/eq")]),
        ({"task": {"lt": "a"}}, [("operator-mismatch", "/task/lt")]),
        ({"input": {"prefix": "a"}}, [("operator-mismatch", "/input/prefix")]),
        ({"tags": "a"}, [("operator-mismatch", "/tags")]),
        ({"eu": {"contains": "a"}}, [("operator-mismatch", "/eu/contains")]),
        ({"time": {"lt": "2026-11-23T00:00:00Z"}}, [("operator-mismatch", "/time/lt")]),
        ({"time": {"days": ["mon"]}}, [("unknown-operator", "/time/days")]),
        ({"time": "09:00"}, [("type-mismatch", "/time")]),
        ({"task": 3}, [("type-mismatch", "/task")]),
        ({"task": None}, [("type-mismatch", "/task")]),
        ({"task": ["a", 3, None]}, [("type-mismatch", "/task/1"), ("type-mismatch", "/task/2")]),
        ({"input": "3"}, [("type-mismatch", "/input")]),
        ({"input": True}, [("type-mismatch", "/input")]),
        ({"input": 3.0}, [("type-mismatch", "/input")]),
        ({"cost": "1e3"}, [("type-mismatch", "/cost")]),
        ({"cost": "0.0000000000001"}, [("type-mismatch", "/cost")]),
        ({"cost": {"lt": 0.5}}, [("type-mismatch", "/cost/lt")]),
        ({"eu": "true"}, [("type-mismatch", "/eu")]),
        ({"task": {"exists": "yes"}}, [("type-mismatch", "/task/exists")]),
        ({"task": {"matches": "("}}, [("bad-regex", "/task/matches")]),
        ({"time": []}, [("empty-condition", "/time")]),
        ({"time": [3]}, [("bad-window", "/time/0")]),
        ({"time": [{"day": ["mon"]}]}, [("bad-window", "/time/0/day")]),
        ({"time": [{"days": ["monday"]}]}, [("bad-window", "/time/0/days/0")]),
        ({"time": [{"days": []}]}, [("empty-condition", "/time/0/days")]),
        ({"time": [{}]}, [("empty-condition", "/time/0")]),
        ({"time": [{"start": "00:00", "end": "00:00", "x": 1}]}, [("bad-window", "/time/0/x")]),
        ({"time": [{"start": "9:00"}]}, [("bad-window", "/time/0/start")]),
        ({"time": [{"start": "24:00"}]}, [("bad-window", "/time/0/start")]),
        ({"time": [{"end": 540}]}, [("bad-window", "/time/0/end")]),
        ({"time": [{"start": "09:00", "end": "09:00:00"}]}, [("empty-window", "/time/0")]),
        ({"time": [{"end": "00:00"}]}, [("empty-window", "/time/0")]),
        ({"time": [{"timezone": "Mars/Base"}]}, [("unknown-zone", "/time/0/timezone")]),
        ({"time": [{"except_dates": ["2026-02-29"]}]}, [("bad-window", "/time/0/except_dates/0")]),
    ],
)
def test_what_is_wrong_is_named_where_it_stands(when, expected):
    """Every kind of mistake has its code and the pointer to it."""
    assert codes(when) == expected


def test_all_problems_come_in_document_order():
    """Reading goes on after a mistake, and `parse` raises all that were found."""
    when = {
        "tsk": "a",
        "any": [{"input": "x"}, {"not": {"cost": {"lte": "x", "gtt": 1}}}],
        "task": {"matches": "^a"},
    }
    pointers = [
        "/when/tsk",
        "/when/any/0/input",
        "/when/any/1/not/cost/lte",
        "/when/any/1/not/cost/gtt",
        "/when/task/matches",
    ]
    with pytest.raises(ProblemError) as caught:
        parse(when, types=TYPES, pointer="/when")
    assert [problem.pointer for problem in caught.value.problems] == pointers
    assert all(problem.requirement.startswith("OTB-COND-") for problem in caught.value.problems)


def test_a_near_name_is_suggested():
    """A misspelled attribute or operator brings the likely one."""
    assert 'did you mean "task"?' in problems({"tsk": "a"}, types=TYPES)[0].message
    assert 'did you mean "prefix"?' in problems({"task": {"prefx": "a"}}, types=TYPES)[0].message


_NO_DAY = "is not one of `mon`, `tue`, `wed`, `thu`, `fri`, `sat`, `sun`"


@pytest.mark.parametrize(
    ("window", "place", "message"),
    [
        ({"except_dates": "2026-11-23"}, "except_dates", "`except_dates` is a list of dates"),
        (
            {"except_dates": ["2026-02-29"]},
            "except_dates/0",
            "the string `2026-02-29` is not a date like `2026-11-23`",
        ),
        ({"days": ["moon"]}, "days/0", f'the string `moon` {_NO_DAY}: did you mean "mon"?'),
        ({"days": [3]}, "days/0", f"the integer `3` {_NO_DAY}"),
        ({"strat": "09:00"}, "strat", 'a window has no field `strat`: did you mean "start"?'),
        ({"abcd" * 17: 1}, "abcd" * 17, f"a window has no field `{'abcd' * 16}`"),
    ],
)
def test_a_faulty_window_is_told_by_what_stands_there(window, place, message):
    """What is wrong with a window is one problem, with its place, its requirement and the word that was meant."""
    (problem,) = problems({"time": [window]}, types=TYPES)
    assert (problem.code, problem.requirement) == ("bad-window", "OTB-COND-014")
    assert (problem.pointer, problem.message) == (f"/time/0/{place}", message)


@pytest.mark.parametrize("types", [lambda name: None, {}])
def test_where_no_names_are_known_none_is_suggested(types):
    """An unknown attribute is told without a guess where nobody says which ones there are."""
    (problem,) = problems({"task": "a"}, types=types)
    assert problem.message == "no attribute `task` is declared"


def test_types_may_be_a_function():
    """Attributes whose names are open are typed by a function; None is unknown."""
    when = {"output.reasoning": {"gt": 3}}
    assert parse(when, types=lambda name: "integer").attribute == "output.reasoning"
    assert [problem.code for problem in problems(when, types=lambda name: None)] == ["unknown-attribute"]


def test_nesting_ends_somewhere():
    """Thirty-two levels are read, more are a problem and no crash."""
    when = {"task": "a"}
    for _ in range(32):
        when = {"not": when}
    assert evaluate(parse(when, types=TYPES), {"task": "a"}) is True
    assert [code for code, _ in codes({"not": when})] == ["condition-too-deep"]
    for _ in range(5000):
        when = {"all": [when]}
    assert [code for code, _ in codes(when)] == ["condition-too-deep"]


def test_a_single_test_is_a_leaf_and_several_are_all():
    """A mapping of one test is that test; doubled values of a list count once."""
    assert parse({"task": ["a", "a"]}, types=TYPES) == Comparison("task", "string", "in", ("a",))
    assert isinstance(parse({"input": {"gt": 1, "lt": 3}}, types=TYPES), AllOf)


def test_an_explanation_says_what_decided():
    """Every comparison says what it found, and those to which the outcome is due are marked."""
    when = {"task": "a", "any": [{"input": {"gt": 3}}, {"cost": {"lt": "1"}}], "not": {"eu": True}}
    outcome, leaves = explain(parse(when, types=TYPES, pointer="/w"), {"task": "a", "input": 2, "eu": False})
    assert outcome is None
    assert [(leaf.pointer, leaf.finding, leaf.decides) for leaf in leaves] == [
        ("/w/task", "met", False),
        ("/w/any/0/input/gt", "not-met", False),
        ("/w/any/1/cost/lt", "attribute-missing", True),
        ("/w/not/eu", "not-met", False),
    ]
    assert [(leaf.attribute, leaf.operator) for leaf in leaves] == [
        ("task", "in"),
        ("input", "gt"),
        ("cost", "lt"),
        ("eu", "in"),
    ]


@pytest.mark.parametrize(
    "when", [{"task": "a"}, {"not": {"task": "a"}}, {"any": [{"not": {"task": "a"}}, {"eu": True}]}]
)
@pytest.mark.parametrize("facts", [{}, {"task": "a"}, {"task": "b"}, {"task": "a", "eu": False}])
def test_an_explanation_ends_as_the_evaluation_does(when, facts):
    """The outcome that is explained is the one that is evaluated, also of a `not` and where it is unknown."""
    condition = parse(when, types=TYPES)
    assert explain(condition, facts).outcome is evaluate(condition, facts)


_json = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.sampled_from(["a", "", "1", "09:00", "mon", "UTC", "(", "\ud800"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "all",
                    "any",
                    "not",
                    "task",
                    "input",
                    "cost",
                    "tags",
                    "time",
                    "lt",
                    "gt",
                    "contains",
                    "matches",
                    "exists",
                    "days",
                    "start",
                    "timezone",
                    "except_dates",
                    "",
                ]
            ),
            inner,
            max_size=3,
        )
    ),
    max_leaves=12,
)


@settings(max_examples=500, deadline=None)
@given(_json)
def test_anything_is_read_or_refused_with_problems(when):
    """Whatever stands there, reading answers problems or a condition that can be evaluated, never a crash."""
    if not problems(when, types=TYPES):
        condition = parse(when, types=TYPES)
        assert evaluate(condition, {}) in (True, False, None)
        assert evaluate(condition, {"task": "a", "input": 1, "cost": 1, "tags": ("a",), "time": 0}) in (
            True,
            False,
            None,
        )
    else:
        with pytest.raises(ProblemError):
            parse(when, types=TYPES)
