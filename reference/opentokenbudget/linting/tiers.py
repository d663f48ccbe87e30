"""Lints of tiers: those that nobody comes to, their order, and what stands in them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from ..amounts import format_decimal
from ..problems import Problem
from .reach import next_tiers, reached
from .survey import Candidate, Survey, Tier, warning

# What tiers are compared by: an ordinary request.
REFERENCE_INPUT = 1_000
REFERENCE_OUTPUT = 500


def unreachable_tiers(surveyed: Survey) -> Iterator[Problem]:
    """Yield `unreachable-tier` for each tier that nothing leads to."""
    there = reached(surveyed)
    for tier in surveyed.tiers:
        if tier.rank not in there:
            message = f"nothing leads to `{tier.id}`: no rule, default, floor, fallback or downgrade"
            yield warning("unreachable-tier", tier.pointer, message)


def tiers_out_of_order(surveyed: Survey) -> Iterator[Problem]:
    """Yield `tiers-out-of-order` for each tier that is dearer than the next one."""
    priced = [(tier, cost) for tier in surveyed.tiers if (cost := least_cost(surveyed, tier)) is not None]
    for (tier, cost), (following, following_cost) in pairwise(priced):
        if cost > following_cost:
            tokens = f"{REFERENCE_INPUT:,} tokens in and {REFERENCE_OUTPUT:,} out"
            message = (
                f"tiers stand cheapest first, and `{tier.id}` is dearer than `{following.id}`: {tokens} cost"
                f" {format_decimal(cost)} and {format_decimal(following_cost)} {surveyed.catalog.currency}"
            )
            yield warning("tiers-out-of-order", tier.pointer, message)


def least_cost(surveyed: Survey, tier: Tier) -> int | None:
    """Return what a reference request costs with the cheapest candidate of `tier`, in 10⁻¹²; None if unpriced."""
    costs = [
        cost for candidate in tier.candidates if (cost := reference_cost(surveyed, candidate)) is not None
    ]
    return min(costs, default=None)


def reference_cost(surveyed: Survey, candidate: Candidate) -> int | None:
    """Return what a reference request costs with `candidate`, in 10⁻¹²; None if it cannot serve or is unpriced."""
    if candidate.model.status(surveyed.at) in ("retired", "unreleased"):
        return None
    estimator = surveyed.catalog.estimator(candidate.model.id, candidate.context)
    return estimator.expected(REFERENCE_INPUT, REFERENCE_OUTPUT, surveyed.at)


def repeated_candidates(surveyed: Survey) -> Iterator[Problem]:
    """Yield `repeated-candidate` where two names of one tier mean the same model."""
    deployed = {deployment["id"] for deployment in surveyed.data.get("deployments", ())}
    for tier in surveyed.tiers:
        seen: dict[str, str] = {}
        for candidate in tier.candidates:
            if candidate.name in deployed:
                continue
            first = seen.setdefault(candidate.model.id, candidate.name)
            if first != candidate.name:
                message = f"`{candidate.name}` and `{first}` are the same model"
                yield warning("repeated-candidate", candidate.pointer, message)


def weights_all_zero(surveyed: Survey) -> Iterator[Problem]:
    """Yield `weights-all-zero` for each weighted tier in which nobody can be drawn."""
    weights = {
        deployment["id"]: deployment.get("weight", 1) for deployment in surveyed.data.get("deployments", ())
    }
    for tier in surveyed.tiers:
        drawn = [weights.get(candidate.name, 1) for candidate in tier.candidates]
        if tier.select == "weighted" and not any(drawn):
            message = f"every candidate of `{tier.id}` has weight 0, so none is ever drawn"
            yield warning("weights-all-zero", f"{tier.pointer}/select", message)


def unused_deployments(surveyed: Survey) -> Iterator[Problem]:
    """Yield `unused-deployment` for each deployment that stands in no tier."""
    used = {candidate.name for tier in surveyed.tiers for candidate in tier.candidates}
    for number, deployment in enumerate(surveyed.data.get("deployments", ())):
        if deployment["id"] not in used:
            message = f"`{deployment['id']}` stands in no tier"
            yield warning("unused-deployment", f"/deployments/{number}", message)


def fallback_without_others(surveyed: Survey) -> Iterator[Problem]:
    """Yield `fallback-cannot-help` when after no error anybody else could be tried."""
    fallback = surveyed.data.get("fallback")
    if fallback is None:
        return
    if fallback.get("attempts") == 1:
        message = "one attempt in all leaves none for a fallback"
        yield warning("fallback-cannot-help", "/fallback/attempts", message)
        return
    there = reached(surveyed)
    if there and not any(
        len(surveyed.tiers[rank].candidates) > 1 or next_tiers(surveyed, rank) for rank in there
    ):
        message = "each tier has one candidate and leads to no other tier, so nobody is left to try"
        yield warning("fallback-cannot-help", "/fallback", message)
