"""The normative order of a decision, and what follows an attempt.

attributes → classify → value → first matching rule → candidates of the tier → select; then, attempt by attempt,
`follow` answers fallback, cascade step and acceptance. Both always answer; the instant, the health snapshot and the
seed are arguments, so the same inputs give the same decision in every implementation.

Source: spec/60-decision.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Protocol

from msgspec import Struct
from msgspec.structs import replace

from .candidates import NO_EXCLUSIONS, Exclusions, choose
from .decision import SERVES, Attempt, AttemptKind, Blocked, Decision, Observed, Question
from .policy import Policy
from .trace import Note


class Outcome(Struct, frozen=True):
    """How an attempt ended: an error by its name, or an answer with a score (units of 10⁻¹²) or without one."""

    error: str | None = None
    score: int | None = None


class Spending(Protocol):
    """What pools say of the attempts of one decision; who keeps them gives it.

    Attributes:
        top: the highest rank that thresholds leave to serve.
        lowered: the reason `threshold-downgrade` where that is below the one that was begun with.
    """

    top: int
    lowered: tuple[str, ...]

    @property
    def observed(self) -> Observed:
        """What stores have answered."""

    def held(self, question: Question, health: Mapping[str, str]) -> Attempt | None:
        """Return the first attempt of a request that was asked before, if it is still held."""

    def begin(
        self,
        question: Question,
        rank: int,
        number: int,
        at: int,
        health: Mapping[str, str],
    ) -> Attempt | Blocked | None:
        """Look at the thresholds of the pools that count attempt `number` in the tier `rank`.

        Returns:
            the attempt that was made when this was asked before, or why none is made.
        """

    def take(
        self,
        question: Question,
        rank: int,
        number: int,
        kind: AttemptKind,
        at: int,
        health: Mapping[str, str],
        exclusions: Exclusions,
        reasons: tuple[str, ...],
        notes: list[Note] | None,
    ) -> Attempt | Blocked | None:
        """Return the attempt that the tier `rank` offers and the pools hold, or one of a lower tier.

        Args:
            reasons: how this tier was reached; an attempt is answered with them.
        """


def answer(
    policy: Policy,
    question: Question,
    at: int,
    health: Mapping[str, str],
    notes: list[Note] | None = None,
    spending: Spending | None = None,
) -> Decision:
    """Return the first decision of `question`; every verdict on a candidate goes to `notes`, where given."""
    rule = question.rule
    found = "rule" if rule.position >= 0 else "default"
    if policy.required and any(name not in question.facts for name in policy.required):
        return _refused(policy, question, ("missing-attribute",), at, health, spending)
    if rule.deny:
        held = None if spending is None else spending.held(question, health)
        if held is None:
            return _refused(policy, question, (found, "denied-by-rule"), at, health, spending)
        return Decision(
            policy, question, held.action, (found, *held.reasons), False, held.at, health, (held,)
        )
    start = question.tier
    reasons = (found,) if start == rule.lowest else (found, "floor-raised")
    if spending is None:
        attempt = choose(policy, question, start, 1, "primary", at, health, NO_EXCLUSIONS, notes)
        if attempt is not None:
            return Decision(policy, question, "allow", reasons, False, at, health, (attempt,))
    else:
        taken = spending.begin(question, start, 1, at, health)
        if taken is None:
            start = max(question.floor, min(start, spending.top))
            taken = spending.take(question, start, 1, "primary", at, health, NO_EXCLUSIONS, (), notes)
        if isinstance(taken, Attempt):
            why = (*reasons, *taken.reasons)
            observed = spending.observed
            return Decision(
                policy, question, taken.action, why, False, taken.at, health, (taken,), observed=observed
            )
        if taken is not None:
            return _blocked(Decision(policy, question, "deny", reasons, True, at, health), taken, spending)
    empty = Decision(policy, question, "deny", reasons, True, at, health)
    return _onwards(empty, start, "primary", at, health, NO_EXCLUSIONS, notes, spending)


def _refused(
    policy: Policy,
    question: Question,
    reasons: tuple[str, ...],
    at: int,
    health: Mapping[str, str],
    spending: Spending | None,
) -> Decision:
    """Return the denial of a request that no tier is looked at for."""
    observed = None if spending is None else spending.observed
    return Decision(policy, question, "deny", reasons, True, at, health, observed=observed)


def follow(
    decision: Decision,
    outcome: Outcome,
    at: int,
    health: Mapping[str, str],
    notes: list[Note] | None = None,
    spending: Spending | None = None,
) -> Decision:
    """Return the decision after the last attempt of `decision` ended with `outcome`; a final one is unchanged."""
    if decision.final:
        return decision
    if outcome.error is None:
        return _judge(decision, outcome, at, health, notes, spending)
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
    rank = last.tier
    if spending is not None:
        if (begun := spending.begin(question, rank, number, at, health)) is not None:
            return _taken(failed, begun, (), spending)
        rank = max(question.floor, min(rank, spending.top))
    reasons = ("fallback",)
    taken = _take(
        policy, question, rank, number, "fallback", at, health, exclusions, reasons, notes, spending
    )
    if taken is not None:
        return _taken(failed, taken, reasons, spending)
    return _onwards(failed, rank, "fallback", at, health, exclusions, notes, spending)


def _judge(
    decision: Decision,
    outcome: Outcome,
    at: int,
    health: Mapping[str, str],
    notes: list[Note] | None,
    spending: Spending | None,
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
    steps = _rest(question.ladder, last.tier)
    if len(decision.attempts) < limit and steps:
        errors = (*decision.errors, "unaccepted")
        failed = Decision(policy, question, "deny", (), True, at, health, decision.attempts, errors)
        number = len(decision.attempts) + 1
        exclusions = _exclusions(decision)
        reasons = ("escalated",)
        if spending is not None:
            if (begun := spending.begin(question, steps[0], number, at, health)) is not None:
                return _taken(failed, begun, (), spending)
            steps = _left(steps, question, spending)
        for rank in steps:
            taken = _take(
                policy, question, rank, number, "cascade", at, health, exclusions, reasons, notes, spending
            )
            if taken is not None:
                return _taken(failed, taken, reasons, spending)
        if spending is not None:
            standing = replace(standing, observed=spending.observed)
    return _because(standing, "unaccepted")


def _onwards(
    empty: Decision,
    rank: int,
    kind: AttemptKind,
    at: int,
    health: Mapping[str, str],
    exclusions: Exclusions,
    notes: list[Note] | None,
    spending: Spending | None,
) -> Decision:
    """Return what the tiers after `rank` offer: the rest of the cascade, then the fallback's; else `empty` denied."""
    policy, question = empty.policy, empty.question
    number = len(empty.attempts) + 1
    for following, reason in _tiers_after(policy, question, rank, spending):
        reasons = ("fallback", reason) if kind == "fallback" else (reason,)
        taken = _take(
            policy, question, following, number, kind, at, health, exclusions, reasons, notes, spending
        )
        if taken is not None:
            return _taken(empty, taken, reasons, spending)
    lowered = () if spending is None else spending.lowered
    return _ended(replace(empty, reasons=(*empty.reasons, *lowered)), "no-candidate", spending)


def _take(
    policy: Policy,
    question: Question,
    rank: int,
    number: int,
    kind: AttemptKind,
    at: int,
    health: Mapping[str, str],
    exclusions: Exclusions,
    reasons: tuple[str, ...],
    notes: list[Note] | None,
    spending: Spending | None,
) -> Attempt | Blocked | None:
    if spending is None:
        return choose(policy, question, rank, number, kind, at, health, exclusions, notes)
    return spending.take(question, rank, number, kind, at, health, exclusions, reasons, notes)


def _taken(
    empty: Decision, taken: Attempt | Blocked, reasons: tuple[str, ...], spending: Spending | None
) -> Decision:
    """Return `empty` with the attempt that was taken, or as pools block it.

    Args:
        reasons: how it was reached; where pools were asked, the attempt says so itself.
    """
    if isinstance(taken, Blocked):
        return _blocked(empty, taken, spending)
    return Decision(
        empty.policy,
        empty.question,
        taken.action,
        (*empty.reasons, *(reasons if spending is None else taken.reasons)),
        False,
        # That of the first time, where this was asked before.
        taken.at,
        empty.health,
        (*empty.attempts, taken),
        empty.errors,
        observed=None if spending is None else spending.observed,
    )


def _blocked(empty: Decision, blocked: Blocked, spending: Spending | None) -> Decision:
    """Return `empty` as pools block it; an answer before it stands."""
    for reason in blocked.reasons[:-1]:
        empty = _because(empty, reason)
    ended = _ended(empty, blocked.reasons[-1], spending)
    if ended.action in SERVES:
        return ended
    return replace(ended, action=blocked.action, retry_at=blocked.retry_at)


def _tiers_after(
    policy: Policy, question: Question, rank: int, spending: Spending | None
) -> Iterator[tuple[int, str]]:
    rest = _left(_rest(question.ladder, rank), question, spending)
    for following in rest:
        yield following, "escalated"
    if policy.fallback is not None:
        start = rest[-1] if rest else rank
        tiers = tuple(policy.fallback.next_tiers(start, question.floor, len(policy.tiers)))
        for following in _left(tiers, question, spending):
            if following != rank and following not in rest:
                yield following, "fallback-tier"


def _left(ranks: tuple[int, ...], question: Question, spending: Spending | None) -> tuple[int, ...]:
    """Return those of `ranks` that thresholds leave to serve."""
    if spending is None:
        return ranks
    highest = max(spending.top, question.floor)
    return tuple(rank for rank in ranks if rank <= highest)


def _rest(ladder: tuple[int, ...], rank: int) -> tuple[int, ...]:
    """Return the steps of the cascade above `rank`; none when the attempt left the cascade."""
    return ladder[ladder.index(rank) + 1 :] if rank in ladder else ()


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


def _ended(failed: Decision, reason: str, spending: Spending | None = None) -> Decision:
    """Return the end of `failed`: denied, unless a step of the cascade was answered before; then that answer stands."""
    if spending is not None:
        failed = replace(failed, observed=spending.observed)
    if "unaccepted" not in failed.errors:
        return _because(failed, reason)
    standing = len(failed.errors) - 1 - failed.errors[::-1].index("unaccepted")
    return replace(failed, action="allow", reasons=(*failed.reasons, reason, "unaccepted"), standing=standing)


def _because(decision: Decision, reason: str) -> Decision:
    return replace(decision, reasons=(*decision.reasons, reason))
