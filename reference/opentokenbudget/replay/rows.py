"""From a row of the past to a request, what it used, and what is known of answers to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from ..amounts import InvalidInstant
from ..problems import Place, Problem, ProblemError
from ..routing import Attribute, Policy, Request
from ..routing.request import classification_problems
from .assignment import Assignment
from .fields import (
    WrongField,
    attribute_of,
    count_of,
    decimal_of,
    form_parts,
    form_problem,
    id_of,
    integer_of,
    shown,
    text_of,
)
from .moments import parse_moment
from .sources import RawRow

FIELDS = (
    "at",
    "id",
    "subject",
    "text",
    "input_tokens",
    "output_tokens",
    "max_output_tokens",
    "expected_output_tokens",
    "model",
    "cost",
)
_NOTHING: Mapping[str, Any] = {}
_FORMS = ("needs", "classifications", "attributes")
# Rows of more shapes than this are of a file that is none of ours: the meaning of columns is then worked out anew.
_MOST_SHAPES = 1000


class Row(NamedTuple):
    """One past request.

    Attributes:
        at: nanoseconds since 1970.
        usage: what it used, taken to be the same for every model (token-constant).
        scores: quality by tier or model, in units of 10⁻¹².
        model, cost_pico: what served it and what that cost, as run; None when the row does not say.
    """

    at: int
    request: Request
    usage: Mapping[str, int]
    scores: Mapping[str, int]
    model: str | None
    cost_pico: int | None


class RowReader:
    """Reads rows under one policy.

    Args:
        columns: the file's column by our field, where they differ.
        timezone: the zone of instants that name none; without it such an instant is a problem.
        assignments: attributes of the policy to draw where a row has none.

    Raises:
        ProblemError: a value to draw is none of its attribute's.
    """

    def __init__(
        self,
        policy: Policy,
        *,
        columns: Mapping[str, str] = _NOTHING,
        timezone: str | None = None,
        assignments: Sequence[Assignment] = (),
        seed: str = "",
    ) -> None:
        self._policy = policy
        self._columns = dict(columns)
        self._timezone = timezone
        self._assignments = tuple(
            (
                assignment,
                {
                    value: _assigned(policy.attributes[assignment.attribute], value)
                    for value, _ in assignment.values
                },
            )
            for assignment in assignments
        )
        self._seed = seed
        self._shapes: dict[tuple[str, ...], _Shape] = {}
        self._ignored: set[str] = set()

    def instant(self, raw: RawRow) -> int | Problem:
        """Return the instant of `raw`, or what is wrong with it."""
        column = self._columns.get("at", "at")
        try:
            return self._instant(raw.values.get(column))
        except WrongField as wrong:
            return wrong.problem.at(Place(raw.file, raw.line, 1))

    def read(self, raw: RawRow, at: int) -> Row | Problem:
        """Return the row that `raw` states, whose instant is `at`, or the first thing that is wrong with it."""
        try:
            return self._read(raw, at)
        except WrongField as wrong:
            return wrong.problem.at(Place(raw.file, raw.line, 1))

    def ignored(self) -> tuple[str, ...]:
        """Return the columns that were seen and mean nothing under the policy, sorted."""
        return tuple(sorted(self._ignored))

    def _read(self, raw: RawRow, at: int) -> Row:
        values = raw.values
        key = tuple(values)
        shape = self._shapes.get(key)
        if shape is None:
            if len(self._shapes) >= _MOST_SHAPES:
                self._shapes.clear()
            shape = self._shapes[key] = _Shape(self._policy, self._columns, key)
            if len(self._ignored) < _MOST_SHAPES:
                self._ignored.update(shape.ignored)
        if shape.wrong is not None:
            raise shape.wrong
        fields = shape.fields
        policy = self._policy
        identity = id_of(values, fields, "id") or f"{_name(raw.file)}:{raw.line}"
        forms: Mapping[str, Any] = shape.forms_of(values) if shape.forms else _NOTHING
        for problem in classification_problems(self._policy, forms.get("classifications", _NOTHING)):
            raise WrongField(problem.code, problem.pointer.lstrip("/"), problem.message)
        attributes: dict[str, Any] = {}
        for column, attribute in shape.attributes:
            value = values[column]
            if value is not None and value != "":
                attributes[attribute.name] = attribute_of(attribute, value)
        for name, value in forms.get("attributes", _NOTHING).items():
            if name not in policy.attributes:
                raise WrongField(
                    "unknown-attribute", f"attributes/{name}", f"`{name}` is not an attribute of the policy"
                )
            attributes[name] = attribute_of(policy.attributes[name], value)
        for assignment, normal in self._assignments:
            if assignment.attribute not in attributes:
                attributes[assignment.attribute] = normal[assignment.value_for(self._seed, identity)]
        text = text_of(values, fields, "text")
        input_tokens = count_of(values, fields, "input_tokens")
        if input_tokens is None:
            if text is None:
                raise _missing("input_tokens", "`input_tokens` or `text`")
            input_tokens = len(text.encode()) + policy.overhead_tokens
        usage = {"input": input_tokens}
        output_tokens = count_of(values, fields, "output_tokens")
        if output_tokens is None:
            raise _missing("output_tokens", "`output_tokens`")
        usage["output"] = output_tokens
        for column, meter in shape.meters:
            quantity = integer_of(column, values[column])
            if quantity is not None:
                usage[meter] = quantity
        limit = count_of(values, fields, "max_output_tokens")
        if limit == 0:
            raise WrongField("bad-quantity", "max_output_tokens", "`0` leaves no token for an answer")
        if limit is None or limit > policy.max_output_tokens:
            limit = policy.max_output_tokens
        expected = count_of(values, fields, "expected_output_tokens")
        cost = text_of(values, fields, "cost")
        context = {key: values[column] for column, key in shape.context if values[column] not in (None, "")}
        if context:
            form_parts({"context": context})
        needs = tuple(forms.get("needs", ()))
        request = Request(
            identity,
            attributes.get(policy.subject) if policy.subject else id_of(values, fields, "subject"),
            at,
            text,
            attributes,
            input_tokens,
            limit,
            limit if expected is None or expected > limit else expected,
            _NOTHING,
            context,
            needs,
            forms.get("classifications", _NOTHING),
            _NOTHING,
            _NOTHING,
            # An id is asked for once.
            "",
            not (context or needs),
        )
        scores = {
            name: decimal_of(column, values[column])
            for column, name in shape.scores
            if values[column] is not None and values[column] != ""
        }
        return Row(
            at,
            request,
            usage,
            scores,
            text_of(values, fields, "model"),
            None if cost is None else _money(cost),
        )

    def _instant(self, value: object) -> int:
        if value is None or value == "":
            raise _missing("at", "the instant `at`")
        try:
            if isinstance(value, str):
                return parse_moment(value, self._timezone)
        except InvalidInstant as wrong:
            raise WrongField("bad-instant", "at", str(wrong)) from None
        raise WrongField("bad-instant", "at", f"`{shown(value)}` is not an instant")


class _Shape:
    """What the columns of a row mean; worked out once for each set of columns.

    A column that has a field's name, but is not the one that was said to be it, means nothing.
    """

    def __init__(self, policy: Policy, columns: Mapping[str, str], present: tuple[str, ...]) -> None:
        renamed = {column: field for field, column in columns.items()}
        self.fields: dict[str, str] = {}
        self.attributes: list[tuple[str, Attribute]] = []
        self.meters: list[tuple[str, str]] = []
        self.scores: list[tuple[str, str]] = []
        self.context: list[tuple[str, str]] = []
        self.forms: dict[str, str] = {}
        self.ignored: list[str] = []
        self.wrong: WrongField | None = None
        for column in present:
            field = renamed.get(column, column)
            if columns.get(field, column) != column:
                self.ignored.append(column)
            elif field in FIELDS:
                self.fields[field] = column
            elif field in policy.attributes:
                self.attributes.append((column, policy.attributes[field]))
            elif field.startswith("score."):
                self.scores.append((column, field.removeprefix("score.")))
            elif field.startswith("context."):
                self.context.append((column, field.removeprefix("context.")))
            elif field.startswith(("usage.", "input.", "output.")):
                self._meter(column, field.removeprefix("usage."))
            elif field in _FORMS:
                self.forms[field] = column
            else:
                self.ignored.append(column)

    def forms_of(self, values: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the values of the fields that are more than text and numbers, judged by the form of requests."""
        found = {
            field: values[column] for field, column in self.forms.items() if values[column] not in (None, "")
        }
        if isinstance(found.get("needs"), str):
            found["needs"] = [part for part in map(str.strip, found["needs"].split(";")) if part]
        form_parts(found)
        return found

    def _meter(self, column: str, meter: str) -> None:
        try:
            form_problem({"max_usage": {meter: 0}}, column)
            if meter in ("input", "output") or any(meter == known for _, known in self.meters):
                raise WrongField("duplicate-meter", column, f"`{meter}` is stated by another column")
        except WrongField as wrong:
            self.wrong = self.wrong or wrong
        self.meters.append((column, meter))


def is_field(policy: Policy, name: str) -> bool:
    """Return whether `name` is a field that a row under `policy` can have."""
    started = name.startswith(("score.", "context.", "usage.", "input.", "output."))
    return started or name in FIELDS or name in _FORMS or name in policy.attributes


def _assigned(attribute: Attribute, value: str) -> Any:
    try:
        return attribute_of(attribute, value)
    except WrongField as wrong:
        raise ProblemError(wrong.problem) from None


def _money(text: str) -> int:
    pico = decimal_of("cost", text)
    if pico < 0:
        raise WrongField("bad-format", "cost", f"`{shown(text)}` is less than 0")
    return pico


@lru_cache(maxsize=64)
def _name(file: str) -> str:
    """Return what ids call a file: its name, or the end of it, in characters that an id may have."""
    plain = file.encode("ascii", "backslashreplace").decode() if not file.isascii() else file
    if not plain.isprintable():
        plain = ascii(plain)[1:-1]
    return plain[-200:]


def _missing(field: str, what: str) -> WrongField:
    """Return that a row lacks `what`, and how its column could be named."""
    message = f"a row needs {what}: `--column {field}=NAME` says which column it is"
    return WrongField("missing-field", field, message)
