"""Conformance reports: what a suite found out about one version of one implementation."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from .case import Expectations, Feature, Given, Op, Profile
from .envelope import Extensions
from .forms import Form, Frozen, Json, Listed, Maybe
from .texts import Digest, Id, Label, RequirementId, SemanticVersion, Text, Tokens, Version

_Result = Literal["passed", "failed", "skipped", "errored", "disabled"]
_Word = Annotated[str, Field(min_length=1, max_length=64)]
_Prose = Annotated[str, Field(min_length=1, max_length=4096)]
_Command = Annotated[str, Field(min_length=1, max_length=131_072)]


class Implementation(Form):
    """What was judged; `version` has a digit, so that a branch is none."""

    name: Label
    version: Annotated[str, Field(pattern=r"^[!-~]*[0-9][!-~]*$", max_length=128)]
    language: Maybe[Label] = None
    url: Maybe[Label] = None


class ZooScore(Form):
    """The suite's own score: faulty routers, and those of them that it caught."""

    routers: Tokens
    caught: Tokens


class SuiteUsed(Form):
    """The suite that judged."""

    version: SemanticVersion
    digest: Digest
    cases: Tokens
    zoo: Maybe[ZooScore] = None


class Reproduce(Form):
    """What gives the same report again."""

    command: _Command
    seed: Label


class Fault(Form):
    """What a driver did that is no answer."""

    code: Literal[
        "answered-errored",
        "bad-answer",
        "bad-exit",
        "bad-start",
        "closed-output",
        "ended",
        "left-behind",
        "not-ended",
        "not-json",
        "not-started",
        "timed-out",
        "too-deep",
        "too-long",
        "unasked",
        "wrong-id",
    ]
    message: _Prose
    stderr: Maybe[Text] = None
    """The end of what it wrote to standard error since the case began."""


class Ending(Form):
    """How the driver ended after `stop`; a negative exit code is the signal that ended it."""

    AT_LEAST: ClassVar[int] = 1

    exit_code: Maybe[Annotated[int, Field(ge=-255, le=255)]] = None
    fault: Maybe[Fault] = None


class Tally(Form):
    """How many cases the suite has, and with which result; those that were not asked have none."""

    cases: Tokens
    passed: Tokens
    failed: Tokens
    skipped: Tokens
    errored: Tokens
    disabled: Tokens


class FeatureReport(Form):
    """An extended feature: met when it is claimed and all its cases have passed."""

    id: Feature
    claimed: bool
    met: bool
    extended: Tally


class ProfileReport(Form):
    """A profile: met when it is claimed and every core case of it has passed."""

    id: Profile
    claimed: bool
    met: bool
    core: Tally
    features: Maybe[Listed[FeatureReport]] = None


class RequirementReport(Form):
    """The worst result of the cases that name a requirement."""

    id: RequirementId
    result: _Result
    cases: Annotated[Listed[Id], Field(min_length=1)]


class CaseReport(Form):
    """What became of a case, and why where it was skipped or disabled."""

    id: Id
    path: Annotated[str, Field(min_length=1, max_length=1024)]
    profile: Profile
    feature: Maybe[Feature] = None
    result: _Result
    reason: Maybe[Text] = None


class MismatchReport(Form):
    """An expectation that does not hold; values are JSON text, absent where nothing stands."""

    step: Tokens
    op: _Word
    expectation: _Word
    pointer: Text
    expected: Maybe[_Prose] = None
    found: Maybe[_Prose] = None


class MinimisedStep(Form):
    """A step of a minimised case; only the last one expects something."""

    op: Op
    args: Maybe[Frozen[str, Json]] = None
    expect: Maybe[Expectations] = None


class MinimisedCase(Form):
    """What still shows a failure: of the case only what is needed, made small."""

    given: Maybe[Given] = None
    steps: Annotated[Listed[MinimisedStep], Field(min_length=1, max_length=1000)]
    mismatch: Maybe[MismatchReport] = None
    alone: Maybe[Literal["fails", "passes", "not-asked"]] = None
    """What the case does when it is asked alone, in a fresh process."""


class FailureReport(Form):
    """A case that failed, with its mismatches, or errored, with its fault."""

    case: Id
    title: Maybe[Annotated[str, Field(min_length=1, max_length=256)]] = None
    """The rule that the case shows."""
    result: Literal["failed", "errored"]
    mismatches: Maybe[Annotated[Listed[MismatchReport], Field(min_length=1)]] = None
    step: Maybe[Tokens] = None
    op: Maybe[_Word] = None
    fault: Maybe[Fault] = None
    minimised: Maybe[MinimisedCase] = None


class ReportDocument(Form):
    """A document of kind `report`."""

    otb: Version
    kind: Literal["report"]
    extensions: Maybe[Extensions] = None
    protocol: Version
    implementation: Implementation
    suite: SuiteUsed
    reproduce: Reproduce
    ending: Maybe[Ending] = None
    profiles: Listed[ProfileReport]
    requirements: Listed[RequirementReport]
    cases: Listed[CaseReport]
    failures: Listed[FailureReport]
