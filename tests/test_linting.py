"""Lints: each fires exactly where it should, and stays silent beside it.

The policies stand in corpus/lints/policies.txt: `=== name: lints`, then the body under the head of linted.py.
A mark (§) stands before each place at which a lint must be reported; no mark, no lint.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from linted import AT, CATALOG, HEAD, cases, odd, of_policy, unmarked
from opentokenbudget import linting
from opentokenbudget.amounts import parse_date

DAY_NS = 86_400 * 1_000_000_000
TIERS = "tiers:\n  - {id: small, models: [a/small]}\n  - {id: large, models: [a/large]}\n"
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
