"""Hostile and broken texts: always problems with places, never an exception, never an explosion."""

from __future__ import annotations

import json
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opentokenbudget.documents import KINDS, Caps, load_documents, parse_document, read

CORPUS = Path(__file__).parent / "corpus" / "documents"
EXPECTED: dict[str, list[str]] = json.loads((CORPUS / "expected.json").read_text())
FILES = sorted(path.name for path in CORPUS.iterdir() if path.name != "expected.json")
NAMES = st.sampled_from(["a.yaml", "a.json", "-"])


@pytest.mark.parametrize("name", FILES)
def test_every_hostile_file_has_exactly_its_problems(name: str) -> None:
    """A hostile file has the problems that are written down for it, each at its line, column and pointer."""
    found = [
        f"{problem.place.line}:{problem.place.column} {problem.code} {problem.pointer}".rstrip()
        for problem in read((CORPUS / name).read_bytes(), file=name).problems
        if problem.place is not None
    ]
    assert found == EXPECTED[name]


@pytest.mark.parametrize("name", FILES)
def test_no_hostile_file_is_a_document(name: str) -> None:
    """No file of the corpus becomes a document, and each says why."""
    document, problems = parse_document((CORPUS / name).read_bytes(), file=name)
    assert document is None
    assert problems


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("kind", KINDS)
def test_a_message_holds_nothing_that_a_terminal_obeys(name: str, kind: str) -> None:
    """No message carries a control character, a mark of direction or a line break out of the input."""
    _, problems = parse_document((CORPUS / name).read_bytes(), file=name, kind=kind)
    assert all(problem.message.isprintable() for problem in problems)


@pytest.mark.parametrize("name", ["a.yaml", "a.json", "-"])
@pytest.mark.parametrize(
    "text",
    [
        "[" * 30_000,
        '{"a":' * 30_000,
        "- " * 30_000,
        "? " * 30_000,
        "[" * 30_000 + "]" * 30_000,
        "{a: " * 30_000,
    ],
    ids=["lists", "mappings", "block lists", "block keys", "closed lists", "flow mappings"],
)
def test_depth_of_thirty_thousand_is_refused(name: str, text: str) -> None:
    """Deep nesting is `too-deep` or not of the syntax, and never exhausts the stack."""
    reading = read(text.encode(), file=name)
    assert not reading.complete
    assert reading.problems[-1].code in ("too-deep", "syntax-error", "bad-key")


@pytest.mark.parametrize("name", ["a.yaml", "a.json"])
def test_a_million_digits_are_one_problem(name: str) -> None:
    """An integer of a million digits is refused by its length, and shown short."""
    reading = read(b'{"a": ' + b"9" * 1_000_000 + b"}", file=name)
    assert [problem.code for problem in reading.problems] == ["integer-too-large"]
    assert len(reading.problems[0].message) < 200


def test_many_directives_are_not_compared_with_each_other() -> None:
    """A file of a hundred thousand directives is refused at its first line."""
    text = b"".join(b"%%TAG !a%d! x\n" % number for number in range(100_000))
    assert [problem.code for problem in read(text, file="a.yaml").problems] == ["directive"]


@pytest.mark.parametrize("name", ["a.yaml", "a.json"])
def test_the_caps_are_the_caps(name: str) -> None:
    """A text at a cap is read, and one beyond it is refused with the cap's code."""
    caps = Caps(size_bytes=60, depth=3, nodes=5, problems=2, key_length=4)
    allowed = [b"[[[1]]]", b"[1, 2, 3, 4]", b'{"abcd": 1}', b"[1.5]", b"[" + b" " * 58 + b"]"]
    refused = {
        "too-deep": b"[[[[]]]]",
        "too-many-nodes": b"[1, 2, 3, 4, 5]",
        "too-large": b'{"abcde": 1}',
        "too-many-problems": b"[1.5, 1.5, 1.5]",
    }
    assert all(read(text, file=name, caps=caps).complete for text in allowed)
    for code, text in refused.items():
        reading = read(text, file=name, caps=caps)
        assert not reading.complete
        assert reading.problems[-1].code == code
    assert read(b"[" + b" " * 59 + b"]", file=name, caps=caps).problems[0].code == "too-large"


def test_a_document_just_deep_enough_is_read_alike_by_both_ways_of_json() -> None:
    """Sixty-four containers inside each other are allowed and sixty-five are not, quick way or not."""
    for blank in ("", '"\\u0020", '):
        assert read(("[" * 63 + f"[{blank}1]" + "]" * 63).encode(), file="a.json").complete
        assert not read(("[" * 64 + f"[{blank}1]" + "]" * 64).encode(), file="a.json").complete


def test_a_flood_of_problems_stops() -> None:
    """Reading and checking stop after a thousand problems, with the last one saying so."""
    reading = read(b"[" + b"1.5," * 5_000 + b"1]", file="a.json")
    assert len(reading.problems) == 1_001
    assert reading.problems[-1].code == "too-many-problems"
    fields = ", ".join(f'"x{number}": 1' for number in range(5_000))
    _, problems = parse_document(f"{{{fields}}}".encode(), file="a.json", kind="request")
    assert len(problems) <= 1_001


def test_nested_aliases_take_no_memory() -> None:
    """A text of aliases of aliases is read in memory of the order of its own length."""
    lines = ["a0: &a0 [x]"] + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 40)]
    raw = "\n".join(lines).encode()
    read(raw, file="a.yaml")
    tracemalloc.start()
    reading = read(raw, file="a.yaml")
    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert {problem.code for problem in reading.problems} == {"anchor", "alias"}
    assert peak_bytes < 5_000_000


@given(raw=st.binary(max_size=300), name=NAMES, kind=st.sampled_from([None, *KINDS]))
def test_any_bytes_give_a_document_or_problems(raw: bytes, name: str, kind: str | None) -> None:
    """Whatever the bytes, the answer is a document or at least one placed problem."""
    document, problems = parse_document(raw, file=name, kind=kind)
    assert (document is None) == bool(problems)
    assert all(problem.place is not None for problem in problems)


SNIPPETS = st.sampled_from(
    [
        *"{}[],:-?&*!|>'\"%@`#~ \n\t\r",
        "a", "1", "0.5", "null", "true", "---\n", "...\n", "- ", ": ", "\n  ", "<<: ", "\\u0000", "\\ud800",
        "é", "\u202e", "🙂", '"otb": "1.0", ', "kind: policy\n", "kind: catalog\n", "tiers:\n", "- id: a\n",
        "rules: ", "when: ", "models: ",
    ]
)  # fmt: skip


@given(parts=st.lists(SNIPPETS, max_size=40), name=NAMES)
def test_any_scraps_of_syntax_give_a_document_or_problems(parts: list[str], name: str) -> None:
    """Whatever the scraps of YAML and JSON, problems are in document order and inside the text."""
    raw = "".join(parts).encode("utf-8", "replace")
    document, problems = parse_document(raw, file=name)
    assert (document is None) == bool(problems)
    places = [problem.place[1:] for problem in problems if problem.place]
    assert len(places) == len(problems)
    assert places == sorted(places)
    lines = raw.count(b"\n") + raw.count(b"\r") + 2
    assert all(1 <= line <= lines and column >= 1 for line, column in places)


@given(
    files=st.dictionaries(st.sampled_from(["policy.yaml", "b.yaml", "sub/c.json"]), st.binary(max_size=200))
)
def test_any_files_load_or_give_problems(files: dict[str, bytes]) -> None:
    """Whatever lies in the files, loading answers a document or problems, each with its file."""
    head = b'otb: "1.0"\nkind: policy\nid: a\nversion: 1.0.0\n'
    head += b"catalog: {path: b.yaml}\nvalue_rules: {path: sub/c.json}\n"
    files = {"b.yaml": b"", "sub/c.json": b"", **files, "policy.yaml": head + files.get("policy.yaml", b"")}
    document, problems = load_documents("policy.yaml", files.__getitem__)
    assert document is None
    assert problems
    assert all(problem.place is not None and problem.place.file in files for problem in problems)
