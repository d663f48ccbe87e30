"""Catalogs: what tokens cost at an instant, and the lifecycle and capabilities of models."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from .conditions import Condition
from .envelope import Envelope, Extensions, Reference
from .forms import Distinct, Form, Frozen, Listed, Maybe
from .texts import (
    AttributeName,
    Currency,
    Date,
    DecimalText,
    Id,
    Label,
    Meter,
    ModelId,
    Moment,
    PositiveTokens,
    Quantity,
    Text,
    TimeZone,
)

Modality = Literal["text", "image", "audio", "video", "pdf", "embedding", "score"]


class Source(Form):
    """Where prices come from: a package or a page, with the day on which it was read."""

    AT_LEAST: ClassVar[int] = 1

    package: Maybe[Text] = None
    path: Maybe[Text] = None
    url: Maybe[Text] = None
    retrieved: Maybe[Date] = None
    published: Maybe[Date] = None
    licence: Maybe[Text] = None
    note: Maybe[Text] = None


class AmountPer(Form):
    """Money per a number of units, like `{amount: "0.111", per: 3600}`."""

    amount: DecimalText
    per: Annotated[int, Field(ge=1, le=10**12)]


Rate = DecimalText | AmountPer
"""Money per 1,000,000 tokens for meters that contain `input` or `output`, per unit for others."""

Rates = Annotated[Frozen[Meter, Rate], Field(max_length=256)]
Meters = Annotated[Distinct[Meter], Field(min_length=1)]


class BilledAs(Form):
    """A redirect: in `[from_, until)` the model is priced as another."""

    from_: Moment = Field(alias="from")
    until: Maybe[Moment] = None
    model: ModelId


class Lifecycle(Form):
    """When a model came and goes; its status follows from the dates."""

    released: Maybe[Moment] = None
    deprecated: Maybe[Moment] = None
    retires: Maybe[Moment] = None
    replacement: Maybe[ModelId] = None
    billed_as: Maybe[Listed[BilledAs]] = None


class Capabilities(Form):
    """What a model can take and give; bounds in tokens."""

    context_window: Maybe[PositiveTokens] = None
    max_input: Maybe[PositiveTokens] = None
    max_output: Maybe[PositiveTokens] = None
    input: Maybe[Distinct[Modality]] = None
    output: Maybe[Distinct[Modality]] = None
    features: Maybe[Distinct[AttributeName]] = None


class Override(Form):
    """Other rates, or a factor, where `when` is true of the usage and the context; `rates`, `multiply` or both."""

    AT_LEAST: ClassVar[int] = 2
    BESIDE: ClassVar = {"meters": "multiply"}

    when: Condition
    rates: Maybe[Rates] = None
    multiply: Maybe[DecimalText] = None
    meters: Maybe[Meters] = None
    """What `multiply` applies to; the token meters when absent."""


class Forbidden(Form):
    """A usage and context that has no price."""

    when: Condition


class Allowance(Form):
    """A quantity that is free in each period."""

    meter: Meter
    quantity: Quantity
    period: Literal["day", "week", "month", "year"]
    timezone: Maybe[TimeZone] = None
    shared: Maybe[Id] = None
    """The name of what several models share."""


class PricePeriod(Form):
    """Prices in the instants `[from_, until)`; outside all periods there is no price."""

    from_: Moment | None = Field(alias="from")
    """None is since ever."""
    until: Maybe[Moment] = None
    source: Maybe[Id] = None
    context: Maybe[Frozen[AttributeName, Annotated[Distinct[Label], Field(min_length=1)]]] = None
    """By key the values that the price knows; the first is the default."""
    rates: Rates
    overrides: Maybe[Annotated[Listed[Override], Field(max_length=1000)]] = None
    minimums: Maybe[Frozen[Meter, Quantity]] = None
    forbid: Maybe[Listed[Forbidden]] = None
    allowances: Maybe[Listed[Allowance]] = None
    normalized_from: Maybe[Frozen[Meter, Text]] = None
    """The source's own figures where they had more digits than a price may have."""


class CatalogModel(Form):
    """A model, its names and its prices."""

    id: ModelId
    aliases: Maybe[Distinct[ModelId]] = None
    description: Maybe[Text] = None
    lifecycle: Maybe[Lifecycle] = None
    capabilities: Maybe[Capabilities] = None
    prices: Annotated[Listed[PricePeriod], Field(max_length=1000)]
    extensions: Maybe[Extensions] = None


class Discount(Form):
    """A factor on the prices of the catalog that is extended, in `[from_, until)`."""

    models: Maybe[Annotated[Distinct[ModelId], Field(min_length=1)]] = None
    meters: Maybe[Meters] = None
    multiply: DecimalText
    from_: Maybe[Moment] = Field(None, alias="from")
    until: Maybe[Moment] = None


class CatalogDocument(Envelope):
    """A document of kind `catalog`."""

    kind: Literal["catalog"]
    currency: Currency
    extends: Maybe[Reference] = None
    discounts: Maybe[Annotated[Listed[Discount], Field(max_length=1000)]] = None
    sources: Maybe[Frozen[Id, Source]] = None
    models: Annotated[Listed[CatalogModel], Field(max_length=100_000)]
