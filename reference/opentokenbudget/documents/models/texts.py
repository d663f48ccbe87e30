"""The texts and numbers of documents: one type for each scalar definition of schemas/v1/defs.schema.json.

The patterns are written here a second time; a property over generated documents keeps both in step.
`$` is the end of the text, as ECMA-262 has it and the engine that runs here: no line feed slips in after it.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

LARGEST_INTEGER = 2**53 - 1
"""The largest integer that every JSON reader keeps exactly."""

_DAY = r"[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
_TIME = r"([01][0-9]|2[0-3]):[0-5][0-9]"
_REST_OF_INSTANT = rf"T{_TIME}:[0-5][0-9](\.[0-9]{{1,9}})?(Z|[+-]{_TIME})"
_HOURS_DOWN = r"T([0-9]{1,6}H([0-9]{1,6}M)?([0-9]{1,9}S)?|[0-9]{1,6}M([0-9]{1,9}S)?|[0-9]{1,9}S)"
_WHOLE = r"(0|[1-9][0-9]*)"
_BEFORE_RELEASE = r"(0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*)"
_OF_BUILD = r"[0-9A-Za-z-]+"
_VISIBLE = r"^[^\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]+$"

Version = Annotated[str, Field(pattern=r"^(0|[1-9][0-9]{0,3})\.(0|[1-9][0-9]{0,3})$")]
"""A version of the specification: the lowest that a document needs, like `1.0`."""

SemanticVersion = Annotated[
    str,
    Field(
        pattern=rf"^{_WHOLE}\.{_WHOLE}\.{_WHOLE}"
        rf"(-{_BEFORE_RELEASE}(\.{_BEFORE_RELEASE})*)?(\+{_OF_BUILD}(\.{_OF_BUILD})*)?$",
        max_length=64,
    ),
]
"""A document's own version, like `1.2.0`."""

Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=128)]
"""The name of a document or of a thing in it."""

ModelId = Annotated[str, Field(pattern=r"^[A-Za-z0-9@][A-Za-z0-9._:/@+-]*$", max_length=256)]
"""The exact name of a model, an alias or a deployment."""

AttributeName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=64)]
"""The name of a fact of a request, like `task`."""

Meter = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_]*(\.[a-z0-9][a-z0-9_]*){0,7}$", max_length=256)]
"""What is counted: 1 to 8 tags joined by dots, like `input.cache_read`."""

RequestId = Annotated[str, Field(pattern=_VISIBLE, min_length=1, max_length=256)]
"""The caller's or the router's id of a request or a record: text without control or direction characters."""

Label = Annotated[str, Field(pattern=_VISIBLE, min_length=1, max_length=256)]
"""A value that people read: text without control or direction characters."""

Text = Annotated[str, Field(max_length=4096)]
"""Prose, or a name that others gave."""

Path = Annotated[str, Field(pattern=r"^[^\u0000-\u001f\u007f]+$", min_length=1, max_length=1024)]
"""Where another document lies, relative to the one that names it."""

Digest = Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$")]
"""`sha256:` and 64 hexadecimal digits: of the canonical JSON of a document's meaning."""

DecimalText = Annotated[str, Field(pattern=r"^(0|[1-9][0-9]{0,29})(\.[0-9]{1,12})?$")]
"""A number >= 0 as text, at most 12 fractional digits; an amount of money is in the document's currency."""

SignedDecimalText = Annotated[str, Field(pattern=r"^-?(0|[1-9][0-9]{0,29})(\.[0-9]{1,12})?$")]
"""A number as text, at most 12 fractional digits; an amount of money is in the document's currency."""

Share = Annotated[str, Field(pattern=r"^(0(\.[0-9]{1,12})?|1(\.0{1,12})?)$")]
"""A number from 0 to 1 as text, at most 12 fractional digits."""

Tokens = Annotated[int, Field(ge=0, le=LARGEST_INTEGER)]
"""A number of tokens, or another count, >= 0."""

PositiveTokens = Annotated[int, Field(ge=1, le=LARGEST_INTEGER)]
"""A number of tokens, or another count, >= 1."""

Count = Annotated[int, Field(ge=1)]
"""A number that counts from 1."""

Quantity = Tokens | Annotated[str, Field(pattern=r"^(0|[1-9][0-9]{0,15})(\.[0-9]{1,12})?$")]
"""How much of a meter: an integer; a decimal as text only where the meter does not count tokens."""

Instant = Annotated[str, Field(pattern=rf"^{_DAY}{_REST_OF_INSTANT}$")]
"""An RFC 3339 instant with a zone, at most 9 fractional digits of a second."""

Date = Annotated[str, Field(pattern=rf"^{_DAY}$")]
"""A day of the calendar, like `2026-11-23`."""

Moment = Annotated[str, Field(pattern=rf"^{_DAY}({_REST_OF_INSTANT})?$")]
"""An instant, or a day that means its midnight in UTC."""

Duration = Annotated[str, Field(pattern=rf"^P([0-9]{{1,6}}D({_HOURS_DOWN})?|{_HOURS_DOWN})$")]
"""Days, hours, minutes and seconds, like `P30D` or `PT1H30M`; months and years are no durations."""

Clock = Annotated[str, Field(pattern=rf"^({_TIME}(:[0-5][0-9])?|24:00(:00)?)$")]
"""A time of day to the minute or the second, at most `24:00`."""

TimeZone = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*$", max_length=64)]
"""A zone of the IANA database, like `America/New_York`."""

Currency = Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9]{2,9}$")]
"""What money is counted in, like `USD`."""

DecisionId = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
"""128 bits as 32 hexadecimal digits."""

Draw = Annotated[str, Field(pattern=r"^(0|[1-9][0-9]{0,19})$")]
"""The draw of a weighted selection: an integer from 0 to 2^64 - 1, as text."""

ReasonCode = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*$")]
"""Why or why not, from the closed list of schemas/v1/reason-codes.json."""

ProblemCode = Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$")]
"""What is wrong, from the closed list of schemas/v1/problem-codes.json."""

RequirementId = Annotated[str, Field(pattern=r"^OTB-[A-Z]+-[0-9]{3}$")]
"""A requirement of the specification, like `OTB-DOC-004`."""

Pointer = Annotated[str, Field(pattern=r"^(/([^~/]|~[01])*)*$")]
"""A JSON pointer into a document; the empty text is the whole."""
