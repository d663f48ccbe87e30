"""From an error of the schema validator to problems: code, pointer, words, requirement."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from opentokenbudget.problems import Problem, did_you_mean

from . import existence
from .pointers import joined
from .schemas import at_location, enclosing, property_names
from .violations import CODES, alternatives, describe, repeated
from .wording import escaped, listed, shown

Steps = tuple[str | int, ...]

_DIGITS = re.compile(r"\+?[0-9]{1,40}", re.ASCII)


class Violation(NamedTuple):
    """A problem, where it is, and what is needed to tell whether another problem explains it.

    Attributes:
        problem: what is wrong.
        steps: the way to it through the data.
        of_key: the key is wrong, not its value.
        keyword: of the schema.
    """

    problem: Problem
    steps: Steps
    of_key: bool
    keyword: str


class _Failure(NamedTuple):
    """One error of the validator: which keyword of which subschema, on which value."""

    error: Any
    kind: str
    keyword: str
    passed: list[dict[str, Any]]
    node: dict[str, Any]
    steps: Steps
    value: Any

    def violation(
        self,
        message: str,
        *,
        below: Steps = (),
        of_key: bool = False,
        code: str = "",
        requirement: str = "",
    ) -> Violation:
        """Return the violation, by default of the value itself with the keyword's own code."""
        code = (
            _annotation([self.node], "x-code", self.keyword) or code or CODES.get(self.keyword, "bad-format")
        )
        requirement = requirement or _annotation(self.passed, "x-requirement", self.keyword)
        steps = self.steps + below
        problem = Problem(code, joined(steps), message, requirement)
        return Violation(problem, steps, of_key, self.keyword)


def violations_of(error: Any, data: Any, kind: str) -> Iterator[Violation]:
    """Yield what `error`, which the validator of `kind` found in `data`, says is wrong."""
    keyword, passed = _keyword_and_schemas(error, kind)
    node = next((schema for schema in reversed(passed) if keyword in schema), passed[-1])
    explain = _name if error.kind.name == "propertyNames" else _EXPLAINED.get(keyword, _value)
    ways = list(_ways(data, error.instance_path))
    certain = len(ways) == 1
    for steps, value in ways:
        if certain or value == error.instance:
            yield from explain(_Failure(error, kind, keyword, passed, node, steps, value))


def _ways(data: Any, path: Sequence[str | int], taken: Steps = ()) -> Iterator[tuple[Steps, Any]]:
    """Yield each way through `data` that `path` may mean, and the value there.

    The validator gives a key of digits as a number, so that `7` and `007` in one mapping are one to it.
    """
    if not path:
        yield taken, data
        return
    step, rest = path[0], path[1:]
    keys: Iterable[str | int] = (step,)
    if isinstance(data, dict) and isinstance(step, int):
        keys = [key for key in data if _DIGITS.fullmatch(key) and int(key) == step]
    for key in keys:
        yield from _ways(data[key], rest, (*taken, key))


def _keyword_and_schemas(error: Any, kind: str) -> tuple[str, list[dict[str, Any]]]:
    """Return the keyword that failed and the subschemas on the way to it, the outermost first."""
    name: str = error.kind.name
    if name == "propertyNames":
        # The path of such an error ends at the keyword: the schema of the names is found by its own location.
        inner = error.kind.error
        outer = at_location(error.absolute_keyword_location or "")
        return inner.kind.name, outer + at_location(inner.absolute_keyword_location or "")
    path: Sequence[str | int] = error.evaluation_path
    if name == "required" and "dependentRequired" in path[-2:]:
        name = "dependentRequired"
    return name, enclosing(kind, path)


def _annotation(passed: list[dict[str, Any]], annotation: str, keyword: str) -> str:
    """Return what the innermost of `passed` that answers for `keyword` says, or ""."""
    for node in reversed(passed):
        answer = node.get(annotation)
        if isinstance(answer, dict):
            answer = answer.get(keyword, answer.get("default"))
        if isinstance(answer, str):
            return answer
    return ""


def _value(failure: _Failure) -> Iterator[Violation]:
    yield failure.violation(describe(failure.keyword, failure.node, failure.value))


def _unknown_field(failure: _Failure) -> Iterator[Violation]:
    known = property_names(failure.kind, failure.node)
    unknown_code = _annotation([failure.node], "x-code", failure.keyword)
    candidates = sorted(name for name in known if name not in failure.value)
    what = "an operator" if unknown_code == "unknown-operator" else "a field"
    taken = known
    if failure.keyword == "unevaluatedProperties":
        taken = property_names(failure.kind, failure.node, failure.value)
        if taken <= frozenset(failure.node.get("properties", ())):
            # The value takes no branch at all: what it meant to be cannot be told.
            taken = known
    for name in failure.error.kind.unexpected:
        # A branch that fails leaves its properties unevaluated: they are known, and reported there.
        if failure.keyword == "unevaluatedProperties" and name in taken:
            continue
        near = did_you_mean(name, candidates)
        message = f"`{escaped(name)}` is not {what} here{near}"
        yield failure.violation(message, below=(name,), of_key=True)


def _name(failure: _Failure) -> Iterator[Violation]:
    name = str(failure.error.kind.error.instance)
    message = f"the key {describe(failure.keyword, failure.node, name)}"
    yield failure.violation(message, below=(name,), of_key=True, code="bad-name")


def _missing(failure: _Failure) -> Iterator[Violation]:
    field = failure.error.kind.property
    message = f"{listed([field])} is missing"
    if failure.keyword == "dependentRequired":
        needs = failure.node.get("dependentRequired", {})
        beside = [name for name, needed in needs.items() if field in needed and name in failure.value]
        message += f" beside {listed(beside)}"
    yield failure.violation(message)


def _duplicate(failure: _Failure) -> Iterator[Violation]:
    for index in repeated(failure.value):
        message = f"{shown(failure.value[index])} is given twice in this list"
        # Where it stands is wrong, whatever it is.
        yield failure.violation(message, below=(index,), of_key=True)


def _not_existing(failure: _Failure) -> Iterator[Violation]:
    name = failure.error.kind.format
    code = existence.CODES.get(name, "bad-format")
    message = f"is {shown(failure.value)}, expected {existence.EXPECTATIONS.get(name, 'another form')}"
    yield failure.violation(message, code=code, requirement=existence.REQUIREMENTS.get(code, ""))


def _alternatives(failure: _Failure) -> Iterator[Violation]:
    names = alternatives(failure.node, failure.keyword)
    given = [name for name in names if isinstance(failure.value, dict) and name in failure.value]
    if type(failure.error.kind).__name__.endswith("OneOfMultipleValid"):
        message = f"{listed(given, joined_by='and')} do not go together"
        expects = failure.node.get("x-expects")
        yield failure.violation(
            f"{message}: expected {expects}" if expects else message, code="conflicting-fields"
        )
        return
    message = describe(failure.keyword, failure.node, failure.value)
    yield failure.violation(message)


def _not_allowed(failure: _Failure) -> Iterator[Violation]:
    field = str(failure.steps[-1]) if failure.steps else ""
    yield failure.violation(f"{listed([field])} is not allowed beside the others given here", of_key=True)


_EXPLAINED: dict[str, Callable[[_Failure], Iterator[Violation]]] = {
    "additionalProperties": _unknown_field,
    "unevaluatedProperties": _unknown_field,
    "required": _missing,
    "dependentRequired": _missing,
    "uniqueItems": _duplicate,
    "format": _not_existing,
    "anyOf": _alternatives,
    "oneOf": _alternatives,
    "falseSchema": _not_allowed,
}
