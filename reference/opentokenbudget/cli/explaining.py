"""A decision in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..amounts import format_decimal, format_instant
from ..routing import Decision, Trace

WORDS = {
    "rule": "a rule matched",
    "default": "no rule matched: the default serves",
    "floor-raised": "the floor raised the tier",
    "fallback-tier": "the tier had no candidate: another serves",
    "fallback": "the attempt failed: another candidate serves",
    "escalated": "escalated to the next step of the cascade",
    "accepted": "the answer was accepted",
    "unaccepted": "the answer was not accepted, and nothing is left",
    "completed": "the answer stands",
    "denied-by-rule": "the rule denies",
    "missing-attribute": "an attribute that the policy requires is missing",
    "no-candidate": "no candidate can serve",
    "attempts-exhausted": "all attempts are used up",
    "error-not-retried": "the policy tries nothing after this error",
    "matched": "matched",
    "not-matched": "did not match",
    "unknown": "unknown: an attribute is missing",
    "not-reached": "not reached",
    "chosen": "chosen",
    "not-chosen": "could serve, another was chosen",
    "already-tried": "tried before",
    "model-gone": "the model is gone",
    "unreleased": "not released yet",
    "retired": "retired",
    "lacks-feature": "lacks a feature that the request needs",
    "lacks-modality": "lacks a modality that the request needs",
    "exceeds-context": "the request does not fit",
    "unhealthy": "unhealthy",
    "context-mismatch": "runs in another context than the request asks",
    "unknown-context": "has no price in this context",
    "unpriced": "has no price",
    "fails-require": "fails what the rule requires",
    "zero-weight": "has weight 0",
    "already-ended": "it was asked before, and what was reserved for it has ended",
    "downgrade-cannot-help": "a pool without room is asked for no less here",
    "downgraded": "a pool had no room: a lower tier serves",
    "held": "holds it",
    "missing-partition-key": "an attribute is missing that a pool is partitioned by",
    "no-room": "no room",
    "over-limit": "counted above the limit",
    "stale-policy": "a newer version of the policy has been spent under",
    "store-failed-open": "the store does not answer, and the pools let it through",
    "store-unavailable": "the store does not answer",
    "threshold-allow": "a threshold is reached that allows",
    "threshold-deny": "a threshold is reached that denies",
    "threshold-downgrade": "a threshold is reached: no tier above its target serves",
    "threshold-queue": "a threshold is reached: come back later",
    "threshold-throttle": "a threshold is reached that throttles",
    "won": "gave its value",
    "skipped-given": "skipped: the request has the attribute",
    "not-sure": "not sure enough",
    "no-signal": "no signal",
}

WORDS_DENIED = {
    **WORDS,
    "default": "no rule matched: the default would serve",
    "fallback-tier": "the tier had no candidate: another would serve",
    "fallback": "the attempt failed: another candidate would serve",
    "downgraded": "a pool had no room: a lower tier would serve",
}
"""The same of an answer by which nothing serves."""


def explained(decision: Decision, trace: Trace | None = None) -> Iterator[str]:
    """Yield `decision` in lines of words; with its `trace`, every verdict too."""
    question = decision.question
    currency = decision.policy.catalog.currency
    attempt = decision.attempt
    if attempt is None:
        yield f"{decision.action} {decision.request.id}"
    else:
        yield f"{decision.action} {decision.request.id} → {decision.candidate}"
        yield f"  tier       {decision.tier}"
        yield f"  rule       {decision.rule or 'default'}"
        yield f"  expected   {format_decimal(attempt.expected)} {currency}"
        yield f"  bound      {format_decimal(attempt.bound)} {currency}"
        yield f"  output     at most {attempt.output_limit:,} tokens"
        yield f"  attempt    {attempt.number} ({attempt.kind})"
    for attribute, given in question.classified.items():
        sure = format_decimal(given.confidence)
        yield f"  {attribute:<10} {given.value} (by {given.classifier}, confidence {sure})"
    weighed = f" ({', '.join(question.value_rules)})" if question.value_rules else ""
    yield f"  value      {format_decimal(question.value)}{weighed}"
    words = WORDS_DENIED if attempt is None else WORDS
    yield f"  because    {'; '.join(words[reason] for reason in decision.reasons)}"
    if decision.retry_at is not None:
        yield f"  retry      from {format_instant(decision.retry_at)}"
    if decision.observed is not None:
        # A pool that refused two candidates alike says so once.
        for line in dict.fromkeys(map(_pool, decision.observed.as_json())):
            yield f"  pool       {line}"
    yield f"  at         {format_instant(decision.at)}"
    yield f"  decision   {decision.id}{' (final)' if decision.final else ''}"
    if trace is not None:
        yield from _trace(trace, currency)


def _pool(pool: Mapping[str, Any]) -> str:
    """Return a balance and what was asked of it, in words."""
    name = "/".join((pool["pool"], *pool.get("partition", ())))
    part = f" ({pool['part']})" if "part" in pool else ""
    limit = "no limit" if pool["limit"] is None else f"of {pool['limit']}"
    stood = f"{pool['settled']} settled, {pool['reserved']} reserved {limit}" if "settled" in pool else limit
    return f"{name}{part}: {WORDS[pool['reason']]}; {stood} {pool['measure']}, asked for {pool['bound']}"


def _trace(trace: Trace, currency: str) -> Iterator[str]:
    if trace.classifiers:
        yield "classifiers"
        for step in trace.classifiers:
            yield f"  {step.id:<24} {WORDS[step.reason]}"
    if trace.rules:
        yield "rules"
        for step in trace.rules:
            yield f"  {step.id:<24} {WORDS[step.reason]}"
    if trace.candidates:
        yield "candidates"
        for note in trace.candidates:
            cost = "" if note.expected is None else f", expected {format_decimal(note.expected)} {currency}"
            yield f"  {note.candidate:<32} {note.tier}, attempt {note.attempt}: {WORDS[note.reason]}{cost}"
