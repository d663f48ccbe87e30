"""The schemas: valid, closed, exemplified, and read alike by two validators."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, ValidationError
from jsonschema.validators import extend
from referencing import Registry, Resource

from plain_yaml import read_plain
from schema_walk import EXAMPLES, ROOT, fields, fields_used, load_schemas, subschemas

SCHEMAS = load_schemas()
FILES = sorted(file for file in EXAMPLES.iterdir() if file.suffix in (".yaml", ".json"))
KINDS = (
    "catalog",
    "value-rules",
    "policy",
    "request",
    "decision",
    "usage-record",
    "problem",
    "case",
    "classifier",
    "report",
)

REGISTRY = Registry().with_resources(
    (schema["$id"], Resource.from_contents(schema)) for schema in SCHEMAS.values()
)


def _pattern(_validator: Any, pattern: str, value: Any, _schema: Any) -> Iterator[ValidationError]:
    # Python's `$` also matches before a last line feed; JSON Schema's does not.
    exact = pattern[:-1] + r"\Z" if pattern.endswith("$") else pattern
    if isinstance(value, str) and re.search(exact, value) is None:
        yield ValidationError(f"{value!r} does not match {pattern!r}")


Oracle = extend(Draft202012Validator, {"pattern": _pattern})
ORACLES = {kind: Oracle(schema, registry=REGISTRY) for kind, schema in SCHEMAS.items()}
FAST = {
    kind: jsonschema_rs.Draft202012Validator(
        schema,
        registry=jsonschema_rs.Registry([(other["$id"], other) for other in SCHEMAS.values()]),
    )
    for kind, schema in SCHEMAS.items()
}


def kind_of(file: Path) -> str:
    return file.name.split(".")[0]


DOCUMENTS = {file.name: read_plain(file) for file in FILES}


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_schema_is_a_valid_2020_12_schema(name: str) -> None:
    """A schema is itself valid, and carries the tag of its name."""
    Draft202012Validator.check_schema(SCHEMAS[name])
    assert SCHEMAS[name]["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert SCHEMAS[name]["$id"] == f"tag:opentokenbudget,2026:v1/{name}"


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_a_smallest_and_a_full_example(kind: str) -> None:
    """Every kind has both examples; a usage record has both of each of its three kinds."""
    suffix = {"usage-record": ("decision.", "attempt.", "adjustment.")}.get(kind, ("",))
    have = {name.rsplit(".", 1)[0] for name in DOCUMENTS}
    assert {f"{kind}.{part}{size}" for part in suffix for size in ("smallest", "full")} <= have


@pytest.mark.parametrize("name", DOCUMENTS)
def test_both_validators_accept_every_example(name: str) -> None:
    """An example is valid for jsonschema and for jsonschema-rs."""
    kind, document = name.split(".")[0], DOCUMENTS[name]
    assert [error.message for error in ORACLES[kind].iter_errors(document)] == []
    assert FAST[kind].is_valid(document)


def test_every_field_of_every_schema_stands_in_an_example() -> None:
    """No field is without an example, fields that exclude each other in several of them."""
    used = set()
    for name, document in DOCUMENTS.items():
        used |= fields_used(SCHEMAS, name.split(".")[0], document)
    missing = {field for field in fields(SCHEMAS) if field.schema in (*KINDS, "defs")} - used
    assert sorted(missing) == []


@pytest.mark.parametrize(
    "file", [file for file in FILES if file.suffix == ".yaml"], ids=lambda file: file.name
)
def test_yaml_examples_name_their_schema_to_editors(file: Path) -> None:
    """The first line of a YAML example points an editor to a schema that is there."""
    first = file.read_text(encoding="utf-8").partition("\n")[0]
    prefix = "# yaml-language-server: $schema="
    assert first.startswith(prefix)
    assert (file.parent / first.removeprefix(prefix)).resolve().name == f"{kind_of(file)}.schema.json"
    assert (file.parent / first.removeprefix(prefix)).is_file()


def test_every_requirement_that_a_schema_names_is_in_the_spec() -> None:
    """`x-requirement` names only requirements of spec/requirements.json."""
    known = {
        row["id"] for row in json.loads((ROOT / "spec" / "requirements.json").read_text())["requirements"]
    }
    named = set()
    for schema in SCHEMAS.values():
        for _, part in subschemas(schema):
            speaks = part.get("x-requirement", {})
            named |= {speaks} if isinstance(speaks, str) else set(speaks.values())
    assert named
    assert named - known == set()


# Open on purpose: the content of an extension is its owner's.
OPEN = {("defs", "/$defs/extensions/additionalProperties")}
# Closed by the record around them (`unevaluatedProperties`).
PARTS = {("usage-record", f"/$defs/{part}") for part in ("decision", "attempt", "adjustment")}
_CONDITIONAL = re.compile(r"/(if|then|else|allOf/[0-9]+|dependentSchemas/[^/]+)$")


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_object_that_names_fields_is_closed(name: str) -> None:
    """A misspelt field is never read as an extension of the format."""
    open_parts = {
        (name, pointer)
        for pointer, part in subschemas(SCHEMAS[name])
        if "properties" in part
        and not _CONDITIONAL.search(pointer)
        and "additionalProperties" not in part
        and "unevaluatedProperties" not in part
    }
    assert open_parts <= OPEN | PARTS


VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**60), 2**60),
    st.sampled_from(
        ["", "0", "1", "-1", "1.5", "1e3", "01", "a", "A b", "x\n", "1.0", "null", "9" * 40, "\u202e"]
    ),
    st.text(max_size=6).filter(lambda text: not any("\ud800" <= char <= "\udfff" for char in text)),
    st.just([]),
    st.just({}),
    st.just(["a", "a"]),
    st.just({"when": {}}),
)


def _places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from _places(item, (*path, key))


def _at(document: Any, path: tuple[Any, ...]) -> Any:
    for step in path:
        document = document[step]
    return document


PLACES = {name: list(_places(document)) for name, document in DOCUMENTS.items()}


@st.composite
def mutations(draw: st.DrawFn) -> tuple[str, Any]:
    """An example in which one value is deleted, replaced, or joined by a field that nobody knows."""
    name = draw(st.sampled_from(sorted(DOCUMENTS)))
    document = copy.deepcopy(DOCUMENTS[name])
    path = draw(st.sampled_from(PLACES[name]))
    action = draw(st.sampled_from(("delete", "replace", "add")))
    target = _at(document, path)
    if action == "add" and isinstance(target, dict):
        target[draw(st.sampled_from(("nobody_knows", "Odd Key", "é", "id", "when", "deny", "a.b")))] = draw(
            VALUES
        )
    elif not path:
        document = draw(VALUES)
    elif action == "delete":
        del _at(document, path[:-1])[path[-1]]
    else:
        _at(document, path[:-1])[path[-1]] = draw(VALUES)
    return name.split(".")[0], document


@settings(max_examples=600, deadline=None)
@given(mutations())
def test_two_validators_say_the_same_of_mutated_examples(mutation: tuple[str, Any]) -> None:
    """jsonschema, the oracle, and jsonschema-rs, which runs, accept and refuse the same documents."""
    kind, document = mutation
    assert FAST[kind].is_valid(document) == ORACLES[kind].is_valid(document)


def test_two_validators_say_the_same_of_every_case() -> None:
    """Both validators accept every conformance case, and judge the documents in it alike."""
    judged = 0
    for file in sorted((ROOT / "conformance" / "cases").rglob("*.yaml")):
        case = read_plain(file)
        assert FAST["case"].is_valid(case), file.name
        assert ORACLES["case"].is_valid(case), file.name
        for document in (*case.get("given", {}).values(), *_documents_in(case["steps"])):
            kind = document.get("kind") if isinstance(document, dict) else None
            if kind in FAST:
                judged += 1
                assert FAST[kind].is_valid(document) == ORACLES[kind].is_valid(document), file.name
    assert judged > 400


def _documents_in(steps: list[dict[str, Any]]) -> Iterator[Any]:
    for step in steps:
        args = step.get("args", {})
        yield from (args[name] for name in ("document", "record", "request") if name in args)


CLOSED_PLACES = [
    (name, path)
    for name in sorted(DOCUMENTS)
    for path in PLACES[name]
    if isinstance(_at(DOCUMENTS[name], path), dict)
    # What stands in these is the owner's, another document's, or keyed freely.
    and not {"extensions", "given", "args", "result"} & set(path)
]


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(CLOSED_PLACES))
def test_a_key_of_no_grammar_is_refused_wherever_it_stands(place: tuple[str, tuple[Any, ...]]) -> None:
    """A key that no field and no grammar of names allows is refused by both validators."""
    name, path = place
    kind = name.split(".")[0]
    if {"of", "quality", "quality_floor", "utilization", "exact", "decimal", "one_of", "set", "counts"} & set(
        path
    ):
        return
    document = copy.deepcopy(DOCUMENTS[name])
    _at(document, path)["Odd Key"] = {"a": []}
    assert not ORACLES[kind].is_valid(document)
    assert not FAST[kind].is_valid(document)
