"""Policies for tests of lints: a catalog that fits, a head that all share, and marks for expected places."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from opentokenbudget.amounts import parse_date
from opentokenbudget.documents import Document, load_documents
from opentokenbudget.linting import document_lints
from opentokenbudget.opening import meaning_problems

MARK = "§"
AT = parse_date("2026-11-23")
CORPUS = Path(__file__).parent / "corpus" / "lints"
CATALOG = (CORPUS / "catalog.yaml").read_text(encoding="utf-8")
HEAD = 'otb: "1.0"\nkind: policy\nid: p\nversion: 1.0.0\ncatalog: {path: c.yaml}\n'


def cases(name: str) -> dict[str, tuple[str, str]]:
    """Return by title the lints of each case in the file `name`, "" for none, and the body of its document."""
    text = (CORPUS / name).read_text(encoding="utf-8")
    found = {}
    for block in ("\n" + text).split("\n=== ")[1:]:
        title, _, body = block.partition("\n")
        rule, _, codes = title.rpartition(": ")
        found[rule] = ("" if codes == "none" else codes, body)
    return found


class Odd(NamedTuple):
    """One lint: where it is, what it is."""

    line: int
    column: int
    code: str
    pointer: str
    severity: str


class Marked(NamedTuple):
    """A text without its marks, and where those stood."""

    text: str
    places: list[tuple[int, int]]


def unmarked(text: str) -> Marked:
    """Return `text` without marks, and line and column of what followed each of them."""
    places = []
    lines = []
    for number, line in enumerate(text.split("\n"), 1):
        while MARK in line:
            places.append((number, line.index(MARK) + 1))
            line = line.replace(MARK, "", 1)
        lines.append(line)
    return Marked("\n".join(lines), places)


def opened(files: dict[str, str], first: str = "p.yaml") -> Document:
    """Return the document `first` with what it refers to; it must be without errors."""

    def fetch(path: str) -> bytes:
        return files[path].encode()

    document, problems = load_documents(first, fetch)
    assert document is not None, problems
    assert [
        problem for problem in (*problems, *meaning_problems(document)) if problem.severity == "error"
    ] == []
    return document


def odd(files: dict[str, str], first: str = "p.yaml", at: int = AT) -> dict[str, list[Odd]]:
    """Return the lints of the document `first` by file."""
    found: dict[str, list[Odd]] = {}
    for problem in document_lints(opened(files, first), at=at):
        assert problem.place is not None
        assert problem.requirement == ""
        one = Odd(problem.place.line, problem.place.column, problem.code, problem.pointer, problem.severity)
        found.setdefault(problem.place.file, []).append(one)
    return found


def of_policy(body: str, *, value_rules: str = "", at: int = AT) -> tuple[list[Odd], list[tuple[int, int]]]:
    """Return the lints of a policy with this body under the shared head, and the places marked in the body."""
    text, places = unmarked(HEAD + body)
    files = {"p.yaml": text, "c.yaml": CATALOG, "v.yaml": value_rules}
    return odd(files, at=at).get("p.yaml", []), places
