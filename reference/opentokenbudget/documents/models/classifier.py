"""Classifiers: portable models of text, integers only, that answer the same in every language."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from .envelope import Envelope
from .forms import Form, Listed, Maybe
from .texts import Label, PositiveTokens, Text

_Gram = Annotated[int, Field(ge=1, le=8)]


class Grams(Form):
    """Which n-grams count: from `from_` to `to`, both included."""

    from_: _Gram = Field(alias="from")
    to: _Gram


class Features(Form):
    """Byte-level features of the ASCII-lower-cased text, hashed by CRC-32 into 2^`bucket_bits` buckets."""

    bucket_bits: Annotated[int, Field(ge=8, le=20)]
    words: Maybe[Grams] = None
    characters: Maybe[Grams] = None


class Intent(Form):
    """One label: a fine intent that is summed into the value that it `gives`."""

    id: Label
    gives: Label
    bias: Annotated[int, Field(ge=-(2**31), le=2**31 - 1)]


class Temperature(Form):
    """What scores are divided by before they become confidence, as a fraction."""

    numerator: PositiveTokens
    denominator: PositiveTokens


class ClassifierDocument(Envelope):
    """A document of kind `classifier`."""

    kind: Literal["classifier"]
    features: Features
    labels: Annotated[Listed[Intent], Field(min_length=2, max_length=4096)]
    weights: Annotated[str, Field(pattern=r"^[A-Za-z0-9+/]*={0,2}$")]
    """Base64 of int8, shape (labels, buckets), row by row."""
    temperature: Temperature
    trained_on: Maybe[Text] = None
