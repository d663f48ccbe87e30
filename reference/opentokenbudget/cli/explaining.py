"""A decision in words."""

from __future__ import annotations

from collections.abc import Iterator

from ..amounts import format_decimal, format_instant
from ..routing import Decision, trace_of

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
    "won": "gave its value",
    "skipped-given": "skipped: the request has the attribute",
    "not-sure": "not sure enough",
    "no-signal": "no signal",
}


def explained(decision: Decision, *, why: bool) -> Iterator[str]:
    """Yield `decision` in lines of words; with `why`, every verdict of its trace too."""
    question = decision.question
    currency = decision.policy.catalog.currency
    attempt = decision.attempt
    if attempt is None:
        yield f"deny {decision.request.id}"
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
    yield f"  because    {'; '.join(WORDS[reason] for reason in decision.reasons)}"
    yield f"  at         {format_instant(decision.at)}"
    yield f"  decision   {decision.id}{' (final)' if decision.final else ''}"
    if why:
        yield from _trace(decision, currency)


def _trace(decision: Decision, currency: str) -> Iterator[str]:
    trace = trace_of(decision)
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
