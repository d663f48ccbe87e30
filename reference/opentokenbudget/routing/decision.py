"""The decision: which model serves, at what expected cost, and why; frozen, and complete enough for `next`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, Protocol

from msgspec import Struct

from ..amounts import format_decimal, format_instant
from ..classifiers import Classification
from .policy import Policy, Rule
from .request import Request
from .tiers import Candidate
from .trace import Trace

Action = Literal["allow", "downgrade", "throttle", "queue", "deny"]
SERVES = frozenset(("allow", "downgrade"))
"""The actions that name a candidate."""
AttemptKind = Literal["primary", "fallback", "cascade"]


class Hold(Protocol):
    """What pools hold for an attempt."""

    def as_json(self) -> dict[str, Any]:
        """Return its wire form."""


class Observed(Protocol):
    """What stores answered on the way to a decision."""

    def as_json(self) -> list[dict[str, Any]]:
        """Return the wire form of the pools of a decision."""


class Attempt(Struct, frozen=True):
    """One choice of a candidate: what was tried so far stands in the decision's `attempts`, this one last.

    Attributes:
        tier: rank of the tier that the candidate was taken from.
        output_limit: output tokens to allow upstream.
        expected, bound: costs in units of 10⁻¹² of the catalog's currency.
        draw: 64 bits of a weighted selection, else None.
        at, health: the instant and the health snapshot that it was chosen under.
        action: `downgrade` where pools took it to a lower tier.
        reasons: how it came to be, since the outcome before it; () where no pools were asked.
        hold: what pools hold for it; only who holds it reads it.
    """

    number: int
    kind: AttemptKind
    candidate: Candidate
    tier: int
    output_limit: int
    expected: int
    bound: int
    draw: int | None
    at: int
    health: Mapping[str, str]
    action: Action = "allow"
    reasons: tuple[str, ...] = ()
    hold: Hold | None = None


class Blocked(Struct, frozen=True):
    """Pools let no attempt be made now.

    Attributes:
        retry_at: the instant (nanoseconds since 1970) from which it may help to ask again; None where none is known.
    """

    action: Action
    reasons: tuple[str, ...]
    retry_at: int | None = None


class Question(Struct, frozen=True):
    """What all decisions of one request share: the request, and what was concluded before any model.

    Attributes:
        value: the weight, in units of 10⁻¹².
        tier: rank of the tier to begin with, the floor applied; unused where the rule denies.
        floor: the lowest rank that may serve.
        ladder: ranks of the cascade, the floor applied; () without one.
    """

    id: str
    request: Request
    facts: Mapping[str, Any]
    classified: Mapping[str, Classification]
    value: int
    value_rules: tuple[str, ...]
    task: str | None
    rule: Rule
    tier: int
    floor: int
    ladder: tuple[int, ...]


class Decision(Struct, frozen=True):
    """The answer to a request, or to the outcome of its last attempt.

    Attributes:
        action: `allow` names a candidate; `deny` names none.
        reasons: codes from schemas/v1/reason-codes.json, in the order in which they arose.
        final: no call is to be made for this decision.
        attempts: all attempts so far; the last is the one to make, unless `final`.
        errors: how each attempt but the last one ended: an error, or `unaccepted`.
        at, health: the instant and the health snapshot of this decision.
        standing: which of `attempts` is meant; the last, but where an escalation failed and an answer before it stands.
        retry_at: of a denial by pools, the instant from which it may help to ask again.
        observed: what stores answered on the way here, by which the decision can be made again.
    """

    policy: Policy
    question: Question
    action: Action
    reasons: tuple[str, ...]
    final: bool
    at: int
    health: Mapping[str, str]
    attempts: tuple[Attempt, ...] = ()
    errors: tuple[str, ...] = ()
    standing: int = -1
    retry_at: int | None = None
    observed: Observed | None = None

    @property
    def id(self) -> str:
        return self.question.id

    @property
    def request(self) -> Request:
        return self.question.request

    @property
    def attempt(self) -> Attempt | None:
        """The attempt to make, or the one whose answer stands; None in a denial."""
        return self.attempts[self.standing] if self.action in SERVES else None

    @property
    def made(self) -> Attempt | None:
        """The attempt that is settled: the one that the decision names, else the last that was made."""
        return self.attempt or (self.attempts[-1] if self.attempts else None)

    @property
    def candidate(self) -> str | None:
        """The model or deployment as the policy names it."""
        return self.attempts[self.standing].candidate.name if self.action in SERVES else None

    @property
    def model(self) -> str | None:
        """The model's id in the catalog."""
        return self.attempts[self.standing].candidate.model.id if self.action in SERVES else None

    @property
    def tier(self) -> str | None:
        return self.policy.tiers[self.attempts[self.standing].tier].id if self.action in SERVES else None

    @property
    def rule(self) -> str | None:
        """The rule that matched; None where the default served."""
        return self.question.rule.id if self.question.rule.position >= 0 else None

    @property
    def context(self) -> dict[str, str]:
        """The context that the attempt is priced in: the deployment's and the request's."""
        attempt = self.attempt
        return {} if attempt is None else {**attempt.candidate.context, **self.request.context}

    @property
    def max_output_tokens(self) -> int | None:
        """The limit to send upstream."""
        attempt = self.attempt
        return None if attempt is None else attempt.output_limit

    def as_json(self, trace: Trace | None = None) -> dict[str, Any]:
        """Return the wire form (schemas/v1/decision.schema.json), with `trace` (see `trace_of`) where given."""
        question, policy = self.question, self.policy
        form: dict[str, Any] = {"otb": "1.0", "kind": "decision", "id": question.id}
        form["request"] = question.request.id
        if question.request.subject is not None:
            form["subject"] = question.request.subject
        form["at"] = format_instant(self.at)
        form["action"] = self.action
        form["reasons"] = list(self.reasons)
        form["final"] = self.final
        if self.rule is not None:
            form["rule"] = self.rule
        attempt = self.attempt
        if attempt is not None:
            form["attempt"] = {"number": attempt.number, "kind": attempt.kind}
            form["candidate"] = attempt.candidate.name
            form["model"] = attempt.candidate.model.id
            if self.context:
                form["context"] = self.context
            form["tier"] = policy.tiers[attempt.tier].id
            form["max_output_tokens"] = attempt.output_limit
            form["cost"] = cost_form(attempt, policy.catalog.currency)
            if attempt.draw is not None:
                form["draw"] = str(attempt.draw)
        if self.retry_at is not None:
            form["retry_after"] = format_instant(self.retry_at)
        if self.observed is not None:
            form["pools"] = self.observed.as_json()
        if attempt is not None and attempt.hold is not None:
            form["reservation"] = attempt.hold.as_json()
        if question.classified:
            form["classified"] = classified_form(question.classified)
        form["value"] = format_decimal(question.value)
        if question.value_rules:
            form["value_rules_matched"] = list(question.value_rules)
        form["policy"] = policy.stamp.as_json()
        form["catalog"] = policy.catalog_stamp.as_json()
        if policy.value_stamp is not None:
            form["value_rules"] = policy.value_stamp.as_json()
        if trace is not None:
            form["trace"] = trace.as_json()
        return form


def cost_form(attempt: Attempt, currency: str) -> dict[str, str]:
    """Return expected cost and bound of `attempt` as decisions and records write them."""
    return {
        "expected": format_decimal(attempt.expected),
        "bound": format_decimal(attempt.bound),
        "currency": currency,
    }


def classified_form(classified: Mapping[str, Classification]) -> dict[str, dict[str, str]]:
    """Return what classifiers gave, by attribute, as decisions and records write it."""
    return {
        attribute: {
            "value": given.value,
            "confidence": format_decimal(given.confidence),
            "classifier": given.classifier,
        }
        for attribute, given in classified.items()
    }
