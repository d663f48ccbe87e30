"""The schemas that come with the package: read once, compiled per kind when asked for, never fetched."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from functools import cache
from typing import TYPE_CHECKING, Any

from opentokenbudget._bundled import schemas_folder

from .existence import CHECKS, with_formats

if TYPE_CHECKING:
    import jsonschema_rs

KINDS = (
    "policy",
    "catalog",
    "value-rules",
    "classifier",
    "request",
    "decision",
    "usage-record",
    "problem",
    "case",
    "report",
)
"""The kinds of documents and wire forms that have a schema."""

_TAG = "tag:opentokenbudget,2026:v1/"
_IN_PLACE = ("allOf", "anyOf", "oneOf")
_IN_PLACE_SINGLE = ("if", "then", "else")


@cache
def schema(name: str) -> dict[str, Any]:
    """Return the schema named `name` (a kind, or `defs`) as data.

    Raises:
        OSError: the package does not hold it.
    """
    path = schemas_folder() / "v1" / f"{name}.schema.json"
    return with_formats(json.loads(path.read_bytes()))


@cache
def validator(kind: str) -> jsonschema_rs.Draft202012Validator:
    """Return the compiled validator of `kind`."""
    import jsonschema_rs

    resources = {name: schema(name) for name in sorted(_needed(kind))}
    registry = jsonschema_rs.Registry([(f"{_TAG}{name}", data) for name, data in resources.items()])
    return jsonschema_rs.Draft202012Validator(
        schema(kind), registry=registry, offline=True, formats=CHECKS, validate_formats=True
    )


def enclosing(kind: str, path: Iterable[str | int]) -> list[dict[str, Any]]:
    """Return the subschemas on the evaluation path `path` from the schema of `kind`, the outermost first."""
    name = kind
    node: Any = schema(kind)
    passed: list[dict[str, Any]] = [node]
    for step in path:
        if step == "$ref" and isinstance(node, dict):
            name, node = _referred(name, node["$ref"])
        else:
            try:
                node = node[step]
            except (KeyError, IndexError, TypeError):
                break
        if isinstance(node, dict):
            passed.append(node)
    return passed


def at_location(location: str) -> list[dict[str, Any]]:
    """Return the subschemas that enclose the keyword at the absolute `location`, the outermost first."""
    uri, _, fragment = location.partition("#")
    steps = [_step(step) for step in fragment.split("/")[1:]]
    return enclosing(uri.removeprefix(_TAG), steps)


def property_names(kind: str, node: dict[str, Any], value: Any = None) -> frozenset[str]:
    """Return the names of all properties that `node`, met in the schema of `kind`, speaks of in place.

    With a `value`, of an `if` only the branch that the value takes counts.
    """
    names: set[str] = set()
    seen: set[int] = set()
    pending = [(kind, node)]
    while pending:
        name, current = pending.pop()
        if id(current) in seen:
            continue
        seen.add(id(current))
        names.update(current.get("properties", ()))
        if "$ref" in current:
            where, target = _referred(name, current["$ref"])
            pending.append((where, target))
        pending.extend((name, branch) for branch in _in_place(current, value))
    return frozenset(names)


def _in_place(node: dict[str, Any], value: Any = None) -> Iterator[dict[str, Any]]:
    for keyword in _IN_PLACE:
        yield from (branch for branch in node.get(keyword, ()) if isinstance(branch, dict))
    singles: tuple[str, ...] = _IN_PLACE_SINGLE
    if value is not None and "if" in node:
        import jsonschema_rs

        singles = ("if", "then" if jsonschema_rs.is_valid(node["if"], value) else "else")
    for keyword in singles:
        if isinstance(node.get(keyword), dict):
            yield node[keyword]
    yield from (branch for branch in node.get("dependentSchemas", {}).values() if isinstance(branch, dict))


def _referred(name: str, reference: str) -> tuple[str, dict[str, Any]]:
    uri, _, fragment = reference.partition("#")
    target = uri.removeprefix(_TAG) if uri else name
    node: Any = schema(target)
    for step in fragment.split("/")[1:]:
        node = node[_step(step)]
    return target, node


def _step(step: str) -> str:
    if "%" in step:
        from urllib.parse import unquote

        step = unquote(step)
    return step.replace("~1", "/").replace("~0", "~")


def _needed(kind: str) -> set[str]:
    """Return the names of `kind` and of all schemas that it refers to, through others too."""
    needed: set[str] = set()
    pending = [kind]
    while pending:
        name = pending.pop()
        if name not in needed:
            needed.add(name)
            pending.extend(_names_in(schema(name)))
    return needed


def _names_in(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        reference = node.get("$ref")
        if isinstance(reference, str) and reference.startswith(_TAG):
            yield reference.partition("#")[0].removeprefix(_TAG)
        for child in node.values():
            yield from _names_in(child)
    elif isinstance(node, list):
        for child in node:
            yield from _names_in(child)
