"""Decisions: the quick way is the long way, the index is the tree, and nobody gains by leaving a fact out."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

import desk
from opentokenbudget import open_engine
from opentokenbudget.conditions import evaluate, parse
from opentokenbudget.documents import canonical_json, schema_problems
from opentokenbudget.engine import Engine
from opentokenbudget.pricing import catalog_problems, compile_catalog
from opentokenbudget.problems import ProblemError
from opentokenbudget.routing import Identity, answer, ask, compile_policy, parse_request, trace_of
from strategies_catalogs import catalogs, instants
from strategies_conditions import TYPES, facts, whens

IDENTITY = Identity("test")


def request(policy: Any, **fields: Any) -> Any:
    return parse_request(policy, {"id": "r1", "input_tokens": 900} | fields)


def decided(policy: Any, **fields: Any) -> Any:
    return answer(policy, ask(policy, IDENTITY, request(policy, **fields), desk.AT), desk.AT, {})


@st.composite
def tiered(draw: st.DrawFn) -> tuple[dict[str, Any], dict[str, Any]]:
    """A catalog with lives and sizes, and a policy of two tiers over its models."""
    catalog = copy.deepcopy(draw(catalogs(bounded=True)))
    for model in catalog["models"]:
        sizes = {"context_window": 5000, "max_input": 3000, "max_output": 2000}
        model["capabilities"] = {name: size for name, size in sizes.items() if draw(st.booleans())}
    names = [model["id"] for model in catalog["models"]]
    split = draw(st.integers(1, len(names)))
    groups = [names[:split], names[split:] or names[:1]]
    select = st.sampled_from(["first", "cheapest", "weighted"])
    tiers = [
        {"id": name, "models": group, "select": draw(select)}
        for name, group in zip("ab", groups, strict=True)
    ]
    fallback = draw(st.sampled_from([None, {"after": ["timeout"], "to": "same-tier-then-up"}]))
    policy = desk.policy(
        tiers=tiers, rules=[], default={"tier": "a"}, fallback=fallback, classifiers=None, attributes=None
    )
    return catalog, policy


@settings(max_examples=60)
@given(tiered(), st.lists(instants(), min_size=1, max_size=4), st.integers(0, 6000), st.integers(1, 5000))
def test_the_quick_way_decides_like_the_long_way(
    documents: tuple[dict[str, Any], dict[str, Any]], when: list[int], tokens: int, limit: int
) -> None:
    """With notes every candidate is appraised one by one; without, most are not; the decision is the same."""
    catalog, data = documents
    assume(not catalog_problems(catalog))
    policy = compile_policy(data, catalog=compile_catalog(catalog))
    for at in when:
        question = ask(policy, IDENTITY, request(policy, input_tokens=tokens, max_output_tokens=limit), at)
        quick, long = answer(policy, question, at, {}), answer(policy, question, at, {}, [])
        assert canonical_json(quick.as_json()) == canonical_json(long.as_json())


@settings(max_examples=60)
@given(st.lists(whens(), min_size=1, max_size=12), facts)
def test_the_first_rule_that_the_tree_finds_true_decides(
    written: list[Any], given_facts: dict[str, Any]
) -> None:
    """The rule of a decision is the first whose condition the tree interpreter finds true, else the default."""
    types = {name: kind for name, kind in TYPES.items() if kind != "time" and "." not in name}
    conditions = []
    for when in written:
        try:
            conditions.append((when, parse(when, types=types)))
        except ProblemError:
            continue
    reserved = {
        "input_tokens",
        "max_output_tokens",
        "expected_output_tokens",
        "value",
        "hour",
        "weekday",
        "needs",
    }
    assume(conditions and not reserved & set(types))
    policy = desk.compiled(
        attributes={name: {"type": kind} for name, kind in types.items()},
        classifiers=None,
        rules=[{"id": f"r{n}", "when": when, "tier": "small"} for n, (when, _) in enumerate(conditions)],
    )
    known = {name: value for name, value in given_facts.items() if name in types}
    asked = replace(request(policy), attributes=known)
    question = ask(policy, IDENTITY, asked, desk.AT)
    expected = next(
        (
            f"r{n}"
            for n, (_, condition) in enumerate(conditions)
            if evaluate(condition, question.facts) is True
        ),
        "default",
    )
    assert question.rule.id == expected


def test_a_decision_says_what_serves_at_which_cost() -> None:
    """A matched rule gives tier, model, limit, expected cost and bound."""
    decision = decided(desk.compiled(), text="My stolen card!", max_output_tokens=100)
    assert (decision.action, decision.rule, decision.tier, decision.model) == (
        "allow",
        "fraud",
        "large",
        desk.LARGE,
    )
    assert decision.as_json()["cost"] == {"expected": "0.007", "bound": "0.007", "currency": "USD"}
    assert decision.max_output_tokens == 100
    assert not schema_problems(decision.as_json(trace_of(decision)), "decision")


def test_a_request_without_signal_goes_to_the_default_and_not_to_the_cheapest() -> None:
    """No keyword occurs: the task is `unknown`, and the default tier serves."""
    decision = decided(desk.compiled(), text="Hello.")
    assert decision.question.task == "unknown"
    assert (decision.tier, decision.reasons) == ("medium", ("default",))


def test_leaving_a_fact_out_does_not_make_a_negation_true() -> None:
    """`not` of a missing attribute is unknown, and unknown is not true."""
    rule = {"id": "not-free", "when": {"not": {"plan": "free"}}, "tier": "large"}
    policy = desk.compiled(rules=[rule])
    assert decided(policy).tier == "medium"
    assert decided(policy, attributes={"plan": "pro"}).tier == "large"


def test_the_floor_holds_on_every_way_to_a_model() -> None:
    """Neither the rule's tier, nor the fallback, nor a cascade goes below the floor."""
    rule = {"id": "all", "tier": "small", "floor": "medium"}
    policy = desk.compiled(rules=[rule], fallback={"after": ["timeout"], "to": "same-tier-then-down"})
    engine = Engine(policy, clock=lambda: desk.AT, seed="s")
    first = engine.decide({"id": "r1", "input_tokens": 900})
    assert (first.tier, first.reasons) == ("medium", ("rule", "floor-raised"))
    assert engine.next(first, error="timeout").reasons[-1] == "no-candidate"
    cascade = {"id": "all", "cascade": {"tiers": ["small", "large"], "accept": {"score": {"gte": "1"}}}}
    raised = desk.compiled(rules=[cascade | {"floor": "medium"}])
    assert decided(raised).tier == "large"


def test_rules_of_the_hour_are_asked_at_the_instant_of_the_decision() -> None:
    """A rule that reads the clock decides by the instant that `decide` is given."""
    rule = {"id": "noon", "when": {"hour": 12}, "tier": "large"}
    assert decided(desk.compiled(rules=[rule])).rule == "noon"


def test_a_fairness_floor_holds_for_its_task() -> None:
    """`quality_floor` raises the tier of its task and of no other."""
    policy = desk.compiled(fairness={"quality_floor": {"balance": "large"}})
    assert decided(policy, text="my balance").tier == "large"
    assert decided(policy, text="hello").tier == "medium"


@pytest.mark.parametrize(
    ("catalog_change", "fields", "health", "reason"),
    [
        ({"lifecycle": {"retires": "2026-11-01"}}, {}, {}, "retired"),
        ({"lifecycle": {"released": "2027-01-01"}}, {}, {}, "unreleased"),
        ({}, {"needs": ["vision"]}, {}, "lacks-feature"),
        ({}, {"needs": ["input.image"]}, {}, "lacks-modality"),
        ({}, {"input_tokens": 127_000, "max_output_tokens": 2000}, {}, "exceeds-context"),
        ({}, {}, {desk.MEDIUM: "unhealthy"}, "unhealthy"),
        ({}, {"context": {"service_tier": "batch"}}, {}, "unknown-context"),
        ({}, {"max_usage": {"web_search": 2}}, {}, "unpriced"),
        ({"prices": [{"from": "2027-01-01", "rates": {"input": "1", "output": "1"}}]}, {}, {}, "unpriced"),
    ],
)
def test_a_candidate_that_cannot_serve_is_dropped_with_its_reason(
    catalog_change: dict[str, Any], fields: dict[str, Any], health: dict[str, str], reason: str
) -> None:
    """Each reason alone leaves the tier empty; without a fallback the request is denied, and the trace says why."""
    catalog = desk.catalog()
    catalog["models"][1] |= catalog_change
    policy = desk.compiled(catalog, fallback=None)
    decision = answer(policy, ask(policy, IDENTITY, request(policy, **fields), desk.AT), desk.AT, health)
    assert (decision.action, decision.final) == ("deny", True)
    assert decision.reasons == ("default", "no-candidate")
    assert [note.reason for note in trace_of(decision).candidates] == [reason]


def test_an_empty_tier_is_served_by_the_fallbacks_tier() -> None:
    """`same-tier-then-up` takes the next tier that can serve."""
    policy = desk.compiled()
    decision = answer(
        policy, ask(policy, IDENTITY, request(policy), desk.AT), desk.AT, {desk.MEDIUM: "unhealthy"}
    )
    assert (decision.tier, decision.reasons) == ("large", ("default", "fallback-tier"))


def test_errors_walk_up_the_tiers_until_attempts_or_candidates_end() -> None:
    """Each error tries what was not tried; then the request is denied with the reason."""
    engine = Engine(desk.compiled(), clock=lambda: desk.AT, seed="s")
    first = engine.decide({"id": "r1", "input_tokens": 900, "text": "balance"})
    second = engine.next(first, error="timeout")
    third = engine.next(second, error="unavailable")
    last = engine.next(third, error="timeout")
    assert [d.tier for d in (first, second, third)] == ["small", "medium", "large"]
    assert second.attempt is not None
    assert (second.attempt.number, second.attempt.kind) == (2, "fallback")
    assert (last.action, last.reasons, last.final) == ("deny", ("attempts-exhausted",), True)
    assert engine.next(last, error="timeout") is last
    assert engine.next(first, error="rate_limited").reasons == ("error-not-retried",)


def test_a_final_answer_names_the_attempt_that_stands() -> None:
    """Without an error the attempt's model stands, and no call is left to make."""
    engine = Engine(desk.compiled(), clock=lambda: desk.AT, seed="s")
    done = engine.next(engine.decide({"id": "r1", "input_tokens": 900}))
    assert (done.final, done.action, done.model, done.reasons) == (True, "allow", desk.MEDIUM, ("completed",))


@pytest.mark.parametrize("way", ["fallback", "cascade"])
def test_an_attempt_that_is_asked_again_was_chosen_under_the_health_of_now(tmp_path: Path, way: str) -> None:
    """What pools hold already is answered with the health snapshot that came with the question."""
    pool = {
        "id": "p",
        "limit": {"requests": 9},
        "window": {"lifetime": True},
        "enforcement": "reserve",
        "on_store_failure": "closed",
    }
    cascade = {"id": "all", "cascade": {"tiers": ["small", "large"], "accept": {"score": {"gte": "1"}}}}
    rule = cascade if way == "cascade" else {"id": "all", "tier": "small"}
    engine = open_engine(desk.written(tmp_path, rules=[rule], pools=[pool], attributes=None), seed="s")
    known = {desk.MEDIUM: "unhealthy"}
    error = "timeout" if way == "fallback" else None
    for _ in range(2):
        first = engine.decide({"id": "r1", "input_tokens": 900}, at=desk.AT)
        second = engine.next(first, error=error, health=known, at=desk.AT)
        assert second.attempt is not None
        assert (second.attempt.number, second.tier, second.attempt.health) == (2, "large", known)


def test_utility_weighs_cost_latency_and_the_price_of_an_error() -> None:
    """Liability times value makes the better model worth its price; without it the cheaper one wins."""
    ratings = [
        {
            "model": desk.SMALL,
            "latency_ms": 300,
            "quality": {"default": "0.8"},
            "as_of": "2026-01-01",
            "source": "t",
        },
        {
            "model": desk.LARGE,
            "latency_ms": 900,
            "quality": {"default": "0.9"},
            "as_of": "2026-01-01",
            "source": "t",
        },
    ]
    chosen = {}
    for liability in ("0.01", "1"):
        select = {"utility": {"per_second": "0.001", "liability": liability}}
        tiers = [{"id": "small", "models": [desk.SMALL, desk.LARGE], "select": select}]
        policy = desk.compiled(tiers=tiers, ratings=ratings, rules=[], default={"tier": "small"})
        chosen[liability] = decided(policy, max_output_tokens=100).model
    assert chosen == {"0.01": desk.SMALL, "1": desk.LARGE}


def test_weights_divide_requests_by_a_draw_that_no_caller_can_choose() -> None:
    """Over many ids the shares are the weights'; weight 0 is never drawn; the draw is in the decision."""
    deployments = [
        {"id": f"d{n}", "model": desk.SMALL, "weight": weight} for n, weight in enumerate((3, 1, 0))
    ]
    tiers = [{"id": "small", "models": ["d0", "d1", "d2"], "select": "weighted"}]
    policy = desk.compiled(tiers=tiers, deployments=deployments, rules=[], default={"tier": "small"})
    counts = {"d0": 0, "d1": 0}
    for number in range(2000):
        decision = decided(policy, id=f"r{number}")
        counts[decision.candidate] += 1
        assert decision.as_json()["draw"].isdigit()
    assert 1400 < counts["d0"] < 1600
