"""Requests and policies as they are read: what a request leaves out, what is refused, and what is told of it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import desk
from opentokenbudget.documents import schema_problems
from opentokenbudget.engine import Engine, decision_record
from opentokenbudget.problems import ProblemError
from opentokenbudget.routing import Identity, answer, ask, parse_request

IDENTITY = Identity("test")


def request(policy: Any, **fields: Any) -> Any:
    return parse_request(policy, {"id": "r1", "input_tokens": 900} | fields)


def decided(policy: Any, **fields: Any) -> Any:
    return answer(policy, ask(policy, IDENTITY, request(policy, **fields), desk.AT), desk.AT, {})


def test_a_request_that_says_little_leaves_nothing_unsaid() -> None:
    """What a request leaves out is empty, and without value rules none counted."""
    policy = desk.compiled()
    asked = request(policy)
    left_out = (asked.attributes, asked.max_usage, asked.context, asked.classifications, asked.health)
    assert left_out == ({},) * 5
    question = ask(policy, IDENTITY, asked, desk.AT)
    assert (question.value, question.value_rules) == (10**12, ())


@given(
    st.text(min_size=1, max_size=20),
    st.text(min_size=1, max_size=20),
    st.text(max_size=5),
    st.text(max_size=5),
)
def test_subject_and_request_never_run_into_each_other(a: str, b: str, c: str, d: str) -> None:
    """Two pairs of subject and request id share a decision id only when they are equal."""
    assert (IDENTITY.decision_id(a, b) == IDENTITY.decision_id(c, d)) == ((a, b) == (c, d))


def test_the_same_id_is_the_same_request_or_a_conflict() -> None:
    """A retry gives the same decision; other content under the id is refused."""
    engine = Engine(desk.compiled(), clock=lambda: desk.AT, seed="s")
    asked = {"id": "r1", "input_tokens": 900}
    assert engine.decide(asked).as_json() == engine.decide(dict(asked)).as_json()
    with pytest.raises(ProblemError, match="conflict"):
        engine.decide(asked | {"input_tokens": 901})


def test_all_problems_of_a_request_are_told() -> None:
    """Undeclared, ill-typed and unlisted attributes are each a problem with its pointer."""
    policy = desk.compiled(
        attributes={"plan": {"type": "string", "values": ["free"]}, "age": {"type": "integer"}}
    )
    with pytest.raises(ProblemError) as refused:
        request(policy, attributes={"plan": "fre", "age": "7", "paln": "free"})
    found = [(problem.code, problem.pointer) for problem in refused.value.problems]
    assert found == [
        ("not-one-of", "/attributes/plan"),
        ("wrong-type", "/attributes/age"),
        ("unknown-attribute", "/attributes/paln"),
    ]


def test_a_record_withholds_what_is_private_and_names_it() -> None:
    """The value of a private attribute, and a subject that it names, stand in no record; other values do."""
    attributes = {
        "user": {"type": "string", "trust": "verified", "private": True},
        "plan": {"type": "string"},
        "age": {"type": "integer", "private": False},
    }
    given_facts = {"user": "u7", "plan": "pro", "age": 30}
    policy = desk.compiled(attributes=attributes, subject="user")
    record = decision_record(decided(policy, attributes=given_facts))
    assert (record["facts"], record["redacted"]) == ({"plan": "pro", "age": 30}, ["user"])
    assert "subject" not in record
    assert not schema_problems(record, "usage-record")
    attributes["user"]["private"] = False
    open_record = decision_record(decided(desk.compiled(attributes=attributes), attributes=given_facts))
    assert open_record["facts"] == given_facts
    assert "redacted" not in open_record


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999999Z"])
def test_a_request_may_be_of_any_instant_that_can_be_written(at: str) -> None:
    """The first and the last instant of the calendar are instants of requests."""
    engine = Engine(desk.compiled(), clock=lambda: desk.AT, seed="s")
    assert engine.decide({"id": "r1", "input_tokens": 1, "at": at}).as_json()["at"] == at


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"rules": [{"id": "r", "when": {"plam": "pro"}, "tier": "small"}]}, "/rules/0/when/plam"),
        (
            {
                "rules": [
                    {"id": "r", "cascade": {"tiers": ["small", "large"], "accept": {"scoer": {"gt": "0"}}}}
                ]
            },
            "/rules/0/cascade/accept/scoer",
        ),
        ({"rules": [{"id": "r", "tier": "small", "require": {"tire": "a"}}]}, "/rules/0/require/tire"),
        (
            {"default": {"cascade": {"tiers": ["small", "large"], "accept": {"scoer": {"gt": "0"}}}}},
            "/default/cascade/accept/scoer",
        ),
        ({"default": {"tier": "small", "require": {"tire": "a"}}}, "/default/require/tire"),
    ],
)
def test_a_condition_of_a_policy_is_wrong_where_it_stands(change: dict[str, Any], pointer: str) -> None:
    """Whoever compiles a policy that nobody checked is pointed at the condition."""
    with pytest.raises(ProblemError) as refused:
        desk.compiled(**change)
    assert [(problem.code, problem.pointer) for problem in refused.value.problems] == [
        ("unknown-attribute", pointer)
    ]


def test_a_candidate_that_is_no_model_is_a_problem() -> None:
    """Whoever compiles a policy that nobody checked is told which model the catalog does not have."""
    for more in ({}, {"deployments": [{"id": "here", "model": "acme/none"}]}):
        named = "here" if more else "acme/none"
        with pytest.raises(ProblemError) as refused:
            desk.compiled(tiers=[{"id": "small", "models": [named]}], **more)
        (problem,) = refused.value.problems
        assert (problem.code, problem.pointer, problem.requirement) == (
            "unknown-model",
            "",
            "OTB-POLICY-015",
        )
        assert problem.message == "`acme/none` is not a model of the catalog"


def test_a_policy_with_pools_is_not_followed_without_them() -> None:
    """An engine that is given no store for pools refuses to decide, rather than to forget them."""
    pool = {"id": "p", "limit": {"cost": "1"}, "window": {"lifetime": True}, "enforcement": "soft"}
    with pytest.raises(ProblemError) as refused:
        Engine(desk.compiled(pools=[pool]), clock=lambda: desk.AT, seed="s")
    assert [(problem.code, problem.pointer) for problem in refused.value.problems] == [
        ("unsupported-feature", "/pools")
    ]


def test_what_this_engine_cannot_do_it_refuses_by_a_code_of_its_own() -> None:
    """Exploration and trained classifiers are `unsupported-feature`, each at its place."""
    trained = {"id": "t", "gives": "task", "artefact": {"path": "t.json"}}
    grouped = {"id": "g", "gives": "task", "clusters": {"path": "g.json"}}
    with pytest.raises(ProblemError) as refused:
        desk.compiled(explore={"rate": "0.1"}, classifiers=[trained, grouped])
    assert [problem.code for problem in refused.value.problems] == ["unsupported-feature"] * 3
    assert [(problem.pointer, problem.message) for problem in refused.value.problems] == [
        ("/explore", "this engine does not do `explore` yet"),
        ("/classifiers/0/artefact", "this engine does not run classifiers with `artefact` yet"),
        ("/classifiers/1/clusters", "this engine does not run classifiers with `clusters` yet"),
    ]
