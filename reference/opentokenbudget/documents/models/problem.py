"""Problems on the wire: one thing that is wrong with an input."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from .forms import Form, Maybe
from .texts import Count, Pointer, ProblemCode, RequirementId, Version


class ProblemForm(Form):
    """The wire form of a problem; `line` and `column` count from 1."""

    otb: Maybe[Version] = None
    kind: Maybe[Literal["problem"]] = None
    code: ProblemCode
    severity: Literal["error", "warning"]
    pointer: Pointer
    message: Annotated[str, Field(min_length=1)]
    requirement: Maybe[RequirementId] = None
    file: Maybe[str] = None
    line: Maybe[Count] = None
    column: Maybe[Count] = None
