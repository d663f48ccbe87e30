"""Requests on the wire: one routing question."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from .envelope import Context, Usage
from .forms import Distinct, Form, Frozen, Listed, Maybe
from .texts import (
    AttributeName,
    Id,
    Instant,
    Label,
    ModelId,
    PositiveTokens,
    RequestId,
    Share,
    Tokens,
    Version,
)

Health = Literal["healthy", "unhealthy"]

Fact = (
    Annotated[str, Field(max_length=4096)]
    | int
    | bool
    | Annotated[Listed[Annotated[str, Field(max_length=1024)]], Field(max_length=1000)]
)
"""The value of an attribute; a decimal is text."""

_Need = Annotated[str, Field(pattern=r"^((input|output)\.)?[a-z][a-z0-9_]*$", max_length=64)]


class Classification(Form):
    """What an external classifier says, and how sure it is."""

    value: Label
    confidence: Share


class RequestForm(Form):
    """The wire form of a request; `input_tokens`, `text` or both."""

    ANY_OF: ClassVar = ("input_tokens", "text")

    otb: Maybe[Version] = None
    kind: Maybe[Literal["request"]] = None
    id: RequestId
    """The caller's id; the same id with the same content is the same request."""
    subject: Maybe[RequestId] = None
    at: Maybe[Instant] = None
    """The engine's clock when absent."""
    text: Maybe[str] = None
    """What classifiers read. It is never recorded."""
    attributes: Maybe[Annotated[Frozen[AttributeName, Fact], Field(max_length=256)]] = None
    input_tokens: Maybe[Tokens] = None
    """An upper bound of the input; without it the UTF-8 bytes of `text` and the overhead count."""
    max_output_tokens: Maybe[PositiveTokens] = None
    expected_output_tokens: Maybe[Tokens] = None
    max_usage: Maybe[Usage] = None
    """Upper bounds of further meters, such as `web_search`."""
    context: Maybe[Context] = None
    """What the request asks of the price, such as its service tier."""
    needs: Maybe[Annotated[Distinct[_Need], Field(max_length=64)]] = None
    """Features that a model must have (`tools`), and modalities (`input.image`, `output.audio`)."""
    classifications: Maybe[Frozen[Id, Classification]] = None
    """By the id of an external classifier."""
    health: Maybe[Frozen[ModelId, Health]] = None
    """Of models and deployments; who is not named is healthy."""
