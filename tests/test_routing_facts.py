"""What a rule reads of a request that nobody wrote there: needs, instant and weekday; and what hangs on the instant."""

from __future__ import annotations

from typing import Any

import pytest

import desk
from opentokenbudget.pricing import compile_catalog
from opentokenbudget.routing import Identity, answer, ask, compile_policy, parse_request, policy_problems

IDENTITY = Identity("test")
HOUR_NS = 3_600_000_000_000
NOON = [{"start": "12:00", "end": "13:00"}]
POOL: dict[str, Any] = {
    "id": "p",
    "limit": {"requests": 9},
    "window": {"lifetime": True},
    "enforcement": "soft",
}


def decided(policy: Any, at: int = desk.AT, **fields: Any) -> Any:
    asked = parse_request(policy, {"id": "r1", "input_tokens": 900} | fields)
    return answer(policy, ask(policy, IDENTITY, asked, at), at, {})


@pytest.mark.parametrize(
    ("when", "fields", "later"),
    [
        ({"needs": {"contains": "tools"}}, {"needs": ["tools"]}, None),
        ({"time": NOON}, {}, HOUR_NS),
        ({"weekday": "mon"}, {}, 24 * HOUR_NS),
        ({"hour": {"lt": 13}}, {}, HOUR_NS),
    ],
)
@pytest.mark.parametrize("reader", ["rule", "value"])
def test_what_is_derived_of_a_request_is_read_alone(
    reader: str, when: dict[str, Any], fields: dict[str, Any], later: int | None
) -> None:
    """A rule, or a value rule, that reads one of needs, time, weekday and hour finds it, and nothing else has to."""
    if reader == "rule":
        policy = desk.compiled(rules=[{"id": "r", "when": when, "tier": "large"}])
    else:
        rules = {"id": "v", "version": "1.0.0", "rules": [{"id": "r", "when": when, "weight": "2"}]}
        policy = compile_policy(
            desk.policy(rules=[]), catalog=compile_catalog(desk.catalog()), value_rules=rules
        )

    def holds(decision: Any) -> bool:
        return decision.rule == "r" if reader == "rule" else decision.question.value_rules == ("r",)

    assert holds(decided(policy, **fields))
    assert not holds(decided(policy) if later is None else decided(policy, desk.AT + later))


def test_a_model_that_is_asked_about_before_its_release_is_not_there_yet() -> None:
    """Whatever was asked before, at an instant before a release the model does not serve."""
    catalog = desk.catalog()
    catalog["models"][1]["lifecycle"] = {"released": "2026-11-23"}
    policy = desk.compiled(catalog, fallback=None)
    asked = [decided(policy, desk.AT + hours * HOUR_NS).action for hours in (0, -12, -13, 0)]
    assert asked == ["allow", "allow", "deny", "allow"]


def test_an_attempt_says_under_which_health_it_was_chosen() -> None:
    """Where nothing is known of anybody's health, that is what stands there."""
    attempt = decided(desk.compiled()).attempt
    assert (attempt.health, attempt.at) == ({}, desk.AT)


def test_a_request_has_a_digest_where_pools_tell_requests_apart() -> None:
    """The digest is that of the wire form, however its fields are ordered; without pools there is none."""
    written = {"id": "r1", "input_tokens": 900, "max_output_tokens": 5}
    policy = desk.compiled(pools=[POOL])
    digests = [
        parse_request(policy, data).digest
        for data in (written, dict(reversed(written.items())), written | {"input_tokens": 901})
    ]
    assert digests[0] == digests[1] != digests[2]
    assert {len(digest) for digest in digests} == {64}
    assert parse_request(desk.compiled(), written).digest == ""


def test_a_limit_by_a_value_is_pointed_at_whatever_the_value_is() -> None:
    """A pointer escapes `~` and `/` of the value whose limit counts another measure."""
    by = {"by": "plan", "of": {"a/b~c": {"tokens": 5}}, "otherwise": {"cost": "1"}}
    found = policy_problems(desk.policy(pools=[POOL | {"limit": by}]), None)
    assert [(problem.code, problem.pointer) for problem in found] == [
        ("limit-measure", "/pools/0/limit/of/a~1b~0c/tokens")
    ]
