"""Policies: which model serves what, and who may spend what."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from .conditions import Condition
from .envelope import Context, Envelope, Extensions, Reference
from .forms import Distinct, Form, Frozen, Listed, Maybe, OnlyTrue, refuse
from .pools import Pool
from .texts import (
    AttributeName,
    Date,
    DecimalText,
    Id,
    Label,
    ModelId,
    PositiveTokens,
    Share,
    Text,
    TimeZone,
    Tokens,
)

_Phrase = Annotated[str, Field(min_length=1, max_length=256)]


class Attribute(Form):
    """A fact of a request: its type, and whose word it is."""

    type: Literal["string", "integer", "decimal", "boolean", "strings"]
    trust: Maybe[Literal["verified", "asserted"]] = None
    required: Maybe[bool] = None
    private: Maybe[bool] = None
    """Redacted in records, spans and problems."""
    values: Maybe[Annotated[Distinct[Label], Field(min_length=1, max_length=10_000)]] = None
    """The only values that a string may have."""
    description: Maybe[Text] = None


class Defaults(Form):
    """What a request that does not say is taken to have said, in tokens."""

    max_output_tokens: Maybe[PositiveTokens] = None
    """The output limit; 4096 when absent."""
    overhead_tokens: Maybe[Tokens] = None
    """Added to the UTF-8 bytes of a text whose tokens nobody counted; 0 when absent."""


class Keywords(Form):
    """The value `of` an attribute, and the phrases any of which gives it."""

    of: Label
    any: Annotated[Distinct[_Phrase], Field(min_length=1, max_length=10_000)]


class Classifier(Form):
    """Gives an attribute that the request lacks; per attribute the first that is sure wins.

    Exactly one of `keywords`, `external`, `otherwise`, `artefact`, `clusters`.
    """

    EXACTLY_ONE_OF: ClassVar = ("keywords", "external", "otherwise", "artefact", "clusters")

    id: Id
    gives: AttributeName
    min_confidence: Maybe[Share] = None
    keywords: Maybe[Annotated[Listed[Keywords], Field(min_length=1, max_length=1000)]] = None
    external: Maybe[OnlyTrue] = None
    otherwise: Maybe[Label] = None
    artefact: Maybe[Reference] = None
    clusters: Maybe[Reference] = None


class Deployment(Form):
    """Where a model runs."""

    id: ModelId
    model: ModelId
    context: Maybe[Context] = None
    weight: Maybe[Annotated[int, Field(ge=0, le=1_000_000)]] = None
    """Its share among those of a tier that selects `weighted`."""
    description: Maybe[Text] = None
    extensions: Maybe[Extensions] = None


class Rating(Form):
    """What utility needs to know of a model or deployment: dated, and from a named source."""

    model: ModelId
    latency_ms: Maybe[Tokens] = None
    quality: Maybe[Annotated[Frozen[str, Share], Field(min_length=1)]] = None
    """From 0 to 1 by task, and `default`."""
    as_of: Date
    source: Text


class Utility(Form):
    """Weights of expected cost + latency × `per_second` + (1 − quality) × `liability` × value; least wins."""

    AT_LEAST: ClassVar[int] = 1

    per_second: Maybe[DecimalText] = None
    """Money that a second of latency is worth."""
    liability: Maybe[DecimalText] = None
    """Money that a wrong answer costs at value 1."""


class ByUtility(Form):
    """Selection of the candidate with the least utility."""

    utility: Utility


class Tier(Form):
    """An ordered class of models; tiers stand cheapest first."""

    id: Id
    description: Maybe[Text] = None
    models: Annotated[Distinct[ModelId], Field(min_length=1, max_length=1000)]
    """Models and deployments, in the order that breaks ties."""
    select: Maybe[Literal["first", "cheapest", "weighted"] | ByUtility] = None


class Cascade(Form):
    """Tiers that are tried in order until an answer is accepted."""

    tiers: Annotated[Distinct[Id], Field(min_length=2, max_length=16)]
    accept: Condition
    """Over `score`, `tier` and the facts of the request."""


def _check_denial(deny: bool | None, given: set[str]) -> None:
    """Refuse a denial beside which something is asked of candidates."""
    if deny and not given.isdisjoint(("floor", "require")):
        refuse("`floor` and `require` are not allowed beside `deny`")


class DefaultRoute(Form):
    """What serves a request that no rule matches: exactly one of `tier`, `cascade`, `deny`."""

    EXACTLY_ONE_OF: ClassVar = ("tier", "cascade", "deny")

    tier: Maybe[Id] = None
    cascade: Maybe[Cascade] = None
    deny: Maybe[OnlyTrue] = None
    floor: Maybe[Id] = None
    """The lowest tier that may serve."""
    require: Maybe[Condition] = None
    """Over the facts of a candidate."""

    @model_validator(mode="after")
    def _a_denial_has_no_candidates(self) -> Self:
        _check_denial(self.deny, self.model_fields_set)
        return self


class Rule(Form):
    """The first rule whose condition is true decides: exactly one of `tier`, `cascade`, `deny`."""

    EXACTLY_ONE_OF: ClassVar = ("tier", "cascade", "deny")

    id: Id
    description: Maybe[Text] = None
    when: Maybe[Condition] = None
    tier: Maybe[Id] = None
    cascade: Maybe[Cascade] = None
    deny: Maybe[OnlyTrue] = None
    floor: Maybe[Id] = None
    """The lowest tier that may serve."""
    require: Maybe[Condition] = None
    """Over the facts of a candidate."""

    @model_validator(mode="after")
    def _a_denial_has_no_candidates(self) -> Self:
        _check_denial(self.deny, self.model_fields_set)
        return self


class Fallback(Form):
    """What is tried after an attempt failed."""

    after: Annotated[
        Distinct[
            Literal[
                "unavailable",
                "rate_limited",
                "timeout",
                "context_exceeded",
                "model_gone",
                "content_filtered",
                "bad_response",
            ]
        ],
        Field(min_length=1),
    ]
    attempts: Maybe[Annotated[int, Field(ge=1, le=16)]] = None
    """All attempts of a request together, cascade steps too; 3 when absent."""
    to: Maybe[
        Literal["same-tier", "same-tier-then-up", "same-tier-then-down"]
        | Annotated[Frozen[Id, Id], Field(min_length=1)]
    ] = None
    """One of the three ways, or the tier to go to by tier."""


class Fairness(Form):
    """Groups whose quality is compared: the floor is enforced, the gap is audited from logs."""

    groups: Maybe[Annotated[Distinct[AttributeName], Field(min_length=1)]] = None
    quality_floor: Maybe[Frozen[str, Id]] = None
    """The lowest tier by task."""
    max_gap: Maybe[Share] = None


class Explore(Form):
    """The share of requests that may be served by another eligible candidate, to learn from it."""

    rate: Share
    when: Maybe[Condition] = None


class PolicyDocument(Envelope):
    """A document of kind `policy`."""

    kind: Literal["policy"]
    catalog: Reference
    value_rules: Maybe[Reference] = None
    subject: Maybe[AttributeName] = None
    """The verified attribute that names who asks."""
    timezone: Maybe[TimeZone] = None
    """The zone of `hour` and `weekday`; UTC when absent."""
    attributes: Maybe[Annotated[Frozen[AttributeName, Attribute], Field(max_length=256)]] = None
    defaults: Maybe[Defaults] = None
    classifiers: Maybe[Annotated[Listed[Classifier], Field(max_length=100)]] = None
    deployments: Maybe[Annotated[Listed[Deployment], Field(max_length=10_000)]] = None
    ratings: Maybe[Annotated[Listed[Rating], Field(max_length=10_000)]] = None
    tiers: Annotated[Listed[Tier], Field(min_length=1, max_length=64)]
    rules: Maybe[Annotated[Listed[Rule], Field(max_length=100_000)]] = None
    default: DefaultRoute
    pools: Maybe[Annotated[Listed[Pool], Field(max_length=10_000)]] = None
    fallback: Maybe[Fallback] = None
    fairness: Maybe[Fairness] = None
    explore: Maybe[Explore] = None
