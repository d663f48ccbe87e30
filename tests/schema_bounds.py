"""The bounds that the schemas set, at the places of documents where they hold."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mutations import Path
from schema_walk import load_schemas

SCHEMAS = load_schemas()
_IN_PLACE = ("allOf", "anyOf", "oneOf")
_BRANCHES = ("then", "else")


def nodes_at(kind: str, path: Path) -> list[dict[str, Any]]:
    """Return all subschemas that speak of the value at `path` of a document of `kind`, in whichever branch."""
    nodes = list(_in_place(kind, SCHEMAS[kind]))
    for step in path:
        nodes = [inner for name, node in nodes for inner in _below(name, node, step)]
    return [node for _, node in nodes]


def names_at(kind: str, path: Path) -> list[dict[str, Any]]:
    """Return all subschemas that speak of the keys of the mapping at `path`."""
    return [node["propertyNames"] for node in nodes_at(kind, path) if "propertyNames" in node]


def _below(name: str, node: dict[str, Any], step: str | int) -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(step, int):
        inner = node.get("items")
    else:
        inner = node.get("properties", {}).get(step, node.get("additionalProperties"))
    if isinstance(inner, dict):
        yield from _in_place(name, inner)


def _in_place(name: str, node: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    yield name, node
    if "$ref" in node:
        tag, _, fragment = node["$ref"].partition("#")
        name = tag.rpartition("/")[2] or name
        target: Any = SCHEMAS[name]
        for step in fragment.split("/")[1:]:
            target = target[step]
        yield from _in_place(name, target)
    for key in _IN_PLACE:
        for branch in node.get(key, ()):
            yield from _in_place(name, branch)
    for key in _BRANCHES:
        if isinstance(node.get(key), dict):
            yield from _in_place(name, node[key])


def values_at_bounds(value: Any, nodes: list[dict[str, Any]], *, largest: int) -> Iterator[Any]:
    """Yield what stands just inside and just outside each bound that `nodes` set for `value`.

    Args:
        largest: bounds above it are left out, for they need large documents.
    """
    for node in nodes:
        yield from node.get("enum", ())
        for keyword, step in (("minimum", -1), ("maximum", 1)):
            if keyword in node:
                yield from (node[keyword], node[keyword] + step)
        for type_, counted in ((str, "Length"), (list, "Items"), (dict, "Properties")):
            most, least = node.get(f"max{counted}"), node.get(f"min{counted}")
            if not isinstance(value, type_) or not value:
                continue
            if most is not None and most <= largest:
                yield from (sized(value, most), sized(value, most + 1))
            if least:
                yield from (sized(value, least), sized(value, least - 1))


def sized(value: Any, size: int) -> Any:
    """Return a text, list or mapping like `value`, not empty, with `size` characters, items or members."""
    if isinstance(value, str):
        return (value + value[-1] * size)[:size]
    if isinstance(value, list):
        return [value[index] if index < len(value) else _another(value[-1], index) for index in range(size)]
    last = list(value)[-1]
    keys = [*value, *(f"{last}{index}" for index in range(size))][:size]
    return {key: value.get(key, value[last]) for key in keys}


def _another(item: Any, index: int) -> Any:
    return f"{item}{index}" if isinstance(item, str) else item
