"""Reading: JSON and YAML say the same data, plain scalars are JSON's, and everything has a place."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from opentokenbudget.documents import CAPS, read
from opentokenbudget.documents.building import build
from opentokenbudget.documents.json_events import json_source
from opentokenbudget.documents.reading import locate
from strategies_documents import as_block_yaml, as_json, json_data, json_mappings, keys, plain_text


def read_one(text: str, file: str = "a.yaml") -> Any:
    reading = read(text.encode(), file=file)
    assert reading.problems == ()
    return reading.data


@pytest.mark.parametrize(
    "text",
    ["no", "yes", "on", "off", "~", "1:30", "017", "0x10", "0o7", ".inf", ".nan", "1_000", "+1", ".5", "5.",
     "1e", "True", "NULL", "Null", "2026-11-23", "2026-11-23T12:00:00Z", "=", "0b1", "-", "--1", "१"],
)  # fmt: skip
def test_what_is_not_a_scalar_of_json_is_a_string(text: str) -> None:
    """A plain scalar that JSON does not have is the string of its characters."""
    assert read_one(f"[{text}]") == [text]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True),
        ("false", False),
        ("null", None),
        ("0", 0),
        ("-0", 0),
        ("-7", -7),
        ("9007199254740991", 2**53 - 1),
    ],
)
def test_scalars_of_json_are_read_as_json(text: str, value: Any) -> None:
    """JSON's integers, true, false and null are themselves, in YAML and in JSON alike."""
    for file in ("a.yaml", "a.json"):
        data = read_one(f"[{text}]", file)
        assert data == [value]
        assert type(data[0]) is type(value)


@pytest.mark.parametrize("text", ['"1"', "'true'", '"null"', "'0.5'", '"~"', '""', "|\n  1\n", ">-\n  1\n"])
def test_a_quoted_or_block_scalar_is_a_string(text: str) -> None:
    """A scalar in quotes or in a block is a string, whatever it looks like."""
    assert isinstance(read_one(f"a: {text}")["a"], str)


@pytest.mark.parametrize("text", ["0.5", "-0.5", "1.0", "1e3", "1E-7", "0e0", "-1.25e+10"])
@pytest.mark.parametrize("file", ["a.yaml", "a.json"])
def test_a_fraction_or_an_exponent_needs_quotes(text: str, file: str) -> None:
    """An unquoted fraction or exponent is one `unquoted-decimal`, and in quotes it is fine."""
    assert [problem.code for problem in read(f"[{text}]".encode(), file=file).problems] == [
        "unquoted-decimal"
    ]
    assert read_one(f'["{text}"]', file) == [text]


@pytest.mark.parametrize("file", ["a.yaml", "a.json"])
def test_an_empty_key_is_refused(file: str) -> None:
    """A key without a character is `bad-key`, and what stands under it is not checked further."""
    reading = read(b'{"a": {"": {"b": 1.5}}, "c": 1}', file=file)
    assert [(problem.code, problem.pointer) for problem in reading.problems] == [
        ("bad-key", "/a/"),
        ("unquoted-decimal", "/a//b"),
    ]
    assert reading.data == {"a": {}, "c": 1}


def test_keys_are_strings() -> None:
    """A key is the string of its characters, also where the same scalar as a value would not be one."""
    assert read_one("1: a\ntrue: b\nnull: c\n0.5: d\n~: e\n") == {
        "1": "a",
        "true": "b",
        "null": "c",
        "0.5": "d",
        "~": "e",
    }


@given(data=json_data)
def test_json_text_is_read_as_the_standard_library_reads_it(data: Any) -> None:
    """Data written as JSON is read back the same, compact, indented, escaped or not."""
    for raw in (as_json(data), as_json(data, indent=2), as_json(data, escaped=False)):
        reading = read(raw, file="a.json")
        if not reading.problems:
            assert json.dumps(reading.data) == json.dumps(data)
        else:
            assert {problem.code for problem in reading.problems} <= {"not-normalized", "bad-character"}


@given(data=json_mappings | st.lists(json_data, min_size=1))
def test_yaml_in_quotes_says_the_same_as_json(data: Any) -> None:
    """The same data written as block YAML with quotes and as JSON is read the same, problems included."""
    from_json = read(as_json(data), file="a.json")
    from_yaml = read(as_block_yaml(data).encode(), file="a.yaml")
    assert json.dumps(from_yaml.data) == json.dumps(from_json.data)
    assert [(problem.code, problem.pointer) for problem in from_yaml.problems] == [
        (problem.code, problem.pointer) for problem in from_json.problems
    ]


@given(data=json_data)
def test_the_quick_way_of_json_reads_what_the_placed_way_reads(data: Any) -> None:
    """What the quick way accepts, the events that carry places accept too, with the same data."""
    text = as_json(data).decode()
    reading = read(text.encode(), file="a.json")
    built = build(json_source(text), CAPS)
    assert json.dumps(built.data) == json.dumps(reading.data)
    assert len(built.flaws) == len(reading.problems)


NEARLY_JSON = st.lists(
    st.sampled_from(['{', '}', '[', ']', ',', ':', '"a"', '"b"', '"\\u0061"', '1', '-1', '1.5', '01', 'null', 'NaN', ' ', '\n', '"', '\\', 'tru', '\x7f', '\t', '1e5', '9007199254740993']),  # noqa: E501
    max_size=14,
)  # fmt: skip


@given(parts=NEARLY_JSON)
def test_json_is_accepted_exactly_where_the_standard_library_accepts_it(parts: list[str]) -> None:
    """A text is JSON iff the standard library says so, NaN apart; what we refuse beyond has a code."""
    text = "".join(parts)

    def refuse(_: str) -> None:
        raise ValueError

    try:
        data, is_json = json.loads(text, parse_constant=refuse, parse_float=lambda number: number), True
    except ValueError:
        data, is_json = None, False
    reading = read(text.encode(), file="a.json")
    assert reading.complete == is_json
    if is_json and not reading.problems:
        assert json.dumps(reading.data) == json.dumps(data)
    beyond = {"duplicate-key", "unquoted-decimal", "integer-too-large", "bad-character"}
    if is_json:
        assert {problem.code for problem in reading.problems} <= beyond


@given(data=json_mappings)
def test_a_member_lies_on_the_line_of_its_key(data: dict[str, Any]) -> None:
    """Every pointer into block YAML leads to the line and the column of its key."""
    text = as_block_yaml(data)
    if read(text.encode(), file="a.yaml").problems:
        return
    lines = text.split("\n")
    pointers = {f"/{_step(key)}": key for key in data}
    found = locate(text.encode(), list(pointers), file="a.yaml")
    assert found.keys() == pointers.keys()
    for pointer, key in pointers.items():
        line, column = found[pointer].key
        written = json.dumps(key)
        assert lines[line - 1][column - 1 :].startswith(written)
        assert found[pointer].value[0] == line


def _step(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")


@pytest.mark.parametrize("file", ["a.json", "a.yaml"])
@pytest.mark.parametrize("line_break", ["\n", "\r\n", "\r"])
def test_places_count_lines_of_any_ending_and_columns_in_characters(file: str, line_break: str) -> None:
    """Lines end with LF, CRLF or CR; columns count characters, not bytes."""
    text = line_break.join(['{"é🙂": [1,', '  {"b":', '    "x", "ü": 1.5}]}'])
    reading = read(text.encode(), file=file)
    assert [str(problem).split(":")[1:3] for problem in reading.problems] == [
        ["3", "15 unquoted-decimal /é🙂/1/ü"]
    ]


def test_a_value_on_a_later_line_is_placed_at_its_key() -> None:
    """A block value is placed where its key stands, an item where it begins, the whole at its first key."""
    found = locate(
        b"a: 1\nb:\n  - c: 2\n  -\n    d: 3\n", ["", "/a", "/b", "/b/0", "/b/0/c", "/b/1/d"], file="a.yaml"
    )
    assert {pointer: spot.value for pointer, spot in found.items()} == {
        "": (1, 1), "/a": (1, 4), "/b": (2, 1), "/b/0": (3, 5), "/b/0/c": (3, 8), "/b/1/d": (5, 8),
    }  # fmt: skip


def test_pointers_escape_slash_and_tilde() -> None:
    """A key with `/` or `~` is escaped in the pointer as RFC 6901 says."""
    assert [problem.pointer for problem in read(b"{a/b: {c~d: 0.5}}", file="a.yaml").problems] == [
        "/a~1b/c~0d"
    ]


def test_standard_input_is_json_where_it_is_json_and_yaml_where_not() -> None:
    """Without a suffix, JSON is tried where the text begins like it, and YAML's flow style is read too."""
    assert read(b'{"a": "\\ud83d\\ude42"}', file="-").data == {"a": "🙂"}
    assert read(b"{a: b}", file="-").data == {"a": "b"}
    assert read(b"a: b", file="-").data == {"a": "b"}
    assert read(b'{"a": ', file="-").problems[0].message.startswith("found the end of the file")


def test_reading_goes_on_after_what_json_does_not_have() -> None:
    """All problems of a text are answered in document order, not only the first."""
    text = b"a: &x 1\nb: *x\nc: !t 2\nd: 0.5\ne:\nf: 3\nf: 4\n"
    codes = [problem.code for problem in read(text, file="a.yaml").problems]
    assert codes == ["anchor", "alias", "tag", "unquoted-decimal", "empty-value", "duplicate-key"]
    assert [problem.code for problem in read(b"*a : 1\n", file="a.yaml").problems] == ["alias"]


def test_prose_of_callers_may_hold_any_character() -> None:
    """The member `text` holds any character but half of a surrogate pair; other strings and keys do not."""
    strange = "\x00\x1b[31m\u202e\u200fe\u0301\n"
    assert read_one(json.dumps({"text": strange}), "a.json") == {"text": strange}
    assert read(json.dumps({"id": strange}).encode(), file="a.json").problems[0].code == "bad-character"
    assert read_one(json.dumps({"description": "two\nlines\tand a tab"}), "a.json")
    assert read(json.dumps({"two\nlines": 1}).encode(), file="a.json").problems[0].code == "bad-character"


@given(data=st.dictionaries(keys, st.lists(plain_text), min_size=1))
def test_yaml_of_another_writer_is_read(data: dict[str, Any]) -> None:
    """What PyYAML writes, every string in quotes, is read as the same data."""
    text = yaml.safe_dump(data, default_style='"', allow_unicode=False, sort_keys=False, width=10**6)
    reading = read(text.encode(), file="a.yaml")
    assert json.dumps(reading.data) == json.dumps(data)
