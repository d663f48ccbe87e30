"""The typed models: they accept what the schemas accept, nothing else, and keep all of it."""

from __future__ import annotations

import ast
import copy
import os
import pickle
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import event, example, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from pydantic import BaseModel, TypeAdapter, ValidationError

import opentokenbudget as otb
from mutations import fragments, mutated, places, replaced, wrong_values
from opentokenbudget.documents import KINDS, schema_problems
from opentokenbudget.documents.models import texts
from opentokenbudget.documents.models.converting import adapter
from opentokenbudget.problems import Problem, ProblemError
from schema_bounds import names_at, nodes_at, values_at_bounds
from strategies_wire_forms import BY_KIND
from test_schemas import DOCUMENTS, FAST, ORACLES, SCHEMAS

models = otb.models
REFERENCE = Path(otb.__file__).parent
EXAMPLES = {kind: [data for name, data in DOCUMENTS.items() if name.split(".")[0] == kind] for kind in KINDS}
FRAGMENTS = {kind: fragments(EXAMPLES[kind]) for kind in KINDS}
# More than the run of every day needs:
# `OTB_MODELS_EXAMPLES=2000 OTB_MODELS_SIZE=100000 OTB_MODELS_WIDE=1 pytest tests/test_models.py`.
EXAMPLES_PER_KIND = int(os.environ.get("OTB_MODELS_EXAMPLES", "200"))
LARGEST_SIZE = int(os.environ.get("OTB_MODELS_SIZE", "10000"))
WIDE = bool(os.environ.get("OTB_MODELS_WIDE"))


def accepted(kind: str, data: Any) -> BaseModel | None:
    """Return the model of `data`, by the model alone, or None when it refuses."""
    try:
        model: BaseModel = adapter(kind).validate_python(data)
    except ValidationError:
        return None
    return model


def model_or_problems(kind: str, data: Any) -> tuple[Any, tuple[Problem, ...]]:
    try:
        return models.model_of(kind, data), ()
    except ProblemError as error:
        return None, error.problems


def documents(kind: str) -> st.SearchStrategy[Any]:
    """Documents of `kind`, from the examples and from scratch, after 0 to 3 mutations."""
    written = st.sampled_from(EXAMPLES[kind]) | BY_KIND[kind]
    mutation = mutated(FRAGMENTS[kind])
    once = written.flatmap(mutation)
    return st.one_of(
        BY_KIND[kind], once, once, once.flatmap(mutation), once.flatmap(mutation).flatmap(mutation)
    )


@pytest.mark.parametrize("kind", KINDS)
def test_a_model_accepts_what_the_schema_accepts(kind: str) -> None:
    """Model, jsonschema and jsonschema-rs give one verdict on any document, and a model gives back its data."""

    @settings(max_examples=EXAMPLES_PER_KIND, deadline=None)
    @given(documents(kind))
    def agree(data: Any) -> None:
        model = accepted(kind, data)
        event("accepted" if model is not None else "refused")
        assert (model is not None) == ORACLES[kind].is_valid(data)
        assert (model is not None) == FAST[kind].is_valid(data)
        if model is not None:
            assert models.document_of(model) == data
            assert accepted(kind, copy.deepcopy(data)) == model
            assert hash(accepted(kind, copy.deepcopy(data))) == hash(model)

    agree()


@pytest.mark.parametrize("name", DOCUMENTS)
def test_no_place_of_an_example_is_read_otherwise_than_by_the_schema(name: str) -> None:
    """At every place of every example, each of many wrong values gets one verdict from model and schema."""
    kind, document = name.split(".")[0], DOCUMENTS[name]
    validate, is_valid = adapter(kind).validate_python, FAST[kind].is_valid
    wrong = []
    for path, value in places(document):
        for other in wrong_values(value, wide=WIDE):
            data = replaced(document, path, other)
            try:
                validate(data)
            except ValidationError:
                accepts = False
            else:
                accepts = True
            if accepts != is_valid(data):
                wrong.append((path, other))
    assert wrong == []


def disagreements(kind: str, candidates: Iterable[Any]) -> list[Any]:
    """Return those of `candidates` on which the model and the validator differ."""
    return [data for data in candidates if (accepted(kind, data) is not None) != FAST[kind].is_valid(data)]


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_bound_of_a_schema_is_the_models_own(name: str) -> None:
    """Just inside and just outside of every least, most, length and size, verdicts agree."""
    kind, document = name.split(".")[0], DOCUMENTS[name]
    candidates = []
    for path, value in places(document):
        others = values_at_bounds(value, nodes_at(kind, path), largest=LARGEST_SIZE)
        candidates += [replaced(document, path, other) for other in others]
        for old in value if isinstance(value, dict) else ():
            keys = values_at_bounds(old, names_at(kind, path), largest=LARGEST_SIZE)
            candidates += [replaced(document, path, {**value, key: value[old]}) for key in keys]
    assert disagreements(kind, candidates) == []


def words_of(schema: Any) -> Iterator[str]:
    """Yield every word that an enumeration or a constant of `schema` allows."""
    if isinstance(schema, dict):
        yield from (word for word in (*schema.get("enum", ()), schema.get("const")) if isinstance(word, str))
    for inner in schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ():
        yield from words_of(inner)


WORDS = {kind: sorted({*words_of(SCHEMAS[kind]), *words_of(adapter(kind).json_schema())}) for kind in KINDS}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_word_and_every_field_is_known_to_both(name: str) -> None:
    """Where words are enumerated each word of schema or model, and in a form each field, gets one verdict."""
    kind, document = name.split(".")[0], DOCUMENTS[name]
    candidates = []
    for path, value in places(document):
        nodes = nodes_at(kind, path)
        if any("enum" in node or "const" in node for node in nodes):
            candidates += [replaced(document, path, word) for word in WORDS[kind]]
        for field in {field for node in nodes for field in node.get("properties", ())}:
            for item in FRAGMENTS[kind].get(field, ())[:2] if isinstance(value, dict) else ():
                candidates.append(replaced(document, path, {**value, field: item}))
    assert disagreements(kind, candidates) == []


DEFINITIONS = {
    "attributeName": texts.AttributeName,
    "clock": texts.Clock,
    "currency": texts.Currency,
    "date": texts.Date,
    "decimal": texts.DecimalText,
    "digest": texts.Digest,
    "duration": texts.Duration,
    "id": texts.Id,
    "instant": texts.Instant,
    "label": texts.Label,
    "meter": texts.Meter,
    "modelId": texts.ModelId,
    "moment": texts.Moment,
    "requestId": texts.RequestId,
    "semver": texts.SemanticVersion,
    "share": texts.Share,
    "signedDecimal": texts.SignedDecimalText,
    "timezone": texts.TimeZone,
    "version": texts.Version,
}


def test_every_definition_of_a_text_has_a_type_of_the_same_pattern() -> None:
    """The texts that the schemas define and the types of the models have one pattern and one length."""
    defined = {
        name: {key: node[key] for key in ("pattern", "minLength", "maxLength") if key in node}
        for name, node in SCHEMAS["defs"]["$defs"].items()
        if node.get("type") == "string" and "pattern" in node
    }
    typed = {name: TypeAdapter(type_).json_schema() for name, type_ in DEFINITIONS.items()}
    for schema in typed.values():
        assert schema.pop("type") == "string"
    assert typed == defined


@settings(max_examples=EXAMPLES_PER_KIND * 2, deadline=None)
@given(st.data())
def test_a_type_accepts_the_texts_that_its_definition_accepts(data: st.DataObject) -> None:
    """A text that a definition matches, or nearly matches, gets one verdict from type, oracle and validator."""
    name = data.draw(st.sampled_from(sorted(DEFINITIONS)))
    text = data.draw(st.from_regex(SCHEMAS["defs"]["$defs"][name]["pattern"], fullmatch=True))
    text = data.draw(st.sampled_from([text, *(item for item in wrong_values(text) if isinstance(item, str))]))
    reference = {"$ref": f"tag:opentokenbudget,2026:v1/defs#/$defs/{name}"}
    try:
        TypeAdapter(DEFINITIONS[name]).validate_python(text)
    except ValidationError:
        accepts = False
    else:
        accepts = True
    assert accepts == ORACLES["policy"].evolve(schema=reference).is_valid(text)


@pytest.mark.parametrize("name", DEFINITIONS)
def test_no_text_ends_in_a_line_feed(name: str) -> None:
    """A line feed after a text that is right makes it wrong: `$` is the end, whatever Python's engine says."""
    node = SCHEMAS["defs"]["$defs"][name]
    strategy = st.from_regex(node["pattern"].removesuffix("$") + r"\Z").filter(
        lambda text: len(text) < node.get("maxLength", 10_000)
    )

    @settings(max_examples=5, deadline=None)
    @given(strategy)
    def refuses(text: str) -> None:
        checked = TypeAdapter(DEFINITIONS[name])
        assert checked.validate_python(text) == text
        with pytest.raises(ValidationError):
            checked.validate_python(f"{text}\n")

    refuses()


def test_a_version_with_a_line_feed_is_refused_by_all() -> None:
    """`1.0` and a line feed is no version for the model, the oracle, the validator at run time, or `model_of`."""
    data = {**DOCUMENTS["value-rules.smallest.yaml"], "otb": "1.0\n"}
    assert accepted("value-rules", data) is None
    assert not ORACLES["value-rules"].is_valid(data)
    assert not FAST["value-rules"].is_valid(data)
    with pytest.raises(ProblemError) as caught:
        models.model_of("value-rules", data)
    assert [(problem.code, problem.pointer) for problem in caught.value.problems] == [("bad-format", "/otb")]
    # Why the oracle reads `$` as ECMA-262 does: the library alone takes Python's reading (schemas/v1/README.md).
    assert Draft202012Validator(SCHEMAS["defs"]["$defs"]["version"]).is_valid("1.0\n")


@settings(max_examples=EXAMPLES_PER_KIND, deadline=None)
@given(st.sampled_from(KINDS).flatmap(lambda kind: st.tuples(st.just(kind), documents(kind))))
@example(("policy", []))
@example(("policy", {1: 2}))
@example(("request", {"id": "a", "input_tokens": 1.5}))
@example(("request", {"id": "\ud800", "input_tokens": 1}))
@example(("usage-record", {"record": ["decision"]}))
def test_model_of_answers_with_the_problems_of_the_schema(drawn: tuple[str, Any]) -> None:
    """`model_of` gives a model or raises our problems, in our words."""
    kind, data = drawn
    shape = schema_problems(data, kind)
    model, problems = model_or_problems(kind, data)
    if model is not None:
        assert shape == ()
        assert models.document_of(model) == data
        return
    assert problems
    # What cannot be read as a document of this kind at all is not held against its schema.
    envelope = {"unsupported-version", "unsupported-extension", "wrong-kind", "unknown-kind", "wrong-type"}
    assert set(shape) <= set(problems) or {problem.code for problem in problems} <= envelope
    assert set(problems) - set(shape) == {problem for problem in problems if problem.code in envelope} - set(
        shape
    )
    words = " ".join(problem.message for problem in problems)
    assert "ydantic" not in words
    assert "Input should" not in words
    assert "the model of" not in words


def test_model_of_refuses_what_is_no_kind() -> None:
    """A kind that nobody knows is a problem, not a missing file."""
    with pytest.raises(ProblemError) as caught:
        models.model_of("polisy", {})
    assert caught.value.code == "unknown-kind"


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("policy", {**DOCUMENTS["policy.smallest.yaml"], "kind": "catalog"}),
        ("policy", {**DOCUMENTS["policy.smallest.yaml"], "otb": "1.9"}),
        ("policy", {**DOCUMENTS["policy.smallest.yaml"], "extensions": {"a.b": {"required": True}}}),
        ("policy", {**DOCUMENTS["policy.smallest.yaml"], "timezone": "No/Such_Zone"}),
    ],
)
def test_model_of_checks_more_than_the_shape(kind: str, data: Any) -> None:
    """Another kind, a newer version, an unknown extension, a zone that does not exist: each is a problem."""
    with pytest.raises(ProblemError):
        models.model_of(kind, data)


def forms(value: Any) -> Any:
    """Yield `value` and every form inside it."""
    if isinstance(value, BaseModel):
        yield value
        for _, item in value:
            yield from forms(item)
    elif isinstance(value, dict):
        for item in value.values():
            yield from forms(item)
    elif isinstance(value, tuple):
        for item in value:
            yield from forms(item)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_model_never_changes(name: str) -> None:
    """No field, mapping or list of a model can be changed, and each form can be hashed and pickled."""
    model = models.model_of(name.split(".")[0], DOCUMENTS[name])
    for form in forms(model):
        assert hash(form) == hash(form.model_copy())
        with pytest.raises(ValidationError):
            setattr(form, next(iter(type(form).model_fields)), None)
        for _, value in form:
            assert not isinstance(value, (list, set))
            if isinstance(value, dict):
                assert isinstance(value, models.FrozenDict)
    assert pickle.loads(pickle.dumps(model)) == model
    assert copy.deepcopy(model) == model


@pytest.mark.parametrize(
    "change",
    [
        lambda mapping: mapping.update(a=2),
        lambda mapping: mapping.clear(),
        lambda mapping: mapping.pop("a"),
        lambda mapping: mapping.popitem(),
        lambda mapping: mapping.setdefault("b", 1),
        lambda mapping: mapping.__setitem__("a", 2),
        lambda mapping: mapping.__delitem__("a"),
        lambda mapping: mapping.__ior__({"a": 2}),
    ],
)
def test_a_frozen_mapping_refuses_every_change(change: Any) -> None:
    """Each way to change a dict raises, and leaves it as it was."""
    mapping = models.FrozenDict({"a": 1})
    with pytest.raises(TypeError):
        change(mapping)
    assert mapping == {"a": 1}


def test_a_document_can_be_written_in_python() -> None:
    """Forms that are built by hand are the document that an author would have written."""
    policy = models.PolicyDocument(
        otb="1.0",
        kind="policy",
        id="desk",
        version="1.0.0",
        catalog=models.Reference(path="prices.yaml"),
        tiers=(models.Tier(id="small", models=("a/b",)),),
        rules=(
            models.Rule(
                id="eu",
                when=models.Condition(task="fraud", **{"not": {"plan": ["free", "pro"]}}),
                tier="small",
            ),
        ),
        default=models.DefaultRoute(tier="small"),
    )
    assert models.document_of(policy) == {
        "otb": "1.0",
        "kind": "policy",
        "id": "desk",
        "version": "1.0.0",
        "catalog": {"path": "prices.yaml"},
        "tiers": [{"id": "small", "models": ["a/b"]}],
        "rules": [{"id": "eu", "when": {"task": "fraud", "not": {"plan": ["free", "pro"]}}, "tier": "small"}],
        "default": {"tier": "small"},
    }
    assert policy.rules is not None
    assert policy.rules[0].when is not None
    assert policy.rules[0].when.tests == {"task": "fraud"}


def test_a_field_that_is_absent_reads_none_and_one_that_is_given_is_never_null() -> None:
    """Leaving a field out and giving `null` are two things, and only the first is allowed."""
    assert models.Tier(id="a", models=("b",)).select is None
    with pytest.raises(ValidationError):
        models.Tier(id="a", models=("b",), select=None)


def test_only_the_models_import_pydantic() -> None:
    """No file outside the models imports pydantic."""
    wrong = []
    for path in REFERENCE.rglob("*.py"):
        if path.parent == REFERENCE / "documents" / "models":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            wrong += [str(path) for name in names if name.split(".")[0].startswith("pydantic")]
    assert wrong == []


def test_reading_a_document_imports_no_model() -> None:
    """A document is parsed and checked without pydantic; the models are imported when they are asked for."""
    code = (
        "import sys, opentokenbudget as otb; "
        "otb.parse_document(b'{}', file='a.json'); otb.compile_policy; otb.open_engine; "
        "print('pydantic' in sys.modules); otb.models; print('pydantic' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True"]
