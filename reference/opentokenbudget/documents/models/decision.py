"""Decisions on the wire: the answer to a routing question, or to the outcome of an attempt."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from .envelope import Context
from .forms import Form, Frozen, Listed, Maybe
from .texts import (
    AttributeName,
    Count,
    Currency,
    DecimalText,
    DecisionId,
    Digest,
    Draw,
    Id,
    Instant,
    Label,
    Meter,
    ModelId,
    ReasonCode,
    RequestId,
    SemanticVersion,
    Share,
    SignedDecimalText,
    Tokens,
    Version,
)

DecisionAction = Literal["allow", "downgrade", "throttle", "queue", "deny"]

Part = Annotated[str, Field(pattern=r"^(others-[0-9]{1,2}|throttle)$")]
"""`others-N`: those without the pool's guarantee N, counted from 0; `throttle`: what a threshold lets through."""

Reasons = Annotated[Listed[ReasonCode], Field(min_length=1)]


class DocumentUsed(Form):
    """A document that a decision rests on."""

    id: Id
    version: SemanticVersion
    digest: Digest


class Classified(Form):
    """The value of an attribute that a classifier gave."""

    value: Label
    confidence: Share
    classifier: Id


class CostEstimate(Form):
    """Money before the call: what is expected, and what it can be at most."""

    expected: DecimalText
    bound: DecimalText
    currency: Currency


class AttemptNumber(Form):
    """Which attempt of its request a decision is for; numbers count from 1."""

    number: Count
    kind: Literal["primary", "fallback", "cascade"]


class Step(Form):
    """Why or why not, for one classifier, rule, candidate or pool; money in the catalog's currency."""

    id: Label
    tier: Maybe[Id] = None
    attempt: Maybe[Count] = None
    reason: ReasonCode
    expected: Maybe[DecimalText] = None
    bound: Maybe[DecimalText] = None
    confidence: Maybe[Share] = None
    score: Maybe[SignedDecimalText] = None
    """What the selection compared."""


class Trace(Form):
    """How a decision came about, in the order of its steps."""

    classifiers: Maybe[Listed[Step]] = None
    rules: Maybe[Listed[Step]] = None
    candidates: Maybe[Listed[Step]] = None


class PoolAsked(Form):
    """A balance before an attempt, and what the attempt asked of it; amounts in the pool's measure."""

    pool: Id
    partition: Maybe[Listed[str]] = None
    """The texts of the key."""
    part: Maybe[Part] = None
    measure: Meter
    from_: Maybe[Instant] = Field(None, alias="from")
    until: Maybe[Instant] = None
    limit: DecimalText | None
    """Without what was granted; None is unlimited."""
    settled: Maybe[DecimalText] = None
    reserved: Maybe[DecimalText] = None
    granted: Maybe[SignedDecimalText] = None
    """Handed on or granted beside the limit; below 0 where an overrun was carried."""
    bound: DecimalText
    """0 where a threshold was looked at."""
    reason: ReasonCode


class Held(Form):
    """What pools hold for the attempt."""

    id: RequestId
    expires_at: Maybe[Instant] = None
    """Absent when the store did not answer."""


class DecisionForm(Form):
    """The wire form of a decision."""

    otb: Version
    kind: Literal["decision"]
    id: DecisionId
    request: RequestId
    subject: Maybe[RequestId] = None
    at: Instant
    action: DecisionAction
    reasons: Reasons
    final: bool
    """Nothing is left to try after this."""
    attempt: Maybe[AttemptNumber] = None
    candidate: Maybe[ModelId] = None
    """The model or deployment as the policy names it."""
    model: Maybe[ModelId] = None
    """The model's id in the catalog."""
    context: Maybe[Context] = None
    tier: Maybe[Id] = None
    rule: Maybe[Id] = None
    """Absent where the default served."""
    classified: Maybe[Frozen[AttributeName, Classified]] = None
    value: DecimalText
    value_rules_matched: Maybe[Listed[Id]] = None
    max_output_tokens: Maybe[Tokens] = None
    """The limit to send upstream."""
    cost: Maybe[CostEstimate] = None
    draw: Maybe[Draw] = None
    retry_after: Maybe[Instant] = None
    """From when it may help to ask again."""
    pools: Maybe[Listed[PoolAsked]] = None
    """Every balance that was asked, in order, and what became of it."""
    reservation: Maybe[Held] = None
    policy: DocumentUsed
    catalog: DocumentUsed
    value_rules: Maybe[DocumentUsed] = None
    trace: Maybe[Trace] = None
