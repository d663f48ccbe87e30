"""From a row of the past to a request, what it used, and what is known of answers to it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from ..amounts import (
    InvalidDecimal,
    InvalidInstant,
    parse_decimal,
    parse_instant,
    zone_named,
)
from ..problems import Place, Problem
from ..routing import Attribute, Policy, Request
from .assignment import Assignment
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
_INSTANT = re.compile(
    r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(\.\d{1,9})?\d*(Z|[+-]\d\d(?::?\d\d)?)?", re.ASCII
)


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


class _Wrong(Exception):
    """A field of a row is not in order."""

    def __init__(self, code: str, field: str, message: str) -> None:
        self.problem = Problem(code, f"/{field}", message)


class RowReader:
    """Reads rows under one policy.

    Args:
        columns: the file's column by our field, where they differ.
        timezone: the zone of instants that name none; without it such an instant is a problem.
        assignments: attributes to draw where a row has none.
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
        self._assignments = tuple(assignments)
        self._seed = seed
        self._shapes: dict[tuple[str, ...], _Shape] = {}

    def instant(self, raw: RawRow) -> int | Problem:
        """Return the instant of `raw`, or what is wrong with it."""
        column = self._columns.get("at", "at")
        try:
            return self._instant(raw.values.get(column))
        except _Wrong as wrong:
            return wrong.problem.at(Place(raw.file, raw.line, 1))

    def read(self, raw: RawRow, at: int) -> Row | Problem:
        """Return the row that `raw` states, whose instant is `at`, or the first thing that is wrong with it."""
        try:
            return self._read(raw, at)
        except _Wrong as wrong:
            return wrong.problem.at(Place(raw.file, raw.line, 1))

    def ignored(self) -> tuple[str, ...]:
        """Return the columns that were seen and mean nothing under the policy, sorted."""
        return tuple(sorted({column for shape in self._shapes.values() for column in shape.ignored}))

    def _read(self, raw: RawRow, at: int) -> Row:
        values = raw.values
        key = tuple(values)
        shape = self._shapes.get(key)
        if shape is None:
            if len(self._shapes) > 1000:
                self._shapes.clear()
            shape = self._shapes[key] = _Shape(self._policy, self._columns, key)
        fields = shape.fields
        policy = self._policy
        given = _text(values, fields, "id")
        identity = given or f"{raw.file}:{raw.line}"
        attributes: dict[str, Any] = {}
        for column, attribute in shape.attributes:
            value = values[column]
            if value is not None and value != "":
                attributes[attribute.name] = _attribute(attribute, value)
        for name, value in (values.get("attributes") or _NOTHING).items() if shape.nested else ():
            if name not in policy.attributes:
                raise _Wrong(
                    "unknown-attribute", f"attributes/{name}", f"`{name}` is not an attribute of the policy"
                )
            attributes[name] = _attribute(policy.attributes[name], value)
        for assignment in self._assignments:
            if assignment.attribute not in attributes:
                attributes[assignment.attribute] = assignment.value_for(self._seed, identity)
        text = _text(values, fields, "text")
        input_tokens = _count(values, fields, "input_tokens")
        if input_tokens is None:
            if text is None:
                raise _Wrong("missing-field", "input_tokens", "a row needs `input_tokens` or `text`")
            input_tokens = len(text.encode()) + policy.overhead_tokens
        usage = {"input": input_tokens}
        output_tokens = _count(values, fields, "output_tokens")
        if output_tokens is None:
            raise _Wrong("missing-field", "output_tokens", "a row needs `output_tokens`")
        usage["output"] = output_tokens
        for column, meter in shape.meters:
            quantity = _integer(column, values[column])
            if quantity is not None:
                usage[meter] = quantity
        limit = _count(values, fields, "max_output_tokens")
        if limit is None or limit > policy.max_output_tokens:
            limit = policy.max_output_tokens
        expected = _count(values, fields, "expected_output_tokens")
        cost = _text(values, fields, "cost")
        context = {
            key: str(values[column]) for column, key in shape.context if values[column] not in (None, "")
        }
        needs = tuple(values.get("needs") or ()) if shape.needs else ()
        request = Request(
            identity,
            attributes.get(policy.subject) if policy.subject else _text(values, fields, "subject"),
            at,
            text,
            attributes,
            input_tokens,
            limit,
            limit if expected is None or expected > limit else expected,
            _NOTHING,
            context,
            needs,
            (values.get("classifications") or _NOTHING) if shape.classifications else _NOTHING,
            _NOTHING,
            _NOTHING,
            not (context or needs),
        )
        scores = {
            name: _decimal(column, values[column])
            for column, name in shape.scores
            if values[column] is not None and values[column] != ""
        }
        return Row(
            at,
            request,
            usage,
            scores,
            _text(values, fields, "model"),
            None if cost is None else _decimal("cost", cost),
        )

    def _instant(self, value: object) -> int:
        if value is None or value == "":
            raise _Wrong("missing-field", "at", "a row needs the instant `at`")
        match = _INSTANT.fullmatch(value) if isinstance(value, str) else None
        if match is None:
            raise _Wrong("bad-instant", "at", f"`{str(value)[:64]}` is not an instant")
        day, clock, fraction, zone = match.groups()
        if zone is None and self._timezone is None:
            message = f"`{value}` names no zone: say which with `--timezone`"
            raise _Wrong("bad-instant", "at", message)
        if zone is None and self._timezone != "UTC":
            zone = _offset(day, clock, str(self._timezone))
        elif zone is None:
            zone = "Z"
        elif len(zone) == 3:
            zone += ":00"
        elif len(zone) == 5:
            zone = f"{zone[:3]}:{zone[3:]}"
        try:
            return parse_instant(f"{day}T{clock}{fraction or ''}{zone}")
        except InvalidInstant as wrong:
            raise _Wrong("bad-instant", "at", str(wrong)) from None


class _Shape:
    """What the columns of a row mean; worked out once for each set of columns."""

    def __init__(self, policy: Policy, columns: Mapping[str, str], present: tuple[str, ...]) -> None:
        renamed = {column: field for field, column in columns.items()}
        self.fields: dict[str, str] = {}
        self.attributes: list[tuple[str, Attribute]] = []
        self.meters: list[tuple[str, str]] = []
        self.scores: list[tuple[str, str]] = []
        self.context: list[tuple[str, str]] = []
        self.needs = self.classifications = self.nested = False
        self.ignored: list[str] = []
        for column in present:
            field = renamed.get(column, column)
            if field in FIELDS:
                self.fields[field] = column
            elif field in policy.attributes:
                self.attributes.append((column, policy.attributes[field]))
            elif field.startswith("score."):
                self.scores.append((column, field.removeprefix("score.")))
            elif field.startswith("context."):
                self.context.append((column, field.removeprefix("context.")))
            elif field.startswith("usage."):
                self.meters.append((column, field.removeprefix("usage.")))
            elif field.startswith(("input.", "output.")):
                self.meters.append((column, field))
            elif field == "needs":
                self.needs = True
            elif field == "classifications":
                self.classifications = True
            elif field == "attributes":
                self.nested = True
            else:
                self.ignored.append(column)


def _text(values: Mapping[str, Any], fields: Mapping[str, str], field: str) -> str | None:
    column = fields.get(field)
    value = values.get(column) if column is not None else None
    if value is None or value == "":
        return None
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise _Wrong("wrong-type", field, f"`{str(value)[:64]}` is not text: decimals are strings")


def _count(values: Mapping[str, Any], fields: Mapping[str, str], field: str) -> int | None:
    column = fields.get(field)
    return None if column is None else _integer(field, values.get(column))


def _integer(field: str, value: object) -> int | None:
    if value is None or value == "":
        return None
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 16:
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= 9007199254740991:
        raise _Wrong("bad-quantity", field, f"`{str(value)[:64]}` is not an integer >= 0")
    return value


def _decimal(field: str, value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    try:
        if isinstance(value, str):
            return parse_decimal(value)
    except InvalidDecimal:
        pass
    raise _Wrong("bad-format", field, f"`{str(value)[:64]}` is not a decimal string")


def _attribute(attribute: Attribute, value: Any) -> Any:
    """Return the normal form of an attribute; text is taken for what the policy declares."""
    normal: Any = None
    match attribute.type:
        case "string" if isinstance(value, str):
            normal = value
        case "integer":
            normal = int(value) if isinstance(value, str) and re.fullmatch(r"-?\d{1,16}", value) else value
            if not isinstance(normal, int) or isinstance(normal, bool):
                normal = None
        case "decimal":
            normal = _decimal(attribute.name, value)
        case "boolean":
            normal = {"true": True, "false": False}.get(value) if isinstance(value, str) else value
            if not isinstance(normal, bool):
                normal = None
        case "strings" if isinstance(value, list) and all(isinstance(part, str) for part in value):
            normal = frozenset(value)
        case "strings" if isinstance(value, str):
            normal = frozenset(part.strip() for part in value.split(";"))
        case _:
            pass
    if normal is None:
        message = f"`{str(value)[:64]}` is not of type {attribute.type}"
        raise _Wrong("wrong-type", attribute.name, message)
    if attribute.values is not None and normal not in attribute.values:
        raise _Wrong(
            "not-one-of", attribute.name, f"`{str(value)[:64]}` is not a value of `{attribute.name}`"
        )
    return normal


def _offset(day: str, clock: str, timezone: str) -> str:
    """Return the offset from UTC of a wall-clock time in a zone; in a fold the earlier one."""
    try:
        naive = datetime.fromisoformat(f"{day}T{clock}")
    except ValueError:
        raise _Wrong("bad-instant", "at", f"`{day} {clock}` is not an instant") from None
    seconds = int(naive.replace(tzinfo=zone_named(timezone)).astimezone(UTC).timestamp())
    drift = int(naive.replace(tzinfo=UTC).timestamp()) - seconds
    sign = "-" if drift < 0 else "+"
    return f"{sign}{abs(drift) // 3600:02d}:{abs(drift) // 60 % 60:02d}"
