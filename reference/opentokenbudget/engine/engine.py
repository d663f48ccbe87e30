"""The engine: wires the pillars. Its clock, its seed and its listeners are given to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from msgspec.structs import replace

from ..pools import Account, Pools, Store, StoreUnavailable
from ..pricing import Cost, PriceProblem
from ..problems import Problem, ProblemError
from ..routing import (
    Decision,
    Identity,
    Policy,
    Request,
    Trace,
    answer,
    ask,
    follow,
    parse_request,
    trace_of,
)
from .accounts import accounts_of
from .given import health_of, instant_of, life_us_of, outcome_of, refuse_report
from .holding import Ending, Hold, Observed, actuals_of, hold_of
from .recording import AttemptRecord, attempt_of, priced_attempt
from .remembering import Remembered
from .replaying import Replayed
from .spending import PoolSpending

UNPRICEABLE = frozenset(
    (
        "ambiguous-rate",
        "forbidden-context",
        "no-price-at-time",
        "unknown-context",
        "unknown-model",
        "unpriced-meter",
    )
)
"""Problems of a price for which what an attempt held is charged instead."""


class Listener(Protocol):
    """Told of every decision and of every attempt's record, after the fact; what it raises reaches the caller."""

    def decided(self, decision: Decision) -> None: ...

    def settled(self, record: AttemptRecord) -> None: ...


class Engine:
    """Answers requests under one policy.

    Args:
        policy: compiled by `routing.compile_policy`.
        clock: the current instant in nanoseconds since 1970.
        seed: the operator's secret; ids and draws are functions of it.
        listeners: told of decisions and records.
        remembered: how many request ids at least are remembered, to tell a retry from a conflict.
        pools: those of the policy, compiled by `pools.compile_pools`.
        store: where their balances lie.

    Raises:
        ProblemError: `unsupported-feature`: the policy has pools, and no store is given for them.
    """

    def __init__(
        self,
        policy: Policy,
        *,
        clock: Callable[[], int],
        seed: str,
        listeners: Sequence[Listener] = (),
        remembered: int = 100_000,
        pools: Pools | None = None,
        store: Store | None = None,
    ) -> None:
        if policy.has_pools and (pools is None or store is None):
            message = "a policy with pools is followed with them and a store alone"
            raise ProblemError(Problem("unsupported-feature", "/pools", message, "OTB-POLICY-021"))
        self.policy = policy
        self.pools = pools
        self.store = store
        self._clock = clock
        self._identity = Identity(seed)
        self._listeners = tuple(listeners)
        self._seen = Remembered(remembered)

    def request(self, data: Mapping[str, Any]) -> Request:
        """Return the request of the wire form `data`, checked once, for `decide` to take many times.

        Raises:
            ProblemError: what is wrong with it.
        """
        return parse_request(self.policy, data)

    def decide(
        self,
        request: Request | Mapping[str, Any],
        *,
        at: int | str | None = None,
        health: Mapping[str, str] | None = None,
    ) -> Decision:
        """Return the decision for `request`.

        Args:
            request: the wire form, or what `request` made of it.
            at: the instant, else the request's own, else the clock's.
            health: `healthy` or `unhealthy` by model or deployment, else the request's own.

        Raises:
            ProblemError: a request or a health that is not in order, or `conflict`: another request had this id.
        """
        if not isinstance(request, Request):
            request = parse_request(self.policy, request)
        told = request.at if at is None else instant_of(at)
        at = self._clock() if told is None else told
        known = request.health if health is None else health_of(health)
        question = ask(self.policy, self._identity, request, at)
        is_known = self._seen.knows(question)
        decision = answer(self.policy, question, at, known, None, self._spending(asks_first=is_known))
        if (then := decision.at) != at:
            # It was decided before, and its reservation stands: what it is asked about is of that instant too.
            question = ask(self.policy, self._identity, request, then)
            decision = answer(self.policy, question, then, known, None, self._spending(asks_first=True))
        for listener in self._listeners:
            listener.decided(decision)
        return decision

    def next(
        self,
        decision: Decision,
        *,
        error: str | None = None,
        score: str | None = None,
        usage: Mapping[str, Any] | None = None,
        at: int | str | None = None,
        health: Mapping[str, str] | None = None,
    ) -> Decision:
        """Return what follows the attempt of `decision`: fallback, cascade step, acceptance; a final one is unchanged.

        Args:
            error: why the attempt failed (`timeout`, `rate_limited` …); None when there was an answer.
            score: the measured quality of the answer, a decimal string.
            usage: what the attempt used, when it is known: its record goes to the listeners.
            at: the instant, else the clock's.
            health: the snapshot, else the decision's.

        Raises:
            ProblemError: `bad-outcome`, a health that is not in order, or whatever `settle` finds.
        """
        outcome = outcome_of(error, score)
        instant = self._clock() if at is None else instant_of(at)
        known = decision.health if health is None else health_of(health)
        if usage is not None and not decision.final:
            self.settle(decision, usage=usage, error=error, score=score)
        elif error is not None and error != "timeout" and not decision.final:
            self._give_back(hold_of(decision.made))
        following = follow(decision, outcome, instant, known, None, self._spending(_answers(decision)))
        if following is not decision and following.observed is None and decision.observed is not None:
            following = replace(following, observed=Observed(_answers(decision), ()))
        if following is not decision:
            for listener in self._listeners:
                listener.decided(following)
        return following

    def settle(
        self,
        decision: Decision,
        *,
        usage: Mapping[str, Any] | None = None,
        usage_source: str | None = None,
        served: str | None = None,
        context: Mapping[str, str] | None = None,
        error: str | None = None,
        score: str | None = None,
        ended_at: int | None = None,
    ) -> AttemptRecord:
        """Return the record of the attempt of `decision`, priced at its dispatch instant by what was served.

        Args:
            usage: quantity by meter; None when nobody knows, which is never 0.
            usage_source: `provider` unless told; `unknown` without usage.
            served: the model that the provider says it served, else the routed one.
            context: as served, such as the service tier; keys left out are the decision's.

        Raises:
            ProblemError: `nothing-to-settle` for a denial, what `Catalog.price` finds, and `bad-outcome`,
                `not-one-of`, `wrong-type`, `bad-instant` for what cannot stand in a record; nothing is settled then.
        """
        attempt = attempt_of(decision)
        if error is not None or score is not None:
            outcome_of(error, score)
        refuse_report(usage_source, served, context, ended_at)
        hold = hold_of(attempt)
        if usage_source == "unknown":
            usage = None
        cost = None
        if usage is not None:
            try:
                cost = priced_attempt(decision, attempt, usage, served=served, context=context)
            except PriceProblem as problem:
                if hold is None or any(each.code not in UNPRICEABLE for each in problem.problems):
                    raise
        record = AttemptRecord(
            decision,
            None if usage is None else dict(usage),
            cost,
            "unknown" if usage is None else usage_source or "provider",
            served,
            None if context is None else dict(context),
            error,
            score,
            ended_at,
            ending=self._settled(hold, usage, cost, error),
        )
        for listener in self._listeners:
            listener.settled(record)
        return record

    def release(self, decision: Decision) -> AttemptRecord:
        """Return the record of the attempt of `decision`, which was not made: what pools held for it is given back.

        Raises:
            ProblemError: `nothing-to-settle` for a denial.
        """
        ending = self._give_back(hold_of(attempt_of(decision)))
        record = AttemptRecord(decision, None, None, "unknown", aborted=True, ending=ending)
        for listener in self._listeners:
            listener.settled(record)
        return record

    def extend(self, decision: Decision, seconds: int) -> int | None:
        """Let what pools hold for the attempt of `decision` live for `seconds` from now, if it would end before.

        Returns:
            the instant at which it ends, in nanoseconds since 1970; None when nothing is held any more.

        Raises:
            ProblemError: `nothing-to-settle` for a denial, `out-of-range`: less than a second, more than a century.
            StoreUnavailable: the store did not answer.
        """
        hold, life_us = hold_of(attempt_of(decision)), life_us_of(seconds)
        if hold is None or self.store is None:
            return None
        ended = self.store.extend(hold.id, life_us)
        return None if ended.expires_us is None else ended.expires_us * 1000

    def accounts(self) -> list[Account]:
        """Return every window of every balance of the policy's pools, by pool, part, key and start.

        Raises:
            StoreUnavailable: the store did not answer.
        """
        return [] if self.pools is None or self.store is None else accounts_of(self.pools, self.store)

    def close(self) -> None:
        """Let go of the store."""
        if self.store is not None:
            self.store.close()

    def trace(self, decision: Decision) -> Trace:
        """Return why `decision` is what it is: what pools said is read from what was observed then."""
        if self.pools is None or self.store is None:
            return trace_of(decision)
        observed = Replayed(_answers(decision))
        return trace_of(decision, PoolSpending(self.policy, self.pools, observed, asks_first=True))

    def _spending(self, before: tuple[Any, ...] = (), *, asks_first: bool = False) -> PoolSpending | None:
        """Return what pools say of what comes after the answers `before`, see `PoolSpending`."""
        if self.pools is None or self.store is None:
            return None
        return PoolSpending(self.policy, self.pools, self.store, before, asks_first=asks_first)

    def _settled(
        self, hold: Hold | None, usage: Mapping[str, Any] | None, cost: Cost | None, error: str | None
    ) -> Ending | None:
        """Charge what pools hold for an attempt, and return what became of it."""
        if hold is None or self.store is None:
            return None
        if usage is None and error is not None and error != "timeout":
            return self._give_back(hold)
        try:
            ended = self.store.settle(hold.id, actuals_of(hold, usage, cost))
        except StoreUnavailable:
            return Ending(hold, "store-unavailable")
        return Ending(hold, ended.status, ended.charged, ended.overrun)

    def _give_back(self, hold: Hold | None) -> Ending | None:
        """Release what pools hold for an attempt, and return what became of it."""
        if hold is None or self.store is None:
            return None
        try:
            ended = self.store.release(hold.id)
        except StoreUnavailable:
            return Ending(hold, "store-unavailable")
        return Ending(hold, ended.status, ended.charged, ended.overrun)


def _answers(decision: Decision) -> tuple[Any, ...]:
    """Return what stores answered to all attempts of `decision` so far."""
    return decision.observed.answers if isinstance(decision.observed, Observed) else ()
