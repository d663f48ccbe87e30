"""Pools: who may spend how much, in which period, and what happens at the limit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import AfterValidator, Discriminator, Field, Tag, model_validator

from .conditions import Condition, Day
from .forms import Distinct, Form, Frozen, Listed, Maybe, OnlyTrue, refuse
from .texts import (
    AttributeName,
    Duration,
    Id,
    Instant,
    Label,
    Meter,
    Moment,
    PositiveTokens,
    Share,
    Text,
    TimeZone,
)

AmountText = Annotated[str, Field(pattern=r"^(0|[1-9][0-9]{0,14})(\.[0-9]{1,12})?$")]
"""An amount of a pool's measure >= 0 as text: at most 15 digits before the point, and 12 after it."""

SignedAmountText = Annotated[str, Field(pattern=r"^-?(0|[1-9][0-9]{0,14})(\.[0-9]{1,12})?$")]
"""An amount of a pool's measure as text, which may be below 0."""

Amount = Annotated[int, Field(ge=0, lt=10**15)]
"""An amount of a pool's measure as an integer."""


def _decimal_measures(limit: Mapping[str, Any]) -> Mapping[str, Any]:
    for measure in ("cost", "value_tokens"):
        if isinstance(limit.get(measure), int):
            refuse(f"a limit of `{measure}` is a decimal as text")
    return limit


Limit = Annotated[
    Frozen[Meter, Amount | AmountText | None],
    Field(min_length=1, max_length=1),
    AfterValidator(_decimal_measures),
]
"""One measure and its amount; None is unlimited, 0 is nothing.

`cost` is money in the catalog's currency and, like `value_tokens`, a decimal as text;
`tokens`, `requests`, `concurrent` and meters are counts.
"""


class LimitBy(Form):
    """The limit by the value of an attribute."""

    by: AttributeName
    of: Annotated[Frozen[str, Limit], Field(min_length=1)]
    otherwise: Limit


def _form_of_limit(value: Any) -> str:
    return "by" if isinstance(value, LimitBy) or (isinstance(value, Mapping) and "by" in value) else "one"


Limits = Annotated[
    Annotated[LimitBy, Tag("by")] | Annotated[Limit, Tag("one")], Discriminator(_form_of_limit)
]
"""One limit for all, or one by the value of an attribute; a limit is never of a meter `by`."""


class Bucket(Form):
    """A bucket as large as the limit, into which `refill` of the measure flows per `per`."""

    refill: AmountText
    per: Duration


class Window(Form):
    """The period of a pool: exactly one of `calendar`, `fixed`, `rolling`, `bucket`, `idle`, `lifetime`."""

    EXACTLY_ONE_OF: ClassVar = ("calendar", "fixed", "rolling", "bucket", "idle", "lifetime")
    BESIDE: ClassVar = {
        "timezone": "calendar",
        "week_start": "calendar",
        "fixed": "anchor",
        "anchor": "fixed",
        "rolling": "grain",
        "grain": "rolling",
    }

    calendar: Maybe[Literal["day", "week", "month", "year"]] = None
    timezone: Maybe[TimeZone] = None
    week_start: Maybe[Day] = None
    fixed: Maybe[Duration] = None
    anchor: Maybe[Instant] = None
    rolling: Maybe[Duration] = None
    grain: Maybe[Duration] = None
    bucket: Maybe[Bucket] = None
    idle: Maybe[Duration] = None
    lifetime: Maybe[OnlyTrue] = None


class Throttle(Form):
    """At most `requests` per `per`, for each partition of the pool."""

    requests: PositiveTokens
    per: Duration


class ActionWith(Form):
    """An action that says how: exactly one of `downgrade` (to a tier) and `throttle`."""

    AT_LEAST: ClassVar[int] = 1
    AT_MOST: ClassVar = 1

    downgrade: Maybe[Id] = None
    throttle: Maybe[Throttle] = None


Action = Literal["deny", "queue", "allow"] | ActionWith


class Threshold(Form):
    """What happens from the utilization `at` on, where `when` is true or unknown."""

    at: Share
    when: Maybe[Condition] = None
    do: Action


class Guarantee(Form):
    """A share of the limit that only requests for which `when` is true may use."""

    when: Condition
    share: Share


class Rollover(Form):
    """What is left of a window goes into the next, up to `cap`; None is all of it."""

    cap: AmountText | None


class LimitAdjustment(Form):
    """An amount, in the limit's measure, on top of the limit in `[from_, until)`."""

    id: Id
    from_: Moment = Field(alias="from")
    until: Maybe[Moment] = None
    amount: SignedAmountText
    partition: Maybe[Listed[Label]] = None
    """A value for each attribute of `partition_by`; all partitions without it."""
    reason: Annotated[Text, Field(min_length=1)]


class Pool(Form):
    """Holds a budget."""

    id: Id
    description: Maybe[Text] = None
    parent: Maybe[Id] = None
    when: Maybe[Condition] = None
    partition_by: Maybe[Annotated[Distinct[AttributeName], Field(min_length=1, max_length=8)]] = None
    """The complete key of what is budgeted apart."""
    limit: Limits
    window: Window
    enforcement: Literal["reserve", "check", "soft", "shadow"]
    thresholds: Maybe[Annotated[Listed[Threshold], Field(max_length=32)]] = None
    guarantees: Maybe[Annotated[Listed[Guarantee], Field(max_length=32)]] = None
    at_limit: Maybe[Action] = None
    on_store_failure: Maybe[Literal["open", "closed"]] = None
    """Needed where the enforcement is `reserve`."""
    expires_after: Maybe[Duration] = None
    on_expiry: Maybe[Literal["charge", "release"]] = None
    carry_overrun: Maybe[bool] = None
    rollover: Maybe[Rollover] = None
    adjustments: Maybe[Listed[LimitAdjustment]] = None

    @model_validator(mode="after")
    def _says_what_happens_without_a_store(self) -> Self:
        if self.enforcement == "reserve" and self.on_store_failure is None:
            refuse("`on_store_failure` is missing beside the enforcement `reserve`")
        return self
