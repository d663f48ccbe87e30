"""The run: every past request decided, priced and compared with the baseline, in one pass and constant memory.

Usage is token-constant: what was used then is taken to be used by whichever model serves. Attempts do not fail, and a
cascade escalates by the scores that the rows bring; where they bring none, it escalates. Pools begin empty, on a clock
that the rows move; an attempt ends before the next begins.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from ..amounts import format_decimal
from ..engine import AttemptRecord, Ending, PoolSpending, actuals_of, decision_record, hold_of
from ..pools import Pools
from ..pools.stores.memory import MemoryStore
from ..pricing import Cost, PriceProblem
from ..routing import SERVES, Decision, Identity, Outcome, Policy, answer, ask, follow
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
        pools: those of the policy.
    """

    def __init__(
        self,
        policy: Policy,
        *,
        seed: str,
        baseline: Baseline | None = None,
        log: Sink | None = None,
        pools: Pools | None = None,
    ) -> None:
        self._policy = policy
        self._pools = pools
        self._now = 0
        # An id is asked for once: what has ended need not be remembered.
        self._store = MemoryStore(lambda: self._now, horizon_us=0)
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
        self._now = row.at
        question = ask(self._policy, self._identity, row.request, row.at)
        decision = answer(self._policy, question, row.at, row.request.health, None, self._spending())
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
            ending = self._settled(decision, row, cost)
            if self._log is not None:
                self._log(self._attempt(decision, row, cost, score, ending))
            cascade = decision.question.rule.cascade
            if cascade is None:
                break
            following = follow(
                decision, Outcome(score=score), row.at, row.request.health, None, self._spending()
            )
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
            action=decision.action,
            reason=decision.reasons[-1],
        )
        return decision

    def _spending(self) -> PoolSpending | None:
        return None if self._pools is None else PoolSpending(self._policy, self._pools, self._store)

    def _settled(self, decision: Decision, row: Row, cost: Cost | None) -> Ending | None:
        """Charge what pools hold for the last attempt, and return what became of it."""
        hold = hold_of(decision.made)
        if hold is None:
            return None
        used = None if cost is None else row.usage
        ended = self._store.settle(hold.id, actuals_of(hold, used, cost))
        return Ending(hold, ended.status, ended.charged, ended.overrun)

    def _priced(self, decision: Decision, row: Row) -> Cost | None:
        attempt = decision.attempts[-1]
        try:
            return self._policy.catalog.price(
                attempt.candidate.model.id, row.usage, row.at, decision.context or None
            )
        except PriceProblem as problem:
            self.summary.unpriceable[problem.code] += 1
            return None

    def _attempt(
        self,
        decision: Decision,
        row: Row,
        cost: Cost | None,
        score: int | None,
        ending: Ending | None,
    ) -> dict[str, Any]:
        record = AttemptRecord(
            decision,
            None if cost is None else row.usage,
            cost,
            "unknown" if cost is None else "provider",
            score=None if score is None else format_decimal(score),
            simulated=True,
            ending=ending,
        )
        return record.as_json()

    def _score(self, row: Row, decision: Decision) -> int | None:
        """Return what the row knows of the quality of the candidate, its model, or its tier, in that order."""
        if not row.scores or decision.action not in SERVES:
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
