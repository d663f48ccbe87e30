"""Validation: each mistake is one problem, with the code, pointer, words and requirement of the schema."""

from __future__ import annotations

import copy
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opentokenbudget.documents import KINDS, parse_document, read, schema_problems
from opentokenbudget.documents.schemas import validator
from strategies_documents import json_data

EXAMPLES = Path(__file__).parent.parent / "schemas" / "v1" / "examples"

POLICY: dict[str, Any] = {
    "otb": "1.0", "kind": "policy", "id": "p", "version": "1.0.0", "catalog": {"path": "c.yaml"},
    "tiers": [{"id": "small", "models": ["a/b"]}], "default": {"tier": "small"},
    "rules": [{"id": "r", "when": {"task": "x"}, "tier": "small"}],
    "pools": [{"id": "q", "limit": {"cost": "5"}, "window": {"calendar": "day"}, "enforcement": "soft"}],
    "classifiers": [{"id": "k", "gives": "task", "otherwise": "none"}],
}  # fmt: skip
REQUEST: dict[str, Any] = {"id": "r1", "input_tokens": 5}
NOTHING = object()


def changed(document: dict[str, Any], pointer: str, value: Any) -> dict[str, Any]:
    document = copy.deepcopy(document)
    *way, last = pointer.split("/")[1:]
    holder: Any = document
    for step in way:
        holder = holder[int(step) if isinstance(holder, list) else step]
    if value is NOTHING:
        del holder[last]
    else:
        holder[int(last) if isinstance(holder, list) else last] = value
    return document


CHANGES = [
    ("/deploymnts", [], "unknown-field", "/deploymnts", "OTB-DOC-004", 'mean "deployments"'),
    ("/id", NOTHING, "missing-field", "", "OTB-DOC-009", "`id` is missing"),
    ("/id", 5, "wrong-type", "/id", "OTB-DOC-005", "is `5`, expected letters"),
    ("/id", "a b", "bad-format", "/id", "OTB-DOC-005", "is `a b`, expected letters"),
    ("/version", "v1", "bad-format", "/version", "OTB-DOC-006", "a semantic version"),
    ("/tiers", [], "out-of-range", "/tiers", "OTB-POLICY-010", "at least 1"),
    ("/tiers", {}, "wrong-type", "/tiers", "OTB-DOC-009", "is a mapping, expected a list"),
    ("/tiers/0/models", ["a", "b", "a"], "duplicate-item", "/tiers/0/models/2", "", "`a` is given twice"),
    ("/tiers/0/select", "cheap", "not-one-of", "/tiers/0/select", "OTB-POLICY-013", 'mean "cheapest"'),
    ("/tiers/0/select", 7, "wrong-type", "/tiers/0/select", "OTB-POLICY-013", "is `7`, expected `first`"),
    ("/rules/0/tier", NOTHING, "missing-alternative", "/rules/0", "OTB-POLICY-011", "exactly one of `tier`"),
    ("/rules/0/deny", True, "conflicting-fields", "/rules/0", "OTB-POLICY-011", "`tier` and `deny` do"),
    ("/rules/0/flor", "small", "unknown-field", "/rules/0/flor", "OTB-DOC-004", 'mean "floor"'),
    ("/rules/0", "r", "wrong-type", "/rules/0", "OTB-DOC-009", "is the string `r`, expected a mapping"),
    ("/rules/0/when", {}, "empty-condition", "/rules/0/when", "OTB-COND-002", "a mapping from"),
    ("/rules/0/when/task", {"ltt": 1}, "unknown-operator", "/rules/0/when/task/ltt", "OTB-COND-003", '"lt"'),
    ("/rules/0/when/Ta sk", 1, "bad-name", "/rules/0/when/Ta sk", "OTB-COND-003", "the key is `Ta sk`"),
    ("/pools/0/limit/cost", 85000, "wrong-type", "/pools/0/limit/cost", "OTB-POOL-003", 'write `"85000"`'),
    ("/pools/0/limit", {"requests": -1}, "limit-negative", "/pools/0/limit/requests", "OTB-POOL-003", "below"),
    ("/pools/0/window/idel", "P1D", "unknown-field", "/pools/0/window/idel", "OTB-POOL-005", "idle"),
    ("/pools/0/window/timezone", "A/B", "unknown-zone", "/pools/0/window/timezone", "OTB-DOC-026", "IANA"),
    ("/pools/0/enforcement", "reserve", "missing-field", "/pools/0", "OTB-POOL-008", "`on_store_failure`"),
    ("/pools/0/window/grain", "PT1M", "missing-field", "/pools/0/window", "OTB-POOL-005", "beside `grain`"),
    ("/catalog", {}, "missing-field", "/catalog", "OTB-DOC-018", "`path`, `digest` or both"),
    ("/default", 5, "wrong-type", "/default", "OTB-DOC-009", "is `5`, expected a mapping"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("at", "value", "code", "pointer", "requirement", "words"),
    CHANGES,
    ids=[f"{c[2]} {c[3]}" for c in CHANGES],
)
def test_one_mistake_is_one_problem(
    at: str, value: Any, code: str, pointer: str, requirement: str, words: str
) -> None:
    """One change to a right policy gives one problem: its code, its pointer, its requirement, its words."""
    problems = schema_problems(changed(POLICY, at, value), "policy")
    assert [(problem.code, problem.pointer) for problem in problems] == [(code, pointer)]
    assert words in problems[0].message
    assert problems[0].requirement == (requirement or "OTB-DOC-009")


def test_every_schema_has_its_kind() -> None:
    """The kinds are exactly the schemas that come with the package, the shared definitions apart."""
    names = {path.name.removesuffix(".schema.json") for path in EXAMPLES.parent.glob("*.schema.json")}
    assert names - {"defs"} == set(KINDS)


def test_a_right_document_has_no_problem() -> None:
    """The policy and the request that the other tests change are right."""
    assert schema_problems(POLICY, "policy") == ()
    assert schema_problems(REQUEST, "request") == ()


@pytest.mark.parametrize(
    ("text", "hint"), [("yes", "true"), ("off", "false"), ("True", "true"), ("NO", "false"), ("maybe", None)]
)
def test_words_of_older_yaml_are_told_what_to_write(text: str, hint: str | None) -> None:
    """Where a boolean is needed and YAML 1.1 had another word for it, the message says which to write."""
    policy = {**POLICY, "attributes": {"user": {"type": "string", "required": text}}}
    (problem,) = schema_problems(policy, "policy")
    assert problem.message.endswith(f": write `{hint}`") == (hint is not None)


def test_problems_stand_in_document_order() -> None:
    """Several mistakes are all answered, in the order in which they stand."""
    policy = {**POLICY, "zzz": 1, "tiers": [{"models": "a"}], "version": 1, "default": {"tier": "a b"}}
    pointers = [problem.pointer for problem in schema_problems(policy, "policy")]
    assert pointers == ["/version", "/tiers/0", "/tiers/0/models", "/default/tier", "/zzz"]


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (1.0, "wrong-type"), (Decimal(1), "wrong-type"), ((1, 2), "wrong-type"), ({1: 2}, "wrong-type"),
        ({"": 2}, "bad-key"),
        (object(), "wrong-type"), (float("nan"), "wrong-type"), (b"x", "wrong-type"), ({1}, "wrong-type"),
        ("\ud800", "bad-character"), ({"\ud800": 1}, "bad-character"), (2**53, "integer-too-large"),
        (-(2**99), "integer-too-large"),
    ],
)  # fmt: skip
def test_data_of_a_program_is_held_to_what_json_can_say(value: Any, code: str) -> None:
    """A float, a tuple, an object, half of a surrogate pair, a huge integer are problems where they stand."""
    problems = schema_problems({**REQUEST, "attributes": {"fact": value}}, "request")
    keys = [key for key in value if isinstance(key, str)] if isinstance(value, dict) else []
    key = f"/{keys[0]}".replace("\ud800", "\ufffd") if keys else ""
    assert [(problem.code, problem.pointer) for problem in problems] == [(code, f"/attributes/fact{key}")]


@pytest.mark.parametrize(("value", "code"), [("\u202ex", "bad-character"), ("e\u0301", "not-normalized")])
def test_data_of_a_program_holds_no_hidden_characters(value: str, code: str) -> None:
    """Strings and keys that look like others are refused wherever they come from, but for the text of a request."""
    request = {"subject": value, "attributes": {value: value}, "id": "r1", "text": value}
    problems = schema_problems(request, "request")
    assert [(problem.code, problem.pointer) for problem in problems] == [
        (code, "/subject"),
        (code, f"/attributes/{value}"),
        (code, f"/attributes/{value}"),
    ]


def test_data_that_holds_itself_is_refused() -> None:
    """Data that contains itself is `too-deep`, not an endless walk."""
    endless: list[Any] = []
    endless.append(endless)
    assert [problem.code for problem in schema_problems({"id": endless}, "request")] == ["too-deep"]


def test_keys_of_digits_are_keys() -> None:
    """Problems under keys such as `7` and `007` are found, each under its own."""
    bad = {"0": 1, "00": 1, "+0": True, "7": {"007": None}, "12345678901234567890123": []}
    health = schema_problems({**REQUEST, "health": bad}, "request")
    assert {problem.pointer for problem in health if problem.code == "not-one-of"} == {
        f"/health/{key}" for key in bad
    }
    extensions = {"com.example.x": {"required": 5, "0": 1}, "00": {}}
    found = schema_problems(changed(POLICY, "/extensions", extensions), "policy")
    assert [problem.pointer for problem in found] == ["/extensions/com.example.x/required", "/extensions/00"]


@given(data=json_data, kind=st.sampled_from(KINDS))
def test_problems_are_found_exactly_where_the_schema_refuses(data: Any, kind: str) -> None:
    """Data has problems iff its schema refuses it: no violation is lost while others are explained away."""
    assert bool(schema_problems(data, kind)) == (not validator(kind).is_valid(data))


EXAMPLE_FILES = sorted(path for path in EXAMPLES.iterdir() if path.suffix in (".yaml", ".json"))


@given(draw=st.data())
@pytest.mark.parametrize("path", EXAMPLE_FILES, ids=lambda path: path.name)
def test_every_damage_to_an_example_is_explained(path: Path, draw: st.DataObject) -> None:
    """An example with one value replaced, removed or added is still right or has problems that say where."""
    data = read(path.read_bytes(), file=path.name).data
    kind = path.name.split(".")[0]
    assert schema_problems(data, kind) == ()
    ways = list(_ways(data))
    way = draw.draw(st.sampled_from(ways))
    damaged = copy.deepcopy(data)
    holder = damaged
    for step in way[:-1]:
        holder = holder[step]
    action = draw.draw(st.sampled_from(["replace", "remove", "add"]))
    if action == "replace":
        holder[way[-1]] = draw.draw(json_data)
    elif action == "remove":
        del holder[way[-1]]
    elif isinstance(holder, dict):
        holder[draw.draw(st.sampled_from(["idd", "x", "tiers ", "version"]))] = draw.draw(json_data)
    problems = schema_problems(damaged, kind)
    assert bool(problems) == (not validator(kind).is_valid(damaged))
    for problem in problems:
        assert problem.message
        assert problem.message.isprintable()
        assert not problem.message.endswith(".")
        assert problem.requirement.startswith("OTB-")
        assert "^" not in problem.message.replace("`", "") or "^" in str(damaged)


def _ways(data: Any, way: tuple[Any, ...] = ()) -> Any:
    items = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for step, value in items:
        yield (*way, step)
        yield from _ways(value, (*way, step))


ENVELOPES = [
    (b"[1]", None, "wrong-type", ""),
    (b"{id: a}", None, "missing-field", ""),
    (b"{kind: polcy}", None, "unknown-kind", "/kind"),
    (b"{kind: [policy]}", None, "unknown-kind", "/kind"),
    (b'{otb: "1.1", kind: policy, fields: of, the: future}', None, "unsupported-version", "/otb"),
    (b'{otb: "2.0", shape: new}', None, "unsupported-version", "/otb"),
    (b'{otb: "0.9", kind: policy}', None, "unsupported-version", "/otb"),
    (b"{kind: policy}", "catalog", "wrong-kind", "/kind"),
    (b"{kind: request, id: a, input_tokens: 1}", "decision", "wrong-kind", "/kind"),
]


@pytest.mark.parametrize(("raw", "kind", "code", "pointer"), ENVELOPES)
def test_what_cannot_be_checked_is_one_problem(raw: bytes, kind: str | None, code: str, pointer: str) -> None:
    """A text whose kind or version is not known gets that one problem, and its content is not guessed at."""
    document, problems = parse_document(raw, file="a.yaml", kind=kind)
    assert document is None
    assert [(problem.code, problem.pointer) for problem in problems] == [(code, pointer)]


def test_wire_forms_need_no_kind_where_it_is_known() -> None:
    """A request is read by the kind that the caller gives, a record by its `record`, whatever its `kind`."""
    document, problems = parse_document(b"{id: r1, input_tokens: 5}", file="a.yaml", kind="request")
    assert problems == ()
    assert document is not None
    assert (document.kind, document.id, document.version) == ("request", "r1", "")
    path = EXAMPLES / "usage-record.attempt.full.json"
    for kind in (None, "usage-record"):
        record, problems = parse_document(path.read_bytes(), file=path.name, kind=kind)
        assert problems == ()
        assert record is not None
        assert record.kind == "usage-record"


@pytest.mark.parametrize("holder", ["", "/deployments/0"])
def test_a_required_extension_that_is_not_known_is_refused(holder: str) -> None:
    """`required: true` refuses, also in a part of the document; `false` and no word do not."""
    for required, codes in ((True, ["unsupported-extension"]), (False, []), (NOTHING, [])):
        content = {} if required is NOTHING else {"required": required}
        policy: Any = {**POLICY, "deployments": [{"id": "d", "model": "a/b"}]}
        target = policy["deployments"][0] if holder else policy
        target["extensions"] = {"com.example.x": content}
        _, problems = parse_document(repr_json(policy), file="a.json")
        assert [problem.code for problem in problems] == codes
        assert all(problem.pointer == f"{holder}/extensions/com.example.x" for problem in problems)


def repr_json(data: Any) -> bytes:
    import json

    return json.dumps(data).encode()


def test_the_places_of_problems() -> None:
    """A missing field is placed at its mapping, an unknown one at its key, a wrong value at the value."""
    raw = b"""\
otb: "1.0"
kind: policy
id: p
version: 1.0.0
catalog: {path: c.yaml}
tiers:
  - id: small
    modls: [a]
  - models: [a/b]
    select: cheap
defalt:
  tier: small
default: {tier: 0.5}
"""
    _, problems = parse_document(raw, file="p.yaml")
    assert [(p.place, p.code, p.pointer) for p in problems] == [
        (("p.yaml", 7, 5), "missing-field", "/tiers/0"),
        (("p.yaml", 8, 5), "unknown-field", "/tiers/0/modls"),
        (("p.yaml", 9, 5), "missing-field", "/tiers/1"),
        (("p.yaml", 10, 13), "not-one-of", "/tiers/1/select"),
        (("p.yaml", 11, 1), "unknown-field", "/defalt"),
        (("p.yaml", 13, 17), "unquoted-decimal", "/default/tier"),
    ]


def test_a_guessed_value_is_not_a_second_problem() -> None:
    """What the reader put in place of an empty value, an alias or a huge integer is not checked further."""
    raw = b'otb: "1.0"\nkind: request\nid:\ninput_tokens: 99999999999999999999\nsubject: *a\n'
    _, problems = parse_document(raw, file="a.yaml")
    assert [problem.code for problem in problems] == ["empty-value", "integer-too-large", "alias"]


def test_a_field_of_another_kind_of_record_is_unknown() -> None:
    """A field that the schema knows in another branch than the one taken is a problem, not a pass."""
    record = {
        "otb": "1.0",
        "record": "adjustment",
        "id": "j-1",
        "at": "2026-12-01T00:00:00Z",
        "refers_to": "a-1",
        "adjustment": "correction",
        "amount": "-0.5",
        "currency": "USD",
        "reason": "credited",
    }
    assert schema_problems(record, "usage-record") == ()
    (problem,) = schema_problems({**record, "tier": "small"}, "usage-record")
    assert (problem.code, problem.pointer) == ("unknown-field", "/tier")
    assert [found.pointer for found in schema_problems({**record, "record": "note"}, "usage-record")] == [
        "/record"
    ]
