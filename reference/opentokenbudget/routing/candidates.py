"""Which candidates of a tier could serve, and which of them does.

A candidate is dropped with the first reason that holds; what is left is chosen by the tier's selection.
`notes`, where given, collects every verdict for the trace; a decision passes None and stops at the first answer.

Source: spec/60-decision.md OTB-DEC-020 ff.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from msgspec import Struct

from ..amounts import PICO, divide_half_even
from ..pricing import Capabilities, Estimator
from .decision import Attempt, AttemptKind, Question
from .identity import draw
from .policy import Policy
from .request import Request
from .tiers import Candidate, Tariff, Tier
from .trace import Note


class Exclusions(Struct, frozen=True):
    """What earlier attempts rule out: names tried, models gone, windows of at most so many tokens; and what pools do.

    Attributes:
        refused: why, by the name of each candidate that a pool did not take.
    """

    tried: frozenset[str] = frozenset()
    gone: frozenset[str] = frozenset()
    window: int = 0
    refused: Mapping[str, str] = MappingProxyType({})


NO_EXCLUSIONS = Exclusions()


class Offer(Struct, frozen=True, gc=False):
    """A candidate that could serve, its output limit, and its costs in units of 10⁻¹²."""

    candidate: Candidate
    output_limit: int
    expected: int
    bound: int


def choose(
    policy: Policy,
    question: Question,
    rank: int,
    number: int,
    kind: AttemptKind,
    at: int,
    health: Mapping[str, str],
    exclusions: Exclusions,
    notes: list[Note] | None,
) -> Attempt | None:
    """Return the attempt that the tier `rank` offers, or None when no candidate of it can serve."""
    tier = policy.tiers[rank]
    request = question.request
    if (
        request.plain
        and tier.tariff is not None
        and notes is None
        and not health
        and exclusions is NO_EXCLUSIONS
        and question.rule.require is None
    ):
        offer = _quickly(tier, tier.tariff, request, at)
        if offer is not None:
            return _attempt(number, kind, rank, offer, None, at, health)
    appraised = [
        _appraise(policy, question, tier, candidate, at, health, exclusions) for candidate in tier.candidates
    ]
    offers = [each for each in appraised if not isinstance(each, str)]
    chosen, drawn = _select(question, tier, offers, number, at) if offers else (None, None)
    if notes is not None:
        for candidate, each in zip(tier.candidates, appraised, strict=True):
            if isinstance(each, str):
                notes.append(Note(candidate.name, tier.id, number, each))
            else:
                verdict = "chosen" if each is chosen else "not-chosen"
                notes.append(Note(candidate.name, tier.id, number, verdict, each.expected, each.bound))
                if tier.selection == "utility":
                    score = divide_half_even(_utility(question, tier, each, at), 1000 * PICO * PICO)
                    notes[-1] = notes[-1]._replace(score=score)
    if chosen is None:
        return None
    return _attempt(number, kind, rank, chosen, drawn, at, health)


def _attempt(
    number: int,
    kind: AttemptKind,
    rank: int,
    offer: Offer,
    drawn: int | None,
    at: int,
    health: Mapping[str, str],
) -> Attempt:
    return Attempt(
        number,
        kind,
        offer.candidate,
        rank,
        offer.output_limit,
        offer.expected,
        offer.bound,
        drawn,
        at,
        health,
    )


def _quickly(tier: Tier, tariff: Tariff, request: Request, at: int) -> Offer | None:
    """Return what `_appraise` and `_select` would, for a request that asks nothing special of a tier of plain costs.

    Most requests are like that, and this is where a decision spends its time. None: the long way must say.
    """
    if not tariff.since <= at < tariff.until:
        tariff.move_to(at)
    rows = tariff.rows
    if rows is None:
        return None
    input_tokens, limit, expected_output = (
        request.input_tokens,
        request.output_limit,
        request.expected_output_tokens,
    )
    best, least = None, 0
    for row in rows:
        _, below, window, max_output, input_rate, output_rate, fixed, _, _, _ = row
        own_limit = limit if limit < max_output else max_output
        if input_tokens >= below or input_tokens + own_limit > window:
            # Above a threshold or too large: the long way knows which.
            return None
        output = expected_output if expected_output < own_limit else own_limit
        expected = input_tokens * input_rate + output * output_rate + fixed
        if best is None or expected < least:
            best, least = row, expected
            if tier.selection == "first":
                break
    if best is None:
        return None
    own_limit = limit if limit < best.max_output else best.max_output
    bound = input_tokens * best.input_bound + own_limit * best.output_bound + best.fixed_bound
    return Offer(best.candidate, own_limit, least, bound)


def _appraise(
    policy: Policy,
    question: Question,
    tier: Tier,
    candidate: Candidate,
    at: int,
    health: Mapping[str, str],
    exclusions: Exclusions,
) -> Offer | str:
    """Return what `candidate` offers, or the first reason why it cannot serve."""
    request = question.request
    if exclusions is not NO_EXCLUSIONS and (reason := _excluded(candidate, exclusions)):
        return reason
    if not candidate.released_at <= at < candidate.retires_at:
        return "unreleased" if at < candidate.released_at else "retired"
    if request.needs and (reason := _lacks(candidate.model.capabilities, request.needs)):
        return reason
    limit = request.output_limit
    if limit > candidate.max_output:
        limit = candidate.max_output
    input_tokens = request.input_tokens
    if input_tokens > candidate.max_input or input_tokens + limit > candidate.context_window:
        return "exceeds-context"
    if exclusions is not NO_EXCLUSIONS and candidate.context_window <= exclusions.window:
        return "exceeds-context"
    if health and "unhealthy" in (health.get(candidate.name), health.get(candidate.model.id)):
        return "unhealthy"
    if tier.selection == "weighted" and candidate.weight == 0:
        return "zero-weight"
    estimator = candidate.estimator
    if request.context:
        merged = {**request.context, **candidate.context}
        if any(merged[key] != value for key, value in request.context.items()):
            return "context-mismatch"
        estimator = policy.catalog.estimator(candidate.model.id, merged)
    expected_output = request.expected_output_tokens
    if expected_output > limit:
        expected_output = limit
    expected = estimator.expected(input_tokens, expected_output, at)
    if expected is None:
        return _unpriced(estimator, request, at)
    bound = estimator.upper(input_tokens, limit, at, at, request.max_usage)
    if bound is None:
        return _unpriced(estimator, request, at)
    require = question.rule.require
    if require is not None:
        facts = _facts(question, tier, candidate, at, expected, bound)
        if policy.tests[id(require)](facts) is not True:
            return "fails-require"
    return Offer(candidate, limit, expected, bound)


def _excluded(candidate: Candidate, exclusions: Exclusions) -> str | None:
    if candidate.name in exclusions.tried:
        return "already-tried"
    if candidate.model.id in exclusions.gone:
        return "model-gone"
    return exclusions.refused.get(candidate.name)


def _unpriced(estimator: Estimator, request: Request, at: int) -> str:
    problem = estimator.problem(request.input_tokens, request.output_limit, at)
    return "unknown-context" if problem is not None and problem.code == "unknown-context" else "unpriced"


def _lacks(capabilities: Capabilities, needs: Sequence[str]) -> str | None:
    """Return what `needs` finds missing, features first; what is not declared is missing."""
    missing = None
    for need in needs:
        side, dot, modality = need.partition(".")
        if not dot:
            if need not in (capabilities.features or ()):
                return "lacks-feature"
        elif modality not in ((capabilities.input if side == "input" else capabilities.output) or ()):
            missing = "lacks-modality"
    return missing


def _facts(
    question: Question, tier: Tier, candidate: Candidate, at: int, expected: int, bound: int
) -> dict[str, Any]:
    """Return the facts of a candidate, which `require` reads; None is missing."""
    model = candidate.model
    facts: dict[str, Any] = {
        "model": model.id,
        "provider": model.provider or None,
        "deployment": candidate.name,
        "tier": tier.id,
        "cost": expected,
        "bound": bound,
        "features": model.capabilities.features,
        "latency_ms": candidate.latency_ms_at(at),
        "quality": candidate.quality_at(at, question.task),
    }
    for key, value in (*question.request.context.items(), *candidate.context.items()):
        facts[f"context.{key}"] = value
    return facts


def _select(
    question: Question, tier: Tier, offers: Sequence[Offer], number: int, at: int
) -> tuple[Offer, int | None]:
    """Return the offer that the tier's selection takes, and the draw if it drew; ties go to the first listed."""
    match tier.selection:
        case "cheapest":
            return min(offers, key=lambda offer: offer.expected), None
        case "utility":
            return min(offers, key=lambda offer: _utility(question, tier, offer, at)), None
        case "weighted":
            drawn = draw(question.id, f"weighted/{number}")
            target = drawn * sum(offer.candidate.weight for offer in offers) >> 64
            for offer in offers:
                target -= offer.candidate.weight
                if target < 0:
                    return offer, drawn
            raise AssertionError("the weights left are positive")
        case _:
            return offers[0], None


def _utility(question: Question, tier: Tier, offer: Offer, at: int) -> int:
    """Return expected cost + latency × per_second + (1 − quality) × liability × value.

    Exact, in units of 10⁻³⁹ of the currency: milliseconds bring 10³, quality and value 10¹² each.
    """
    latency_ms = offer.candidate.latency_ms_at(at) or 0
    quality = offer.candidate.quality_at(at, question.task) or 0
    scale = PICO * PICO
    return (
        offer.expected * 1000 * scale
        + latency_ms * tier.per_second * scale
        + (PICO - quality) * tier.liability * question.value * 1000
    )
