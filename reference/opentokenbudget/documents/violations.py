"""One violation of a schema in words: what stands there, and what was expected."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from opentokenbudget.problems import did_you_mean

from .wording import listed, shown

CODES = {
    "additionalProperties": "unknown-field",
    "unevaluatedProperties": "unknown-field",
    "required": "missing-field",
    "dependentRequired": "missing-field",
    "type": "wrong-type",
    "enum": "not-one-of",
    "const": "not-one-of",
    "pattern": "bad-format",
    "format": "bad-format",
    "minimum": "out-of-range",
    "maximum": "out-of-range",
    "exclusiveMinimum": "out-of-range",
    "exclusiveMaximum": "out-of-range",
    "minItems": "out-of-range",
    "maxItems": "out-of-range",
    "minLength": "out-of-range",
    "maxLength": "out-of-range",
    "minProperties": "out-of-range",
    "maxProperties": "out-of-range",
    "uniqueItems": "duplicate-item",
    "anyOf": "missing-alternative",
    "oneOf": "missing-alternative",
    "not": "conflicting-fields",
    "falseSchema": "conflicting-fields",
    "propertyNames": "bad-name",
}
"""The problem code of each keyword, where the schema names none by `x-code`."""

_TYPES = {
    "string": "a string",
    "integer": "an integer",
    "number": "a number",
    "boolean": "`true` or `false`",
    "object": "a mapping",
    "array": "a list",
    "null": "`null`",
}
_YAML_1_1 = {
    "yes": "true", "on": "true", "True": "true", "TRUE": "true", "Yes": "true", "YES": "true", "On": "true",
    "no": "false", "off": "false", "False": "false", "FALSE": "false", "No": "false", "NO": "false",
    "Off": "false",
    "~": "null", "Null": "null", "NULL": "null",
}  # fmt: skip
_COUNTED = {"Items": "items", "Length": "characters", "Properties": "members"}


def describe(keyword: str, node: dict[str, Any], value: Any) -> str:
    """Return what is wrong with `value` under `keyword` of the subschema `node`."""
    expects = node.get("x-expects")
    writer = _WRITERS.get(keyword)
    if writer is not None:
        return writer(node, value, expects)
    if keyword[:3] in ("min", "max") and keyword[3:] in _COUNTED:
        return _count(keyword, node, value, expects)
    return f"{shown(value)} is not allowed here" + (f": expected {expects}" if expects else "")


def alternatives(node: dict[str, Any], keyword: str) -> list[str]:
    """Return the fields one of which each branch of `anyOf` or `oneOf` requires."""
    return [
        name
        for branch in node.get(keyword, ())
        if isinstance(branch, dict)
        for name in branch.get("required", ())
    ]


def repeated(items: list[Any]) -> list[int]:
    """Return the indices of the items that equal one before them, as JSON compares (`true` is not `1`)."""
    seen: set[str] = set()
    found: list[int] = []
    for index, item in enumerate(items):
        written = json.dumps(item, sort_keys=True)
        if written in seen:
            found.append(index)
        seen.add(written)
    return found


def _type(node: dict[str, Any], value: Any, expects: str | None) -> str:
    types = node["type"] if isinstance(node["type"], list) else [node["type"]]
    if expects is None or "oneOf" in node or "anyOf" in node:
        expects = " or ".join(_TYPES[name] for name in types)
    hint = ""
    if isinstance(value, str):
        meant = _YAML_1_1.get(value, "")
        if ("boolean" in types and meant in ("true", "false")) or ("null" in types and meant == "null"):
            hint = f": write `{meant}`"
        elif "integer" in types and value.isascii() and value.isdigit():
            hint = f": write `{value}` without quotes"
    elif isinstance(value, int) and "pattern" in node and re.search(node["pattern"], json.dumps(value)):
        hint = f': write `"{json.dumps(value)}"`'
    is_shown = f"the string {shown(value)}" if isinstance(value, str) else shown(value)
    return f"is {is_shown}, expected {expects}{hint}"


def _enum(node: dict[str, Any], value: Any, expects: str | None) -> str:
    options = node["enum"] if "enum" in node else [node["const"]]
    words = [option for option in options if isinstance(option, str)]
    expected = listed(words) if len(words) == len(options) else ", ".join(shown(option) for option in options)
    few = "" if len(options) == 1 else "one of "
    near = did_you_mean(value, words) if isinstance(value, str) else ""
    return f"is {shown(value)}, expected {few}{expected}{near}"


def _form(node: dict[str, Any], value: Any, expects: str | None) -> str:
    return f"is {shown(value)}, expected {expects or 'another form'}"


def _bound(side: str, keyword: str) -> Callable[[dict[str, Any], Any, str | None], str]:
    return lambda node, value, expects: f"is {shown(value)}, {side} `{node.get(keyword)}`"


def _count(keyword: str, node: dict[str, Any], value: Any, expects: str | None) -> str:
    if expects and keyword in ("minItems", "minProperties", "minLength"):
        return f"is empty, expected {expects}" if not value else f"expected {expects}"
    side = "at least" if keyword.startswith("min") else "at most"
    counted = _COUNTED[keyword[3:]]
    limit = node.get(keyword)
    return f"has {len(value)} {counted if len(value) != 1 else counted[:-1]}, {side} {limit} expected"


def _missing(keyword: str) -> Callable[[dict[str, Any], Any, str | None], str]:
    def write(node: dict[str, Any], value: Any, expects: str | None) -> str:
        if expects:
            return f"expected {expects}"
        names = alternatives(node, keyword)
        return (
            f"one of {listed(names)} is needed"
            if names
            else f"{shown(value)} has none of the forms allowed here"
        )

    return write


_WRITERS: dict[str, Callable[[dict[str, Any], Any, str | None], str]] = {
    "type": _type,
    "enum": _enum,
    "const": _enum,
    "pattern": _form,
    "format": _form,
    "minimum": _bound("below the least", "minimum"),
    "maximum": _bound("above the most", "maximum"),
    "exclusiveMinimum": _bound("expected more than", "exclusiveMinimum"),
    "exclusiveMaximum": _bound("expected less than", "exclusiveMaximum"),
    "anyOf": _missing("anyOf"),
    "oneOf": _missing("oneOf"),
}
