"""Value rules: from facts to the weight of a request."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from .conditions import Condition
from .envelope import Envelope
from .forms import Form, Listed, Maybe
from .texts import DecimalText, Id, Text


class ValueRule(Form):
    """The weight of the requests for which `when` is true; every request when absent.

    Of the rules of one `group` the first that matches counts.
    """

    id: Id
    description: Maybe[Text] = None
    group: Maybe[Id] = None
    when: Maybe[Condition] = None
    weight: DecimalText
    """A factor of the request's value."""


class ValueRulesDocument(Envelope):
    """A document of kind `value-rules`."""

    kind: Literal["value-rules"]
    default: Maybe[DecimalText] = None
    """The value of a request that no rule matches."""
    floor: Maybe[DecimalText] = None
    ceiling: Maybe[DecimalText] = None
    rules: Annotated[Listed[ValueRule], Field(max_length=10_000)]
