"""The fast forms of conditions answer what the interpreter answers."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opentokenbudget.conditions import RuleIndex, compiled, evaluate, parse, unrolled
from opentokenbudget.conditions import index as index_module
from opentokenbudget.conditions.tables import ValueTable
from strategies_conditions import TYPES, facts, many_facts, whens

FACTS = many_facts(40, seed=7)


@settings(max_examples=250, deadline=None)
@given(whens(), facts)
def test_closures_answer_what_the_tree_answers(when, drawn):
    """A compiled condition is true, false or unknown exactly where the interpreter says so."""
    condition = parse(when, types=TYPES)
    test = compiled(condition)
    for given_facts in [drawn, *FACTS]:
        assert test(given_facts) is evaluate(condition, given_facts)


@settings(max_examples=250, deadline=None)
@given(st.lists(whens() | st.none(), max_size=8), facts)
def test_the_index_finds_what_asking_each_in_turn_finds(listed, drawn):
    """The index answers the first and all conditions that the interpreter calls true, and no others."""
    conditions = [None if when is None else parse(when, types=TYPES) for when in listed]
    index = RuleIndex(conditions)
    for given_facts in [drawn, *FACTS]:
        true = [at for at, one in enumerate(conditions) if one is None or evaluate(one, given_facts) is True]
        assert index.matches(given_facts) == true
        assert index.first(given_facts) == (true[0] if true else -1)


KINDS = {
    "equality": lambda i: {"task": f"t{i}"},
    "second field": lambda i: {"eu": True, "task": f"t{i}"},
    "intervals": lambda i: {"input": {"gte": i * 10, "lt": i * 10 + 10}},
    "prefixes": lambda i: {"task": {"prefix": f"t{i:04d}."}},
    "lists": lambda i: {"context.region": ["r", f"r{i}"], "task": [f"t{i}", f"u{i}"]},
    "members": lambda i: {"tags": {"contains": f"m{i}"}},
    "alternatives": lambda i: {"any": [{"task": f"t{i}", "eu": True}, {"task": f"u{i}", "input": i}]},
}


@pytest.mark.parametrize("kind", KINDS)
def test_positions_go_on_across_blocks(kind, monkeypatch):
    """An index whose conditions fill several blocks answers the positions of one list."""
    monkeypatch.setattr(index_module, "BLOCK", 16)
    index = RuleIndex([parse(KINDS[kind](i), types=TYPES) for i in range(50)])
    for i in (0, 15, 16, 49):
        facts_of = {
            "task": f"t{i:04d}.x" if kind == "prefixes" else f"t{i}",
            "input": i * 10 + 9,
            "eu": True,
            "context.region": f"r{i}",
            "tags": ("m", f"m{i}"),
        }
        assert index.first(facts_of) == i
        assert index.matches(facts_of) == [i]
    nothing = {"task": "other", "input": -1, "eu": True, "context.region": "other", "tags": ()}
    assert index.first(nothing) == index.first({}) == -1


@pytest.mark.parametrize(
    "word", ["", ".", "\0", "None", "null", "XXXX", "\U0010ffff", "\U0010ffff\U0010ffff"]
)
def test_no_word_stands_for_anything_but_itself(word):
    """The empty text, the last one and what a program might use as a mark are words as all others are."""
    asked = [{"task": {"prefix": word}}, {"task": [word, "b"]}, {"not": {"task": word}}]
    conditions = [parse(when, types=TYPES) for when in asked]
    for task in ("", "a", "b", word, f"{word}a", word[:-1]):
        true = [at for at, one in enumerate(conditions) if evaluate(one, {"task": task}) is True]
        assert RuleIndex(conditions).matches({"task": task}) == true
        assert RuleIndex(conditions[:1]).matches({"task": task}) == [at for at in true if at == 0]


@pytest.mark.parametrize("others", [[], ["eu"]])
def test_a_prefix_of_the_last_character_is_found_among_many(others):
    """No text lies above all that begin with the last character, however many prefixes are searched."""
    words = [*(f"t{i:02d}" for i in range(20)), "\U0010ffff", "\U0010ffffa"]
    more = dict.fromkeys(others, True)
    whens_of_task = [{"task": {"prefix": word}} | more for word in reversed(words)]
    index = RuleIndex([parse(when, types=TYPES) for when in whens_of_task])
    for place, word in enumerate(reversed(words)):
        assert index.first({"task": f"{word}\U0010ffff"} | more) == place
    assert index.first({"task": "\U0010fffe\U0010ffff"} | more) == -1


@pytest.mark.parametrize(
    ("when", "given_facts", "outcome"),
    [
        ({"task": {"prefix": "a"}}, {"task": "b"}, False),
        ({"task": {"prefix": "a"}}, {"task": "az"}, True),
        ({"input": {"exists": True}}, {"input": 0}, True),
        ({"input": {"exists": True}}, {}, False),
        ({"tags": {"exists": True}}, {"tags": ("a",)}, True),
        ({"tags": {"exists": False}}, {"tags": ("a",)}, False),
        ({"all": [{"tags": {"contains": "a"}}, {"tags": {"contains": "b"}}]}, {"tags": ("b",)}, False),
        ({"all": [{"tags": {"contains": "a"}}, {"tags": {"contains": "b"}}]}, {"tags": ("b", "a")}, True),
    ],
)
def test_one_condition_is_found_where_it_is_true(when, given_facts, outcome):
    """Next to a prefix, where anything is there at all, and for two members at once, the index is the tree."""
    condition = parse(when, types=TYPES)
    assert (evaluate(condition, given_facts) is True) is outcome
    assert RuleIndex([condition]).matches(given_facts) == ([0] if outcome else [])


def test_what_is_remembered_is_forgotten_before_it_is_too_much(monkeypatch):
    """Answers are kept up to a number in all; the one that would exceed it is kept alone."""
    monkeypatch.setattr(unrolled, "HELD", 4)
    asked = []

    def candidates(facts):
        asked.append(facts["task"])
        return ((1, lambda found: False), (2, None))

    table = ValueTable("task", {"a": 1, "b": 2, "c": 4}, 0, 1.0)
    first = unrolled.first_of_tables([table], candidates)
    for task in "abababccab":
        assert first({"task": task}) == 2
    assert asked == ["a", "b", "c", "a", "b"]


def test_no_conditions_match_nothing():
    """An index over no conditions answers -1, and one over `None` answers its position for any facts."""
    assert RuleIndex([]).first({"task": "a"}) == -1
    assert RuleIndex([]).matches({}) == []
    assert RuleIndex([None, None]).first({}) == 0
    assert RuleIndex([None, None]).matches({}) == [0, 1]


def test_a_missing_attribute_is_no_match_but_for_its_absence():
    """A condition on a missing attribute is not true, whatever it asks, except `exists: false`."""
    whens_of_task = [
        {"task": "a"},
        {"not": {"task": "a"}},
        {"task": {"prefix": ""}},
        {"task": {"exists": False}},
    ]
    index = RuleIndex([parse(when, types=TYPES) for when in whens_of_task])
    assert index.matches({}) == index.matches({"task": None}) == [3]
