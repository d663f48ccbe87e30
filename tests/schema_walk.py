"""Walks over the schemas: every subschema, and which fields of them an instance uses."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parent.parent
SCHEMAS = ROOT / "schemas" / "v1"
EXAMPLES = SCHEMAS / "examples"

_ONE = (
    "additionalProperties",
    "unevaluatedProperties",
    "items",
    "propertyNames",
    "not",
    "if",
    "then",
    "else",
)
_MANY = ("allOf", "anyOf", "oneOf")
_NAMED = ("properties", "$defs", "dependentSchemas", "patternProperties")


class Field(NamedTuple):
    """A named property of a subschema: the schema's name, the pointer of the subschema, the property."""

    schema: str
    pointer: str
    name: str


def load_schemas() -> dict[str, dict[str, Any]]:
    """Return every schema by its name (`policy`, `defs`, ...)."""
    files = sorted(SCHEMAS.glob("*.schema.json"))
    return {file.name.split(".")[0]: json.loads(file.read_text(encoding="utf-8")) for file in files}


def subschemas(schema: Any, pointer: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the pointer and the content of every subschema that is an object, outermost first."""
    if not isinstance(schema, dict):
        return
    yield pointer, schema
    for key in _ONE:
        if key in schema:
            yield from subschemas(schema[key], f"{pointer}/{key}")
    for key in _MANY:
        for index, part in enumerate(schema.get(key, ())):
            yield from subschemas(part, f"{pointer}/{key}/{index}")
    for key in _NAMED:
        for name, part in schema.get(key, {}).items():
            yield from subschemas(part, f"{pointer}/{key}/{name}")


def fields(schemas: dict[str, dict[str, Any]]) -> set[Field]:
    """Return all named properties; those that a condition of the schema only forbids are left out."""
    return {
        Field(name, pointer, field)
        for name, schema in schemas.items()
        for pointer, part in subschemas(schema)
        if not pointer.endswith("/if")
        for field, form in part.get("properties", {}).items()
        if form is not False
    }


def fields_used(schemas: dict[str, dict[str, Any]], kind: str, instance: Any) -> set[Field]:
    """Return the named properties that `instance`, a valid document of `kind`, fills."""
    found: set[Field] = set()
    _walk(schemas, kind, "", schemas[kind], instance, found)
    return found


def _walk(
    schemas: dict[str, dict[str, Any]], name: str, pointer: str, schema: Any, value: Any, found: set[Field]
) -> None:
    if not isinstance(schema, dict):
        return
    if "$ref" in schema:
        tag, _, fragment = schema["$ref"].partition("#")
        target = tag.rpartition("/")[2] or name
        part: Any = schemas[target]
        for step in fragment.split("/")[1:]:
            part = part[step]
        _walk(schemas, target, fragment, part, value, found)
    for key in ("allOf", "anyOf", "oneOf"):
        for index, part in enumerate(schema.get(key, ())):
            _walk(schemas, name, f"{pointer}/{key}/{index}", part, value, found)
    for key in ("then", "else"):
        if _chosen(schema, key, value):
            _walk(schemas, name, f"{pointer}/{key}", schema.get(key), value, found)
    if isinstance(value, dict):
        named = schema.get("properties", {})
        for field, content in value.items():
            if field in named:
                found.add(Field(name, pointer, field))
                _walk(schemas, name, f"{pointer}/properties/{field}", named[field], content, found)
            else:
                other = schema.get("additionalProperties")
                _walk(schemas, name, f"{pointer}/additionalProperties", other, content, found)
    if isinstance(value, list):
        for item in value:
            _walk(schemas, name, f"{pointer}/items", schema.get("items"), item, found)


def _chosen(schema: dict[str, Any], key: str, value: Any) -> bool:
    """Return whether the branch `key` of the schema's `if` speaks of `value`; enough for the forms in use."""
    condition = schema.get("if")
    if condition is None:
        return False
    holds = True
    if "type" in condition:
        holds = isinstance(value, str) if condition["type"] == "string" else False
    if isinstance(value, dict):
        holds = holds and all(field in value for field in condition.get("required", ()))
        for field, form in condition.get("properties", {}).items():
            if field in value:
                allowed = form.get("enum", [form.get("const")])
                holds = holds and value[field] in allowed
    return holds is (key == "then")
