"""What is concluded of a request before any model is looked at.

Source: spec/60-decision.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..amounts import PICO, local_time
from .decision import Question
from .facts import WEEKDAYS
from .identity import Identity
from .policy import Policy
from .request import Request


def ask(policy: Policy, identity: Identity, request: Request, at: int) -> Question:
    """Return what is concluded of `request`: classification, value, rule, floor."""
    facts = _facts(policy, request, at)
    classified: Mapping[str, Any] = {}
    if policy.classifiers is not None:
        classified = policy.classifiers.classify(request.text, request.classifications, request.attributes)
        for attribute, given in classified.items():
            facts[attribute] = given.value
        if "task" in classified:
            facts["confidence"] = classified["task"].confidence
    value: int = PICO
    value_rules: tuple[str, ...] = ()
    if policy.value is not None:
        weighed = policy.value.weigh(facts)
        value, value_rules = weighed.weight, weighed.rules
    facts["value"] = value
    position = policy.index.first(facts)
    rule = policy.rules[position] if position >= 0 else policy.default
    task = facts.get("task")
    floor, tier, ladder = rule.floor, rule.tier, rule.ladder
    if policy.quality_floor and (least := policy.quality_floor.get(task or "", 0)) > floor:
        floor = least
        tier, ladder = rule.above(least)
    return Question(
        identity.decision_id(request.subject, request.id),
        request,
        facts,
        classified,
        value,
        value_rules,
        task,
        rule,
        tier,
        floor,
        ladder,
    )


def _facts(policy: Policy, request: Request, at: int) -> dict[str, Any]:
    facts = dict(request.attributes)
    facts["input_tokens"] = request.input_tokens
    facts["max_output_tokens"] = request.output_limit
    facts["expected_output_tokens"] = request.expected_output_tokens
    if request.context:
        for key, value in request.context.items():
            facts[f"context.{key}"] = value
    uses = policy.uses
    if not policy.derives:
        return facts
    if "needs" in uses:
        facts["needs"] = frozenset(request.needs)
    if "time" in uses:
        facts["time"] = at
    if "hour" in uses or "weekday" in uses:
        local = local_time(at, policy.timezone)
        facts["hour"] = local.second // 3600
        facts["weekday"] = WEEKDAYS[local.weekday]
    return facts
