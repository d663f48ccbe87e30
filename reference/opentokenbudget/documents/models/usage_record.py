"""Usage records, the lines of the log: a decision, an attempt or an adjustment."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from .decision import Classified, CostEstimate, DecisionAction, DocumentUsed, Part, PoolAsked, Reasons
from .envelope import Context, Extensions, Usage
from .forms import Distinct, Form, Frozen, Listed, Maybe, refuse
from .request import Health
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
    Quantity,
    RequestId,
    Share,
    SignedDecimalText,
    Text,
    Tokens,
    Version,
)


class PoolEntry(Form):
    """What an attempt held of a balance, and what was charged; amounts in the pool's measure."""

    pool: Id
    partition: Maybe[Listed[str]] = None
    part: Maybe[Part] = None
    measure: Meter
    reserved: DecimalText
    settled: Maybe[DecimalText] = None
    """Absent where nothing was charged by this settlement."""
    overrun: Maybe[DecimalText] = None


class Observations(Form):
    """What the decision saw of the world."""

    health: Maybe[Frozen[str, Health]] = None
    utilization: Maybe[Frozen[str, DecimalText]] = None
    """By pool: (settled + reserved) / limit."""
    zone_data: Maybe[Text] = None
    """The version of the time zone data."""


class _Record(Form):
    """What every record has."""

    otb: Version
    id: RequestId
    """The record's own id; the same id twice is the same record."""
    at: Instant
    simulated: Maybe[bool] = None
    extensions: Maybe[Extensions] = None
    chain: Maybe[Digest] = None
    """Of the record before this one in the log."""


class DecisionRecord(_Record):
    """A decision, a denial too: facts, observations and the answer. It never holds the text."""

    record: Literal["decision"]
    decision: DecisionId
    request: RequestId
    subject: Maybe[RequestId] = None
    """The subject, or its HMAC."""
    facts: Maybe[Frozen[AttributeName, str | int | bool | Listed[str]]] = None
    """The attributes that the decision saw; private ones are `redacted`."""
    redacted: Maybe[Distinct[AttributeName]] = None
    input_tokens: Maybe[Tokens] = None
    max_output_tokens: Maybe[Tokens] = None
    expected_output_tokens: Maybe[Tokens] = None
    max_usage: Maybe[Usage] = None
    context: Maybe[Context] = None
    needs: Maybe[Listed[str]] = None
    classified: Maybe[Frozen[AttributeName, Classified]] = None
    value: DecimalText
    value_rules_matched: Maybe[Listed[Id]] = None
    rule: Maybe[Id] = None
    tier: Maybe[Id] = None
    candidate: Maybe[ModelId] = None
    eligible: Maybe[Listed[ModelId]] = None
    """The candidates that could have been chosen."""
    propensity: Maybe[Share] = None
    """The probability of the choice."""
    draw: Maybe[Draw] = None
    action: DecisionAction
    reasons: Reasons
    retry_after: Maybe[Instant] = None
    cost: Maybe[CostEstimate] = None
    pools: Maybe[Listed[PoolAsked]] = None
    observations: Maybe[Observations] = None
    policy: DocumentUsed
    catalog: DocumentUsed
    value_rules: Maybe[DocumentUsed] = None


class ModelNames(Form):
    """Requested by the caller, routed by the policy, served by the provider, priced by the catalog."""

    requested: Maybe[ModelId] = None
    routed: ModelId
    served: Maybe[ModelId] = None
    priced: Maybe[ModelId] = None


class LineRate(Form):
    """Money per a number of units."""

    amount: Annotated[str, Field(max_length=256)]
    per: Count


class CostLine(Form):
    """What one meter cost; the amount is rounded half-even to 12 fractional digits."""

    meter: Meter
    quantity: Quantity
    free: Maybe[Quantity] = None
    """The part of the quantity that an allowance covered."""
    rate: LineRate
    amount: DecimalText


class Reservation(Form):
    """What was held for an attempt, and what became of it."""

    id: RequestId
    status: Literal[
        "settled", "released", "late", "replayed", "conflict", "expired", "unknown", "store-unavailable"
    ]
    entries: Listed[PoolEntry]


class AttemptOutcome(Form):
    """How an attempt ended; `error` says why where the status is `error`, and only there."""

    status: Literal["ok", "error", "aborted"]
    error: Maybe[
        Literal[
            "unavailable",
            "rate_limited",
            "timeout",
            "context_exceeded",
            "model_gone",
            "content_filtered",
            "bad_response",
            "other",
        ]
    ] = None

    @model_validator(mode="after")
    def _an_error_has_a_cause(self) -> Self:
        if (self.status == "error") != (self.error is not None):
            refuse("`error` is given where the status is `error`, and only there")
        return self


class AttemptRecord(_Record):
    """One call upstream: `at` is its dispatch, the instant of the price; `until` when it ended.

    The engine returns its own `AttemptRecord` (engine/recording.py), which writes this one by `as_json`.
    """

    record: Literal["attempt"]
    decision: DecisionId
    request: Maybe[RequestId] = None
    number: Count
    kind: Literal["primary", "fallback", "cascade", "hedge", "shadow"]
    until: Maybe[Instant] = None
    tier: Maybe[Id] = None
    models: ModelNames
    context: Maybe[Context] = None
    usage: Maybe[Usage] = None
    """Given unless its source is `unknown`: unknown is never zero."""
    usage_source: Literal["provider", "estimated", "unknown"]
    lines: Maybe[Listed[CostLine]] = None
    total: Maybe[DecimalText] = None
    """The sum of the lines."""
    currency: Maybe[Currency] = None
    exactness: Literal["computed", "billed", "provider-reported", "estimated", "unknown"]
    catalog: Maybe[DocumentUsed] = None
    value: Maybe[DecimalText] = None
    reservation: Maybe[Reservation] = None
    score: Maybe[SignedDecimalText] = None
    """The measured quality of the answer, where there is one."""
    outcome: AttemptOutcome

    @model_validator(mode="after")
    def _known_usage_has_a_cost(self) -> Self:
        given = self.model_fields_set
        if self.usage_source == "unknown":
            if "usage" in given:
                refuse("`usage` is not allowed where its source is `unknown`")
        elif "usage" not in given:
            refuse("`usage` is needed where its source is known")
        elif self.exactness != "unknown" and not given.issuperset(("lines", "total", "currency", "catalog")):
            refuse("`lines`, `total`, `currency` and `catalog` are needed where a usage has a price")
        return self


class RealisedOutcome(Form):
    """What came of a request, known later."""

    AT_LEAST: ClassVar[int] = 1

    score: Maybe[SignedDecimalText] = None
    value: Maybe[DecimalText] = None
    label: Maybe[Label] = None


class AdjustmentRecord(_Record):
    """A late invoice, a correction or a realised outcome, of a record before it."""

    record: Literal["adjustment"]
    refers_to: RequestId
    adjustment: Literal["invoice", "correction", "outcome"]
    amount: Maybe[SignedDecimalText] = None
    """Money in `currency`."""
    currency: Maybe[Currency] = None
    outcome: Maybe[RealisedOutcome] = None
    reason: Text

    @model_validator(mode="after")
    def _says_what_changes(self) -> Self:
        needed = ("outcome",) if self.adjustment == "outcome" else ("amount", "currency")
        if not self.model_fields_set.issuperset(needed):
            refuse("an `outcome` needs `outcome`, any other adjustment `amount` and `currency`")
        return self


UsageRecord = Annotated[DecisionRecord | AttemptRecord | AdjustmentRecord, Field(discriminator="record")]
"""One line of the usage log."""
