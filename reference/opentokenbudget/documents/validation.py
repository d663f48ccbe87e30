"""Data against the schema of its kind: one mistake, one problem, in document order.

The code of a problem comes from the keyword, or from `x-code` beside it; its requirement from the nearest
`x-requirement` on the way; its words from `x-expects`. schemas/v1/README.md says what these annotations mean.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any, NamedTuple

from opentokenbudget.problems import Problem, did_you_mean

from . import existence
from .caps import CAPS
from .plain_data import foreign_problem
from .pointers import joined
from .schemas import at_location, enclosing, property_names, validator
from .violations import CODES, alternatives, describe, second_of_two
from .wording import listed, shown

_UNKNOWN_FIELD = ("additionalProperties", "unevaluatedProperties")


class Violation(NamedTuple):
    """A problem, its steps from the root, whether it is one of the key there, and what suppresses what.

    Attributes:
        problem: what is wrong.
        steps: the way to it through the data.
        of_key: the key is wrong, not its value.
        keyword: of the schema.
        holder: the way to the mapping that holds or lacks the field.
        fields: the field that is unknown, or the ones that are missing.
    """

    problem: Problem
    steps: tuple[str | int, ...]
    of_key: bool
    keyword: str
    holder: tuple[str | int, ...]
    fields: tuple[str, ...]


def schema_problems(data: Any, kind: str) -> tuple[Problem, ...]:
    """Return what is wrong with `data` by the schema of `kind`, in document order; no problem is ().

    Args:
        data: plain data: dict, list, str, int, bool and None; anything else is a problem.
        kind: one of `KINDS`.

    Source: spec/10-documents.md OTB-DOC-004, OTB-DOC-009.
    """
    foreign = foreign_problem(data, CAPS)
    if foreign is not None:
        return (foreign,)
    return tuple(violation.problem for violation in violations(data, kind))


def violations(data: Any, kind: str) -> list[Violation]:
    """Return the violations of data that `read` gave, in document order, without those that others cause."""
    compiled = validator(kind)
    if compiled.is_valid(data):
        return []
    found: list[Violation] = []
    for error in islice(compiled.iter_errors(data), CAPS.problems):
        found.extend(_violations(error, data, kind))
    kept = list(
        {
            (item.problem.code, item.problem.pointer, item.problem.message): item for item in _primary(found)
        }.values()
    )
    kept.sort(key=lambda violation: _order(data, violation.steps))
    return kept


def _violations(error: Any, data: Any, kind: str) -> Iterator[Violation]:
    steps = tuple(error.instance_path)
    value = _value_at(data, steps)
    keyword, passed = _keyword_and_schemas(error, kind)
    node = next((schema for schema in reversed(passed) if keyword in schema), passed[-1])

    def violation(
        where: tuple[str | int, ...],
        message: str,
        *,
        of_key: bool = False,
        fields: tuple[str, ...] = (),
        code: str = "",
    ) -> Violation:
        code = _annotation([node], "x-code", keyword) or code or CODES.get(keyword, "bad-format")
        requirement = _annotation(passed, "x-requirement", keyword)
        problem = Problem(code, joined(where), message, requirement)
        return Violation(problem, where, of_key, keyword, steps, fields)

    if keyword in _UNKNOWN_FIELD:
        known = property_names(kind, node)
        for name in error.kind.unexpected:
            # A branch that fails leaves its properties unevaluated: they are known, and reported there.
            if keyword == "additionalProperties" or name not in known:
                near = did_you_mean(name, sorted(known - value.keys()))
                message = f"`{shown(name)[1:-1]}` is not {_field_or_operator(node, keyword)} here{near}"
                yield violation((*steps, name), message, of_key=True, fields=(name,))
    elif error.kind.name == "propertyNames":
        name = str(error.kind.error.instance)
        message = describe(keyword, node, name)
        yield violation((*steps, name), f"the key {message}", of_key=True, code=CODES["propertyNames"])
    elif error.kind.name == "required":
        field = error.kind.property
        yield violation(
            steps, f"{listed([field])} is missing{_beside(node, keyword, field, value)}", fields=(field,)
        )
    elif keyword == "format":
        name = error.kind.format
        message = f"is {shown(value)}, expected {existence.EXPECTATIONS.get(name, 'another form')}"
        code = existence.CODES.get(name, "bad-format")
        found = violation(steps, message, code=code)
        requirement = existence.REQUIREMENTS.get(code, found.problem.requirement)
        yield found._replace(problem=replace(found.problem, requirement=requirement))
    elif keyword == "uniqueItems":
        index = second_of_two(value)
        yield violation((*steps, index), f"{shown(value[index])} is given twice in this list")
    elif keyword == "oneOf" and type(error.kind).__name__.endswith("OneOfMultipleValid"):
        given = [name for name in alternatives(node, keyword) if isinstance(value, dict) and name in value]
        expects = node.get("x-expects") or "one of them"
        message = f"{listed(given, joined_by='and')} do not go together: expected {expects}"
        yield violation(steps, message, code="conflicting-fields")
    elif keyword == "falseSchema":
        field = str(steps[-1]) if steps else ""
        yield violation(steps, f"{listed([field])} is not allowed beside the others given here", of_key=True)
    else:
        fields = tuple(alternatives(node, keyword)) if keyword in ("anyOf", "oneOf") else ()
        yield violation(steps, describe(keyword, node, value), fields=fields)


def _keyword_and_schemas(error: Any, kind: str) -> tuple[str, list[dict[str, Any]]]:
    """Return the keyword that failed and the subschemas on the way to it, the outermost first."""
    name = error.kind.name
    if name == "propertyNames":
        inner = error.kind.error
        passed = at_location(error.absolute_keyword_location or "") + at_location(
            inner.absolute_keyword_location or ""
        )
        return inner.kind.name, passed
    path: Sequence[str | int] = error.evaluation_path
    keyword = "dependentRequired" if name == "required" and "dependentRequired" in path[-2:] else name
    return keyword, enclosing(kind, path)


def _annotation(passed: list[dict[str, Any]], annotation: str, keyword: str) -> str:
    """Return what the innermost of `passed` that answers for `keyword` says, or ""."""
    for node in reversed(passed):
        answer = node.get(annotation)
        if isinstance(answer, dict):
            answer = answer.get(keyword, answer.get("default"))
        if isinstance(answer, str):
            return answer
    return ""


def _field_or_operator(node: dict[str, Any], keyword: str) -> str:
    return "an operator" if _annotation([node], "x-code", keyword) == "unknown-operator" else "a field"


def _beside(node: dict[str, Any], keyword: str, field: str, value: Any) -> str:
    if keyword != "dependentRequired":
        return ""
    demanding = [name for name, needed in node.get(keyword, {}).items() if field in needed and name in value]
    return f" beside {listed(demanding)}"


def _primary(found: list[Violation]) -> Iterator[Violation]:
    """Yield the violations that no other explains.

    A wrong type explains all else at that value; what has the wrong form need not exist;
    a misspelt field explains that the right one is missing.
    """
    mistyped = {
        violation.steps for violation in found if violation.keyword == "type" and not violation.of_key
    }
    malformed = {violation.steps for violation in found if violation.keyword == "pattern"}
    misspelt: dict[tuple[str | int, ...], list[str]] = {}
    for violation in found:
        if violation.keyword in _UNKNOWN_FIELD:
            misspelt.setdefault(violation.holder, []).extend(violation.fields)
    for violation in found:
        if violation.steps in mistyped and violation.keyword != "type":
            continue
        if violation.keyword == "format" and violation.steps in malformed:
            continue
        unknown = misspelt.get(violation.holder, ())
        if violation.keyword not in _UNKNOWN_FIELD and any(
            did_you_mean(name, violation.fields) for name in unknown
        ):
            continue
        yield violation


def _value_at(data: Any, steps: tuple[str | int, ...]) -> Any:
    for step in steps:
        data = data[step]
    return data


def _order(data: Any, steps: tuple[str | int, ...]) -> tuple[int, ...]:
    """Return where in the document `steps` lead: the number of each step among its siblings."""
    numbers: list[int] = []
    for step in steps:
        if isinstance(step, int):
            numbers.append(step)
        else:
            numbers.append(next((number for number, key in enumerate(data) if key == step), 0))
        data = data[step]
    return tuple(numbers)
