"""The normative order of a decision, and what follows an attempt.

attributes → classify → value → first matching rule → candidates of the tier → select; then, attempt by attempt,
`follow` answers fallback, cascade step and acceptance. Both always answer; the instant, the health snapshot and the
seed are arguments, so the same inputs give the same decision in every implementation.

Source: spec/60-decision.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct

from ..amounts import PICO, local_time
from .candidates import NO_EXCLUSIONS, Exclusions, choose
from .decision import AttemptKind, Decision, Question
from .facts import WEEKDAYS
from .identity import Identity
from .policy import Policy
from .request import Request
from .trace import Note


class Outcome(Struct, frozen=True):
    """How an attempt ended: an error by its name, or an answer with a score (units of 10⁻¹²) or without one."""

    error: str | None = None
    score: int | None = None


def decide(
    policy: Policy,
    identity: Identity,
    request: Request,
    at: int,
    health: Mapping[str, str],
) -> Decision:
    """Return the decision for `request` at the instant `at`, under the snapshot `health`."""
    return answer(policy, ask(policy, identity, request, at), at, health)


def answer(
    policy: Policy, question: Question, at: int, health: Mapping[str, str], notes: list[Note] | None = None
) -> Decision:
    """Return the first decision of `question`; every verdict on a candidate goes to `notes`, where given."""
    rule = question.rule
    found = "rule" if rule.position >= 0 else "default"
    if policy.required and any(name not in question.facts for name in policy.required):
        return Decision(policy, question, "deny", ("missing-attribute",), True, at, health)
    if rule.deny:
        return Decision(policy, question, "deny", (found, "denied-by-rule"), True, at, health)
    start = question.tier
    reasons = (found,) if start == rule.lowest else (found, "floor-raised")
    attempt = choose(policy, question, start, 1, "primary", at, health, NO_EXCLUSIONS, notes)
    if attempt is not None:
        return Decision(policy, question, "allow", reasons, False, at, health, (attempt,))
    empty = Decision(policy, question, "deny", reasons, True, at, health)
    return _onwards(empty, start, "primary", at, health, NO_EXCLUSIONS, notes)


def ask(policy: Policy, identity: Identity, request: Request, at: int) -> Question:
    """Return what is concluded before any model is looked at: classification, value, rule, floor."""
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


def follow(
    decision: Decision,
    outcome: Outcome,
    at: int,
    health: Mapping[str, str],
    notes: list[Note] | None = None,
) -> Decision:
    """Return the decision after the last attempt of `decision` ended with `outcome`; a final one is unchanged."""
    if decision.final:
        return decision
    if outcome.error is None:
        return _judge(decision, outcome, at, health, notes)
    policy, question = decision.policy, decision.question
    errors = (*decision.errors, outcome.error)
    failed = Decision(policy, question, "deny", (), True, at, health, decision.attempts, errors)
    fallback = policy.fallback
    if fallback is None or outcome.error not in fallback.after:
        return _ended(failed, "error-not-retried")
    if len(decision.attempts) >= fallback.attempts:
        return _ended(failed, "attempts-exhausted")
    exclusions = _exclusions(failed)
    last = decision.attempts[-1]
    number = len(decision.attempts) + 1
    attempt = choose(policy, question, last.tier, number, "fallback", at, health, exclusions, notes)
    if attempt is not None:
        attempts = (*decision.attempts, attempt)
        return Decision(policy, question, "allow", ("fallback",), False, at, health, attempts, errors)
    return _onwards(failed, last.tier, "fallback", at, health, exclusions, notes)


def _judge(
    decision: Decision, outcome: Outcome, at: int, health: Mapping[str, str], notes: list[Note] | None
) -> Decision:
    """Return what follows an answer: done, accepted, or the next step of the cascade."""
    policy, question = decision.policy, decision.question
    last = decision.attempts[-1]
    standing = Decision(policy, question, "allow", (), True, at, health, decision.attempts, decision.errors)
    cascade = question.rule.cascade
    if cascade is None:
        return _because(standing, "completed")
    facts = {**question.facts, "tier": policy.tiers[last.tier].id}
    if outcome.score is not None:
        facts["score"] = outcome.score
    if policy.tests[id(cascade.accept)](facts) is True:
        return _because(standing, "accepted")
    limit = len(cascade.tiers) if policy.fallback is None else policy.fallback.attempts
    if len(decision.attempts) < limit:
        errors = (*decision.errors, "unaccepted")
        number = len(decision.attempts) + 1
        exclusions = _exclusions(decision)
        for rank in _rest(question.ladder, last.tier):
            attempt = choose(policy, question, rank, number, "cascade", at, health, exclusions, notes)
            if attempt is not None:
                attempts = (*decision.attempts, attempt)
                return Decision(
                    policy, question, "allow", ("escalated",), False, at, health, attempts, errors
                )
    return _because(standing, "unaccepted")


def _onwards(
    empty: Decision,
    rank: int,
    kind: AttemptKind,
    at: int,
    health: Mapping[str, str],
    exclusions: Exclusions,
    notes: list[Note] | None,
) -> Decision:
    """Return what the tiers after `rank` offer: the rest of the cascade, then the fallback's; else `empty` denied."""
    policy, question = empty.policy, empty.question
    number = len(empty.attempts) + 1
    for following, reason in _tiers_after(policy, question, rank):
        attempt = choose(policy, question, following, number, kind, at, health, exclusions, notes)
        if attempt is not None:
            reasons = (*empty.reasons, *(("fallback",) if kind == "fallback" else ()), reason)
            attempts = (*empty.attempts, attempt)
            return Decision(policy, question, "allow", reasons, False, at, health, attempts, empty.errors)
    return _ended(empty, "no-candidate")


def _tiers_after(policy: Policy, question: Question, rank: int) -> Iterator[tuple[int, str]]:
    rest = _rest(question.ladder, rank)
    for following in rest:
        yield following, "escalated"
    if policy.fallback is not None:
        start = rest[-1] if rest else rank
        for following in policy.fallback.next_tiers(start, question.floor, len(policy.tiers)):
            if following != rank and following not in rest:
                yield following, "fallback-tier"


def _rest(ladder: tuple[int, ...], rank: int) -> tuple[int, ...]:
    """Return the steps of the cascade above `rank`; none when the attempt left the cascade."""
    return ladder[ladder.index(rank) + 1 :] if rank in ladder else ()


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


def _exclusions(decision: Decision) -> Exclusions:
    """Return what the attempts so far rule out."""
    gone, window = set(), 0
    for attempt, error in zip(decision.attempts, decision.errors, strict=False):
        if error == "model_gone":
            gone.add(attempt.candidate.model.id)
        elif error == "context_exceeded":
            window = max(window, attempt.candidate.context_window)
    return Exclusions(
        frozenset(attempt.candidate.name for attempt in decision.attempts), frozenset(gone), window
    )


def _ended(failed: Decision, reason: str) -> Decision:
    """Return the end of `failed`: denied, unless a step of the cascade was answered before; then that answer stands."""
    if "unaccepted" not in failed.errors:
        return _because(failed, reason)
    standing = len(failed.errors) - 1 - failed.errors[::-1].index("unaccepted")
    return Decision(
        failed.policy,
        failed.question,
        "allow",
        (*failed.reasons, reason, "unaccepted"),
        True,
        failed.at,
        failed.health,
        failed.attempts,
        failed.errors,
        standing,
    )


def _because(decision: Decision, reason: str) -> Decision:
    return Decision(
        decision.policy,
        decision.question,
        decision.action,
        (*decision.reasons, reason),
        decision.final,
        decision.at,
        decision.health,
        decision.attempts,
        decision.errors,
    )
