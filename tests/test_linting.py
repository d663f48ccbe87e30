"""Lints: each fires exactly where it should, and stays silent beside it.

The policies stand in corpus/lints/policies.txt: `=== name: lints`, then the body under the head of linted.py.
A mark (§) stands before each place at which a lint must be reported; no mark, no lint.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linted import AT, CATALOG, HEAD, cases, odd, of_policy, opened, unmarked
from opentokenbudget import linting
from opentokenbudget.amounts import parse_date
from opentokenbudget.documents import CannotFetch, load_documents, read
from opentokenbudget.engine import Engine
from opentokenbudget.linting import document_lints
from opentokenbudget.opening import meaning_problems, policy_of
from opentokenbudget.routing import Policy

DAY_NS = 86_400 * 1_000_000_000
TIERS = "tiers:\n  - {id: small, models: [a/small]}\n  - {id: large, models: [a/large]}\n"
TEAM = "attributes: {team: {type: string, trust: verified}}\n"
CASES = cases("policies.txt")
CATALOGS = cases("catalogs.txt")


@pytest.mark.parametrize("name", CASES)
def test_a_lint_fires_where_it_should_and_nowhere_else(name: str) -> None:
    """Each policy has exactly the lints that are named for it, at the marked places."""
    codes, body = CASES[name]
    found, places = of_policy(body)
    assert sorted(one.code for one in found) == codes.split()
    assert sorted((one.line, one.column) for one in found) == places


def test_every_lint_has_a_case() -> None:
    """Each lint that this room can emit fires in a case of the corpus."""
    room = Path(linting.__file__).parent
    emitted = {
        code
        for file in room.glob("*.py")
        for code in re.findall(r'(?:warning|Problem)\(\s*"([a-z-]+)"', file.read_text(encoding="utf-8"))
    }
    assert emitted == {code for codes, _ in (*CASES.values(), *CATALOGS.values()) for code in codes.split()}


@pytest.mark.parametrize(
    ("models", "severities"),
    [
        ("a/old", ["error"]),
        ("a/old, a/small", ["warning"]),
        ("a/old, a/today", ["error", "error"]),
        ("a/old, a/next", ["error", "warning"]),
    ],
)
def test_a_retired_candidate_is_an_error_where_nobody_is_left(models: str, severities: list[str]) -> None:
    """A retired candidate beside a living one is a warning, without one an error."""
    found, _ = of_policy(f"tiers:\n  - {{id: small, models: [{models}]}}\ndefault: {{tier: small}}\n")
    assert [one.severity for one in found] == severities


def test_a_measure_that_is_misspelt_is_told_what_was_meant() -> None:
    """The measures of requests and the meters of the catalog are what a pool may have meant."""

    def told(measure: str) -> list[str]:
        pool = f"{{id: p, window: {{lifetime: true}}, enforcement: check, limit: {{{measure}: 5}}}}"
        body = f"tiers: [{{id: t, models: [a/small]}}]\ndefault: {{tier: t}}\npools: [{pool}]\n"
        document = opened({"p.yaml": HEAD + body, "c.yaml": CATALOG})
        return [problem.message.partition(": ")[2] for problem in document_lints(document, at=AT)]

    assert told("token") == ['did you mean "tokens"?']
    assert told("audio_seconds") == ['did you mean "audio_second"?']
    assert told("web_search") == [""]


def test_lints_judge_as_of_the_instant() -> None:
    """What is odd on one day is in order on another: the instant is an argument."""
    body = "tiers:\n  - {id: small, models: [a/ending]}\ndefault: {tier: small}\n"
    assert [one.code for one in of_policy(body, at=AT - DAY_NS)[0]] == []
    assert [one.code for one in of_policy(body, at=AT)[0]] == ["retiring-soon"]
    assert [one.code for one in of_policy(body, at=parse_date("2026-12-23"))[0]] == ["retired-candidate"]


def test_value_rules_are_linted_in_their_own_file() -> None:
    """A value rule that never matches, or never counts in its group, is reported where it stands, with its policy."""
    text, places = unmarked(
        'otb: "1.0"\nkind: value-rules\nid: v\nversion: 1.0.0\nrules:\n'
        '  - {id: a, group: g, when: {hour: {gt: 5}}, weight: "2"}\n'
        '  - §{id: b, group: g, when: {hour: 7}, weight: "3"}\n'
        '  - {id: c, when: §{hour: 24}, weight: "3"}\n'
        '  - {id: d, when: {hour: 7}, weight: "3"}\n'
    )
    body = "value_rules: {path: v.yaml}\ntiers:\n  - {id: small, models: [a/small]}\ndefault: {tier: small}\n"
    found = odd({"p.yaml": HEAD + body, "c.yaml": CATALOG, "v.yaml": text})
    assert list(found) == ["v.yaml"]
    assert [(one.line, one.column) for one in found["v.yaml"]] == places
    assert [one.code for one in found["v.yaml"]] == ["rule-shadowed", "rule-never-matches"]


def test_a_value_from_asserted_facts_is_asserted() -> None:
    """A rule that reads `value` reads the caller's word when the value rules do."""
    rules = 'otb: "1.0"\nkind: value-rules\nid: v\nversion: 1.0.0\nrules: [{id: a, when: {vip: true}, weight: "2"}]\n'
    body = (
        "value_rules: {path: v.yaml}\nattributes: {vip: {type: boolean, trust: %s}}\n"
        f"{TIERS}rules:\n  - {{id: r, when: {{value: {{gt: '1'}}}}, tier: large}}\ndefault: {{tier: small}}\n"
    )
    assert [one.code for one in of_policy(body % "asserted", value_rules=rules)[0]] == [
        "asserted-raises-tier"
    ]
    assert of_policy(body % "verified", value_rules=rules)[0] == []


@pytest.mark.parametrize("name", CATALOGS)
def test_lints_of_a_catalog(name: str) -> None:
    """Each catalog has exactly the lints that are named for it, at the marked places."""
    codes, models = CATALOGS[name]
    head = 'otb: "1.0"\nkind: catalog\nid: c\nversion: 1.0.0\ncurrency: USD\nmodels:\n'
    text, places = unmarked(head + models)
    found = odd({"c.yaml": text}, "c.yaml").get("c.yaml", [])
    assert [one.code for one in found] == codes.split()
    assert [(one.line, one.column) for one in found] == places


def test_a_policy_does_not_repeat_the_lints_of_its_catalog() -> None:
    """The lints of a catalog are shown to those who check the catalog."""
    catalog = (
        CATALOG
        + '  - {id: z/old, lifecycle: {retires: 2025-01-01}, prices: [{from: null, rates: {input: "1"}}]}\n'
    )
    body = "tiers:\n  - {id: small, models: [a/small]}\ndefault: {tier: small}\n"
    assert odd({"p.yaml": HEAD + body, "c.yaml": catalog}) == {}
    codes = {one.code for one in odd({"c.yaml": catalog}, "c.yaml")["c.yaml"]}
    assert "retired-model-without-replacement" in codes


SERVING = {name: body for name, (_, body) in CASES.items() if "pools:" not in body and "explore:" not in body}


@pytest.mark.parametrize("name", SERVING)
def test_no_request_comes_where_a_lint_says_that_none_does(name: str) -> None:
    """What the engine does, whatever happens to attempts: no unreachable tier serves, no dead rule decides."""
    files = {"p.yaml": unmarked(HEAD + SERVING[name]).text, "c.yaml": CATALOG}
    found = odd(files)["p.yaml"] if CASES[name][0] else []
    policy = policy_of(opened(files))
    rules = [rule.id for rule in policy.rules]
    dead = {
        rules[int(one.pointer.split("/")[2])]
        for one in found
        if one.code in ("rule-never-matches", "rule-shadowed")
    }
    closed = {
        policy.tiers[int(one.pointer.split("/")[2])].id for one in found if one.code == "unreachable-tier"
    }
    engine = Engine(policy, clock=lambda: AT, seed="s")
    chance = random.Random(name)
    for number in range(60):
        at = AT + chance.randrange(48) * DAY_NS // 24
        decision = engine.decide(some_request(policy, chance, f"r{number}"), at=at)
        while True:
            assert decision.rule not in dead
            assert decision.tier not in closed
            if decision.final:
                break
            ended = chance.choice([{"score": "0.4"}, {"error": "timeout"}, {"error": "other"}])
            decision = engine.next(decision, at=at, **ended)


def some_request(policy: Policy, chance: random.Random, id_: str) -> dict[str, Any]:
    """Return a request with any of the attributes that `policy` declares."""
    attributes: dict[str, Any] = {}
    for name, attribute in policy.attributes.items():
        if attribute.required or chance.random() < 0.7:
            texts = sorted(attribute.values or {"fraud", "balance", "frauds", "unknown"})
            attributes[name] = chance.random() < 0.5 if attribute.type == "boolean" else chance.choice(texts)
    tokens = chance.choice([1, 3, 5, 9, 99, 4096, 4097, 9001, 127_999, 128_000])
    return {"id": id_, "input_tokens": tokens, "max_output_tokens": 1, "attributes": attributes}


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_no_policy_without_errors_breaks_a_lint(data: st.DataObject) -> None:
    """A policy with a value from elsewhere in it has problems or lints, each with a place; nothing is raised."""
    body = CASES[data.draw(st.sampled_from(sorted(CASES)))][1]
    policy = read(unmarked(HEAD + body).text.encode(), file="p.yaml").data
    ways = list(ways_of(policy))
    for _ in range(data.draw(st.integers(1, 3))):
        *way, last = data.draw(st.sampled_from(ways))
        value: Any = policy
        for step in data.draw(st.sampled_from(ways)):
            value = value[step]
        there: Any = policy
        for step in way:
            there = there[step]
        there[last] = json.loads(json.dumps(value))
        ways = list(ways_of(policy))
    files = {"p.yaml": json.dumps(policy).encode(), "c.yaml": CATALOG.encode()}

    def fetch(path: str) -> bytes:
        if path not in files:
            raise CannotFetch("missing-file", "no such file")
        return files[path]

    document, problems = load_documents("p.yaml", fetch)
    if document is None or "/catalog" not in document.references:
        assert problems
    elif not any(problem.severity == "error" for problem in meaning_problems(document)):
        assert all(problem.place is not None for problem in document_lints(document, at=AT))


def ways_of(node: Any, way: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Yield the way to each value below `node`."""
    if isinstance(node, (dict, list)):
        for step, child in node.items() if isinstance(node, dict) else enumerate(node):
            yield (*way, step)
            yield from ways_of(child, (*way, step))


@pytest.mark.parametrize(
    "whens",
    [
        [{"all": [{"any": [{"team": f"x{n}"}, {"input_tokens": {"gt": n}}]} for n in range(1000)]}] * 2,
        [{"any": [{"team": f"x{n}"} for n in range(rule, rule + 60)]} for rule in range(40)],
        [{"team": [f"x{n}" for n in range(rule, rule + 400)]} for rule in range(40)],
    ],
    ids=["a thousand choices", "many values by `any`", "many values in lists"],
)
def test_what_is_too_large_to_be_proven_is_not_odd(whens: list[dict[str, Any]]) -> None:
    """Conditions that would keep a proof busy, or nest it too deep, are left alone."""
    rules = [{"id": f"r{number}", "when": when, "tier": "small"} for number, when in enumerate(whens)]
    body = TEAM + "tiers:\n  - {id: small, models: [a/small]}\ndefault: {tier: small}\n"
    found, _ = of_policy(f"{body}rules: {json.dumps(rules)}\n")
    assert found == []


def test_many_pools_that_take_some_requests_are_given_the_benefit_of_the_doubt() -> None:
    """Whether hundreds of pools together cap a rule is not worked out; each is linted all the same."""
    team = "attributes: {team: {type: string, trust: asserted}}\n"
    lines = "".join(
        f"  - {{id: p{n}, when: {{team: x{n}}}, limit: {{cost: '5'}}, window: {{calendar: day}}, enforcement: check}}\n"
        for n in range(300)
    )
    body = f"{team}{TIERS}rules: [{{id: r, when: {{team: y}}, tier: large}}]\ndefault: {{tier: small}}\npools:\n{lines}"
    assert of_policy(body)[0] == []
