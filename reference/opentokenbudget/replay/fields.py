"""The values of a row's fields, checked as those of a request are."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ..amounts import InvalidDecimal, parse_decimal
from ..documents import schema_problems
from ..documents.characters import is_plain, string_flaw
from ..problems import Problem
from ..routing import Attribute

_MOST = 9_007_199_254_740_991
_ID_LENGTH = 256
_PLAIN_LENGTH = 1024
_INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,15})", re.ASCII)


class WrongField(Exception):
    """A field of a row is not in order."""

    def __init__(self, code: str, field: str, message: str) -> None:
        self.problem = Problem(code, f"/{field}" if field else "", message)
        super().__init__(message)


def shown(value: object) -> str:
    """Return the beginning of `value` as text, whatever it is."""
    try:
        return str(value)[:64]
    except ValueError:
        return "a number of thousands of digits"


def text_of(values: Mapping[str, Any], fields: Mapping[str, str], field: str) -> str | None:
    """Return the text of a field, None where there is none."""
    column = fields.get(field)
    value = values.get(column) if column is not None else None
    if value is None or value == "":
        return None
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return shown(value)
    raise WrongField("wrong-type", field, f"`{shown(value)}` is not text: decimals are strings")


def id_of(values: Mapping[str, Any], fields: Mapping[str, str], field: str) -> str | None:
    """Return the id in a field: short text without control or direction characters."""
    text = text_of(values, fields, field)
    if text is None or (len(text) <= _ID_LENGTH and is_plain(text)):
        return text
    form_problem({"id": text}, field)
    _characters(text, field)
    return text


def count_of(values: Mapping[str, Any], fields: Mapping[str, str], field: str) -> int | None:
    """Return the integer >= 0 in a field, None where there is none."""
    column = fields.get(field)
    return None if column is None else integer_of(field, values.get(column))


def integer_of(field: str, value: object) -> int | None:
    """Return the integer >= 0 that `value` is or says, None of nothing."""
    if value is None or value == "":
        return None
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 16:
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= _MOST:
        raise WrongField("bad-quantity", field, f"`{shown(value)}` is not an integer from 0 to {_MOST}")
    return value


def decimal_of(field: str, value: object) -> int:
    """Return the decimal that `value` says, in units of 10⁻¹²."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = shown(value)
    try:
        if isinstance(value, str):
            return parse_decimal(value)
    except InvalidDecimal:
        pass
    raise WrongField("bad-format", field, f"`{shown(value)}` is not a decimal string")


def attribute_of(attribute: Attribute, value: Any) -> Any:
    """Return the normal form of an attribute; text is taken for what the policy declares."""
    name = attribute.name
    normal: Any = None
    match attribute.type:
        case "string" if isinstance(value, str):
            normal = value
        case "integer":
            if isinstance(value, str) and _INTEGER.fullmatch(value):
                value = int(value)
            if isinstance(value, int) and not isinstance(value, bool) and abs(value) <= _MOST:
                normal = value
        case "decimal":
            normal = decimal_of(name, value)
        case "boolean":
            normal = {"true": True, "false": False}.get(value) if isinstance(value, str) else value
            if not isinstance(normal, bool):
                normal = None
        case "strings" if isinstance(value, list) and all(isinstance(part, str) for part in value):
            normal = frozenset(value)
        case "strings" if isinstance(value, str):
            normal = frozenset(part for part in map(str.strip, value.split(";")) if part)
        case _:
            pass
    if normal is None:
        raise WrongField("wrong-type", name, f"`{shown(value)}` is not of type {attribute.type}")
    for text in (normal,) if isinstance(normal, str) else normal if isinstance(normal, frozenset) else ():
        if len(text) > _PLAIN_LENGTH:
            form_problem({"attributes": {name: sorted(normal) if isinstance(normal, frozenset) else normal}})
        _characters(text, name)
    if attribute.values is not None and normal not in attribute.values:
        raise WrongField("not-one-of", name, f"`{shown(value)}` is not a value of `{name}`")
    return normal


def form_problem(form: Mapping[str, Any], field: str = "") -> None:
    """Judge `form`, a part of a request, by the form of requests.

    Raises:
        WrongField: the first thing that is wrong, at `field`, unless its own place is meant.
    """
    wrong = schema_problems({"id": "row", "input_tokens": 0, **form}, "request")
    if wrong:
        raise WrongField(wrong[0].code, field or wrong[0].pointer.lstrip("/"), wrong[0].message)


def form_parts(row: Mapping[str, Any]) -> None:
    """Judge values that `row` brings as JSON: their shape, and the characters of their texts.

    Raises:
        WrongField: the first thing that is wrong.
    """
    form_problem(row)
    pending: list[tuple[str, Any]] = list(row.items())
    while pending:
        field, value = pending.pop()
        if isinstance(value, str):
            _characters(value, field)
        elif isinstance(value, Mapping):
            pending += [(f"{field}/{key}", inner) for key, inner in value.items()]


def _characters(text: str, field: str) -> None:
    if not is_plain(text):
        flaw = string_flaw(text, None)
        if flaw is not None:
            raise WrongField(flaw.code, field, flaw.message)
