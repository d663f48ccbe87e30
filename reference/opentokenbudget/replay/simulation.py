"""The run: every past request decided, priced and compared with the baseline, in one pass and constant memory.

Usage is token-constant: what was used then is taken to be used by whichever model serves. Attempts do not fail, and a
cascade escalates by the scores that the rows bring; where they bring none, it escalates.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from ..amounts import format_decimal
from ..engine import attempt_record, decision_record
from ..pricing import Cost, PriceProblem
from ..routing import Decision, Identity, Outcome, Policy, decide, follow
from .rows import Row
from .summary import Summary

Sink = Callable[[Mapping[str, Any]], None]


class Baseline(NamedTuple):
    """What the policy is compared with: one model for everything, or, with `model` None, what ran."""

    model: str | None


class Simulation:
    """Replays rows under one policy into one summary.

    Args:
        baseline: None compares with nothing.
        log: takes the records, each marked `simulated`; None writes none.
    """

    def __init__(
        self, policy: Policy, *, seed: str, baseline: Baseline | None = None, log: Sink | None = None
    ) -> None:
        self._policy = policy
        self._identity = Identity(seed)
        self._baseline = baseline
        self._log = log
        self.summary = Summary(policy.catalog.currency, tuple(tier.id for tier in policy.tiers))
        self._tiers_of: dict[str, str] = {}
        for tier in policy.tiers:
            for candidate in tier.candidates:
                self._tiers_of.setdefault(candidate.name, tier.id)
                self._tiers_of.setdefault(candidate.model.id, tier.id)

    def run(self, row: Row) -> Decision:
        """Decide and price one row, add it to the summary and the log, and return the decision that stands."""
        decision = decide(self._policy, self._identity, row.request, row.at, row.request.health)
        summary = self.summary
        if self._log is not None:
            self._log(decision_record(decision, simulated=True))
        spent = 0
        known = True
        while not decision.final:
            score = self._score(row, decision)
            cost = self._priced(decision, row)
            if cost is None:
                known = False
            else:
                spent += cost.total_pico
            if self._log is not None:
                self._log(self._attempt(decision, row, cost, score))
            cascade = decision.question.rule.cascade
            if cascade is None:
                break
            following = follow(decision, Outcome(score=score), row.at, row.request.health)
            if self._log is not None:
                self._log(decision_record(following, simulated=True))
            decision = following
        quality = self._score(row, decision)
        baseline_cost, baseline_quality = self._against(row)
        summary.add(
            at=row.at,
            rule=decision.rule or "default",
            tier=decision.tier,
            model=decision.model,
            spent=spent if known else None,
            attempts=len(decision.attempts),
            quality=quality,
            baseline=baseline_cost,
            baseline_quality=baseline_quality,
            reason=decision.reasons[-1],
        )
        return decision

    def _priced(self, decision: Decision, row: Row) -> Cost | None:
        attempt = decision.attempts[-1]
        try:
            return self._policy.catalog.price(
                attempt.candidate.model.id, row.usage, row.at, decision.context or None
            )
        except PriceProblem as problem:
            self.summary.unpriceable[problem.code] += 1
            return None

    def _attempt(self, decision: Decision, row: Row, cost: Cost | None, score: int | None) -> dict[str, Any]:
        return attempt_record(
            decision,
            usage=None if cost is None else row.usage,
            cost=cost,
            usage_source="unknown" if cost is None else "provider",
            score=None if score is None else format_decimal(score),
            simulated=True,
        )

    def _score(self, row: Row, decision: Decision) -> int | None:
        """Return what the row knows of the quality of the candidate, its model, or its tier, in that order."""
        if not row.scores or decision.action != "allow":
            return None
        attempt = decision.attempts[-1]
        names = (attempt.candidate.name, attempt.candidate.model.id, self._policy.tiers[attempt.tier].id)
        return next((row.scores[name] for name in names if name in row.scores), None)

    def _against(self, row: Row) -> tuple[int | None, int | None]:
        """Return what the baseline cost, and its quality; None for what nobody knows."""
        if self._baseline is None:
            return None, None
        model = self._baseline.model or row.model
        scores = row.scores
        quality = None
        if model is not None and scores:
            known = self._policy.catalog.resolve(model)
            identity = known.id if known is not None else model
            names = (model, identity, self._tiers_of.get(identity, model))
            quality = next((scores[name] for name in names if name in scores), None)
        if self._baseline.model is None and row.cost_pico is not None:
            return row.cost_pico, quality
        if model is None:
            return None, quality
        try:
            return self._policy.catalog.price(model, row.usage, row.at).total_pico, quality
        except PriceProblem:
            return None, quality
