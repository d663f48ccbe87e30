"""Conditions: a mapping is AND, from attribute to test; `all`, `any`, `not` and `time` are no attributes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from .forms import Distinct, Form, FrozenDict, Listed, Maybe, refuse
from .texts import Clock, Date, TimeZone

Scalar = str | int | bool
"""A value that an attribute can be compared with."""

Operand = str | int
"""What a number is compared with: an integer, or a decimal as text."""

Fragment = Annotated[str, Field(min_length=1, max_length=256)]

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]

_NAME = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_]*(\.[a-z0-9][a-z0-9_]*)*$", max_length=256)]


class Operators(Form):
    """What an attribute must be: every operator that is given holds."""

    AT_LEAST: ClassVar[int] = 1

    lt: Maybe[Operand] = None
    lte: Maybe[Operand] = None
    gt: Maybe[Operand] = None
    gte: Maybe[Operand] = None
    prefix: Maybe[Fragment] = None
    contains: Maybe[Fragment] = None
    matches: Maybe[Fragment] = None
    """An I-Regexp (RFC 9485) that the whole text matches."""
    exists: Maybe[bool] = None


Test = Scalar | Annotated[Distinct[Scalar], Field(min_length=1, max_length=10_000)] | Operators
"""A scalar is equality, a list is one of, operators hold all."""


class TimeWindow(Form):
    """Hours of days; a window that wraps midnight belongs to the day on which it starts."""

    AT_LEAST: ClassVar[int] = 1

    days: Maybe[Annotated[Distinct[Day], Field(min_length=1)]] = None
    start: Maybe[Clock] = None
    end: Maybe[Clock] = None
    timezone: Maybe[TimeZone] = None
    """UTC when absent."""
    except_dates: Maybe[Annotated[Distinct[Date], Field(max_length=1000)]] = None


class Condition(Form):
    """A condition; its tests by attribute are `tests`.

    An attribute is given by its name, `Condition(task="fraud")`, and one with dots in it by a mapping,
    `Condition(**{"candidate.tier": "large"})`.
    """

    if TYPE_CHECKING:
        # Any attribute is a keyword.
        def __init__(self, **tests: Any) -> None: ...

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, Test]

    AT_LEAST: ClassVar[int] = 1

    all: Maybe[Conditions] = None
    any: Maybe[Conditions] = None
    # A small name, `not_` too, could be the name of an attribute.
    NOT: Maybe[Condition] = Field(None, alias="not")
    time: Maybe[Annotated[Listed[TimeWindow], Field(min_length=1, max_length=100)]] = None

    @model_validator(mode="after")
    def _names_are_attributes(self) -> Self:
        for name in self.model_extra or ():
            try:
                _NAMES.validate_python(name)
            except ValidationError:
                refuse("a key is neither an attribute nor `all`, `any`, `not` or `time`")
        return self

    @property
    def tests(self) -> FrozenDict[str, Test]:
        """The tests by attribute, `input.cache_read` and the like by their whole names."""
        return FrozenDict(self.model_extra or {})

    def __hash__(self) -> int:
        return hash((self.all, self.any, self.NOT, self.time, self.tests))


Conditions = Annotated[Listed[Condition], Field(min_length=1, max_length=1000)]
_NAMES: TypeAdapter[str] = TypeAdapter(_NAME)
