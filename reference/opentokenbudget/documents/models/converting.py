"""From data to models and back."""

from __future__ import annotations

from functools import cache
from typing import Any, Literal, overload

from pydantic import TypeAdapter, ValidationError

from opentokenbudget.problems import Problem, ProblemError

from ..envelope import read_envelope
from ..schemas import KINDS
from ..validation import schema_problems
from ..wording import shown
from .case import CaseDocument
from .catalog import CatalogDocument
from .classifier import ClassifierDocument
from .decision import DecisionForm
from .forms import Form
from .policy import PolicyDocument
from .problem import ProblemForm
from .report import ReportDocument
from .request import RequestForm
from .usage_record import UsageRecord
from .value_rules import ValueRulesDocument

_FORMS: dict[str, Any] = {
    "policy": PolicyDocument,
    "catalog": CatalogDocument,
    "value-rules": ValueRulesDocument,
    "classifier": ClassifierDocument,
    "request": RequestForm,
    "decision": DecisionForm,
    "usage-record": UsageRecord,
    "problem": ProblemForm,
    "case": CaseDocument,
    "report": ReportDocument,
}


def document_of(model: Form) -> dict[str, Any]:
    """Return the data of `model`: dict, list, str, int, bool and None, under the names that a document has.

    What was left out stays out: data that became a model comes back equal to itself.
    Fields stand in the order of their schema, the keys of a mapping in their own.
    """
    return model.model_dump(mode="json", by_alias=True, exclude_unset=True)


@overload
def model_of(kind: Literal["policy"], data: Any) -> PolicyDocument: ...
@overload
def model_of(kind: Literal["catalog"], data: Any) -> CatalogDocument: ...
@overload
def model_of(kind: Literal["value-rules"], data: Any) -> ValueRulesDocument: ...
@overload
def model_of(kind: Literal["classifier"], data: Any) -> ClassifierDocument: ...
@overload
def model_of(kind: Literal["request"], data: Any) -> RequestForm: ...
@overload
def model_of(kind: Literal["decision"], data: Any) -> DecisionForm: ...
@overload
def model_of(kind: Literal["usage-record"], data: Any) -> UsageRecord: ...
@overload
def model_of(kind: Literal["problem"], data: Any) -> ProblemForm: ...
@overload
def model_of(kind: Literal["case"], data: Any) -> CaseDocument: ...
@overload
def model_of(kind: Literal["report"], data: Any) -> ReportDocument: ...
@overload
def model_of(kind: str, data: Any) -> Form: ...
def model_of(kind: str, data: Any) -> Form:
    """Return the model of `data`, a document or wire form of `kind`.

    Args:
        kind: one of `KINDS`.
        data: plain data: dict, list, str, int, bool and None. It is not changed and not kept.

    Raises:
        ProblemError: all problems of `data`, the same that `otb check` reports of its shape.

    Source: spec/10-documents.md OTB-DOC-009.
    """
    if kind not in KINDS:
        raise ProblemError(
            Problem("unknown-kind", "", f"{shown(kind)} is no kind of document", "OTB-DOC-003")
        )
    envelope = read_envelope(data, kind)
    problems = (
        envelope.problems if envelope.kind is None else (*envelope.problems, *schema_problems(data, kind))
    )
    if problems:
        raise ProblemError(problems)
    try:
        model: Form = adapter(kind).validate_python(data)
    except ValidationError:
        # Models and schemas are kept in step by a test; what is not so is never accepted.
        problem = Problem("bad-format", "", f"is not what the model of `{kind}` accepts", "OTB-DOC-009")
        raise ProblemError(problem) from None
    return model


@cache
def adapter(kind: str) -> TypeAdapter[Any]:
    """Return what validates data of `kind` by its model alone, without the words of the schema.

    Its errors are pydantic's own; `model_of` answers in problems.
    """
    return TypeAdapter(_FORMS[kind])
