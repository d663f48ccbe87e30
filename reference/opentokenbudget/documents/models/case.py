"""Conformance cases: what a router is given, what it is asked, and what it must answer."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from .forms import Distinct, Form, Frozen, Json, Listed, Maybe
from .texts import DecimalText, Id, Instant, RequirementId, SemanticVersion, SignedDecimalText, Text, Version

_JsonMapping = Frozen[str, Json]
_ByPointer = Annotated[Frozen[str, Json], Field(min_length=1)]
_Pointers = Annotated[Listed[str], Field(min_length=1)]
_Index = Annotated[int, Field(ge=0)]


Op = Literal[
    "configure",
    "reset",
    "check",
    "parse",
    "digest",
    "evaluate",
    "price",
    "bounds",
    "lifecycle",
    "weigh",
    "classify",
    "decide",
    "next",
    "settle",
    "release",
    "extend",
    "pools",
    "record",
]
"""What a step can ask."""

Profile = Literal[
    "documents",
    "pricing",
    "routing",
    "pools",
    "value",
    "classifiers",
    "cascade",
    "usage-log",
    "telemetry",
    "gateway",
    "focus",
]
"""What a router can claim."""

Feature = Literal["yaml"]
"""What a router can claim beyond the core of a profile."""


class Given(Form):
    """Documents whole, as data; references between them are by the names used here."""

    policy: Maybe[_JsonMapping] = None
    catalog: Maybe[_JsonMapping] = None
    base_catalog: Maybe[_JsonMapping] = None
    value_rules: Maybe[_JsonMapping] = None
    classifier: Maybe[_JsonMapping] = None
    attributes: Maybe[_JsonMapping] = None
    clock: Maybe[Instant] = None
    seed: Maybe[str] = None


class ExpectedProblem(Form):
    """A problem by its code and, where it matters, its place."""

    code: str
    pointer: Maybe[str] = None


class Distribution(Form):
    """Over requests with ids `0` to `draws - 1`: how often each value is found at `pointer`, exactly."""

    pointer: str
    draws: Annotated[int, Field(ge=1, le=100_000)]
    counts: _JsonMapping


class SameAt(Form):
    """What stands at `pointers` is what stands there in the answer to the earlier step with this index."""

    step: _Index
    pointers: _Pointers


class Scaled(Form):
    """The decimals at `pointers` are `by` times those in the answer to the earlier step with this index."""

    step: _Index
    by: DecimalText
    pointers: _Pointers


class Expectations(Form):
    """Each that is given must hold. Paths are JSON pointers into the answer."""

    AT_LEAST: ClassVar[int] = 1

    result: Json = None
    """The whole answer, exactly."""
    exact: Maybe[_ByPointer] = None
    decimal: Maybe[Annotated[Frozen[str, SignedDecimalText], Field(min_length=1)]] = None
    """By pointer: a number equal in value."""
    one_of: Maybe[
        Annotated[Frozen[str, Annotated[Listed[Json], Field(min_length=2)]], Field(min_length=1)]
    ] = None
    set: Maybe[Annotated[Frozen[str, Listed[Json]], Field(min_length=1)]] = None
    """By pointer: a list with these members, in any order."""
    absent: Maybe[Annotated[Listed[str], Field(min_length=1)]] = None
    """Pointers at which nothing may stand."""
    problem: Maybe[str] = None
    """The code of a problem that must be among those answered."""
    problems: Maybe[Listed[ExpectedProblem]] = None
    """All problems, in document order."""
    reason: Maybe[str] = None
    """A reason code that must be among the decision's."""
    distribution: Maybe[Distribution] = None
    same_as: Maybe[_Index] = None
    """The index of an earlier step, from 0, whose answer must be equal."""
    different_from: Maybe[_Index] = None
    same_at: Maybe[SameAt] = None
    scaled: Maybe[Scaled] = None


class CaseStep(Form):
    """One question and its answer."""

    op: Op
    args: Maybe[_JsonMapping] = None
    expect: Expectations


class CaseDocument(Form):
    """A document of kind `case`."""

    otb: Version
    kind: Literal["case"]
    id: Id
    version: SemanticVersion
    title: Annotated[str, Field(min_length=1, max_length=256)]
    """The rule in one sentence."""
    note: Maybe[Text] = None
    requirements: Annotated[Distinct[RequirementId], Field(min_length=1)]
    polarity: Literal["positive", "negative"]
    """`positive` shows the behaviour; `negative` what is refused, or a neighbour that is not covered."""
    profile: Profile
    features: Maybe[Annotated[Distinct[Feature], Field(min_length=1)]] = None
    """Extended features of the profile that the case needs; a case without any is core."""
    stability: Maybe[Literal["draft", "stable"]] = None
    given: Maybe[Given] = None
    steps: Annotated[Listed[CaseStep], Field(min_length=1, max_length=1000)]
