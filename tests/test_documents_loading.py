"""Loading: references followed inside one folder, each document once, problems in their own files."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from opentokenbudget.documents import (
    CannotFetch,
    document_digest,
    in_document_order,
    load_documents,
    parse_document,
    place_of,
    placed,
)
from opentokenbudget.problems import Place, Problem

POLICY = b"""\
otb: "1.0"
kind: policy
id: p
version: 1.0.0
catalog: {path: prices/c.yaml}
value_rules: {path: v.yaml}
tiers: [{id: small, models: [a/b]}]
default: {tier: small}
"""
CATALOG = b"""\
otb: "1.0"
kind: catalog
id: c
version: 1.0.0
currency: USD
extends: {path: ../base.yaml}
models: []
"""
BASE = CATALOG.replace(b"extends: {path: ../base.yaml}\n", b"").replace(b"id: c\n", b"id: base\n")
VALUE = b'otb: "1.0"\nkind: value-rules\nid: v\nversion: 1.0.0\nrules: []\n'
FILES = {"p.yaml": POLICY, "prices/c.yaml": CATALOG, "base.yaml": BASE, "v.yaml": VALUE}


def fetching(files: dict[str, bytes], seen: list[str] | None = None) -> Callable[[str], bytes]:
    def fetch(path: str) -> bytes:
        if seen is not None:
            seen.append(path)
        if path not in files:
            raise CannotFetch("missing-file", f"there is no file `{path}`")
        return files[path]

    return fetch


def problems_of(files: dict[str, bytes], **given: Any) -> list[tuple[str, str, str]]:
    document, problems = load_documents("x/p.yaml", fetching(files), **given)
    assert (document is None) == any(problem.severity == "error" for problem in problems)
    return [(problem.place.file, problem.code, problem.pointer) for problem in problems if problem.place]


def test_a_document_comes_with_what_it_refers_to() -> None:
    """References are resolved through several documents, each relative to the one that names it."""
    document, problems = load_documents("x/p.yaml", fetching(FILES))
    assert problems == ()
    assert document is not None
    assert {pointer: other.id for pointer, other in document.references.items()} == {
        "/catalog": "c",
        "/value_rules": "v",
    }
    assert document.references["/catalog"].references["/extends"].file == "x/base.yaml"
    with pytest.raises(TypeError):
        document.references["/catalog"] = document  # type: ignore[index]


def test_each_file_is_fetched_once() -> None:
    """A document that is named twice is fetched and checked once, so its problems are answered once."""
    twice = POLICY.replace(b"catalog: {path: prices/c.yaml}", b"catalog: {path: v.yaml}")
    seen: list[str] = []
    load_documents("p.yaml", fetching({**FILES, "p.yaml": twice}, seen))
    assert seen == ["p.yaml", "v.yaml"]


def test_the_digest_is_that_of_the_meaning() -> None:
    """Other paths and places have the same digest; another catalog behind it has another."""
    first, _ = load_documents("p.yaml", fetching(FILES))
    moved = {
        "q.yaml": POLICY.replace(b"prices/c.yaml", b"c.yaml").replace(b"v.yaml", b"deep/./er/v.yaml"),
        "c.yaml": CATALOG.replace(b"../base", b"base"), "base.yaml": BASE, "deep/er/v.yaml": VALUE,
    }  # fmt: skip
    second, _ = load_documents("elsewhere/q.yaml", fetching(moved))
    other, _ = load_documents("p.yaml", fetching({**FILES, "base.yaml": BASE.replace(b"USD", b"EUR")}))
    assert first is not None
    assert second is not None
    assert other is not None
    assert first.digest == second.digest
    assert first.digest != other.digest
    replaced = {**first.data, "catalog": {"digest": first.references["/catalog"].digest}}
    replaced["value_rules"] = {"digest": first.references["/value_rules"].digest}
    assert first.digest == document_digest(replaced, "policy", {})


def test_a_parsed_document_has_a_digest_once_its_references_are_known() -> None:
    """Without its references a document has no digest yet; with digests in place of paths it has."""
    document, _ = parse_document(POLICY, file="p.yaml")
    assert document is not None
    assert document.digest == ""
    whole, _ = parse_document(BASE, file="c.yaml")
    assert whole is not None
    assert whole.digest.startswith("sha256:")


def test_problems_stay_in_their_own_files() -> None:
    """The problems of each document name its file and come after those of the document that names it."""
    files = {**FILES, "base.yaml": BASE + b"x: 1\n", "v.yaml": b"kind: [", "p.yaml": POLICY + b"y: 1\n"}
    assert problems_of(files) == [
        ("x/p.yaml", "unknown-field", "/y"),
        ("x/base.yaml", "unknown-field", "/x"),
        ("x/v.yaml", "syntax-error", ""),
    ]


@pytest.mark.parametrize(
    "path",
    ["/etc/passwd", "../c.yaml", "a/../../c.yaml", "https://example.org/c.yaml", "file:c.yaml", "C:/c.yaml",
     "a\\\\..\\\\c.yaml", ".", "./", "a/..", "//host/share"],
)  # fmt: skip
def test_a_path_that_leads_out_is_refused_before_anything_is_fetched(path: str) -> None:
    """Absolute paths, URLs, backslashes and `..` out of the first folder are `unsafe-path`."""
    seen: list[str] = []
    raw = POLICY.replace(b"prices/c.yaml", f'"{path}"'.encode())
    _, problems = load_documents("x/p.yaml", fetching({**FILES, "p.yaml": raw}, seen))
    assert [(problem.code, problem.pointer) for problem in problems] == [("unsafe-path", "/catalog/path")]
    assert seen == ["p.yaml", "v.yaml"]


def test_references_that_lead_nowhere_or_elsewhere() -> None:
    """A missing file, a document of another kind, another digest: each is a problem at the reference."""
    missing = {name: raw for name, raw in FILES.items() if name != "v.yaml"}
    assert problems_of(missing) == [("x/p.yaml", "missing-file", "/value_rules/path")]
    assert problems_of({**FILES, "v.yaml": BASE}) == [("x/p.yaml", "wrong-kind", "/value_rules")]
    wrong = POLICY.replace(b"{path: v.yaml}", b'{path: v.yaml, digest: "sha256:' + b"0" * 64 + b'"}')
    assert problems_of({**FILES, "p.yaml": wrong}) == [("x/p.yaml", "digest-mismatch", "/value_rules/digest")]


def test_a_digest_that_matches_is_no_problem() -> None:
    """A reference with path and digest is fine where both name the same document."""
    value, _ = parse_document(VALUE, file="v.yaml")
    assert value is not None
    right = POLICY.replace(b"{path: v.yaml}", f'{{path: v.yaml, digest: "{value.digest}"}}'.encode())
    assert problems_of({**FILES, "p.yaml": right}) == []


def test_a_digest_alone_is_looked_up_among_the_documents_at_hand() -> None:
    """A reference by digest alone gives the document that is held, or a warning when nobody holds it."""
    value, _ = parse_document(VALUE, file="v.yaml")
    assert value is not None
    by_digest = {
        **FILES,
        "p.yaml": POLICY.replace(b"{path: v.yaml}", f'{{digest: "{value.digest}"}}'.encode()),
    }
    assert problems_of(by_digest) == [("x/p.yaml", "unresolved-reference", "/value_rules")]
    document, problems = load_documents("p.yaml", fetching(by_digest), held={value.digest: value})
    assert problems == ()
    assert document is not None
    assert document.references["/value_rules"] is value


def test_circles_are_refused() -> None:
    """A catalog that extends itself, directly or through another, is `reference-cycle`."""
    itself = CATALOG.replace(b"../base", b"p")
    assert problems_of({"p.yaml": itself}) == [("x/p.yaml", "reference-cycle", "/extends/path")]
    through = {"p.yaml": CATALOG.replace(b"../base", b"q"), "q.yaml": CATALOG.replace(b"../base", b"./p")}
    assert problems_of(through) == [("x/q.yaml", "reference-cycle", "/extends/path")]


def test_a_long_chain_is_refused() -> None:
    """Documents that refer to each other in a long chain end in `too-deep`, not in a full stack."""
    files = {f"{n}.yaml": CATALOG.replace(b"../base", str(n + 1).encode()) for n in range(1000)}
    document, problems = load_documents("0.yaml", fetching(files))
    assert document is None
    assert [problem.code for problem in problems] == ["too-deep"]


def test_references_are_followed_though_the_document_has_problems() -> None:
    """All problems of all documents are answered at once."""
    files = {
        **FILES,
        "p.yaml": POLICY.replace(b"id: p", b"id: 0.5") + b"pools: 7\n",
        "v.yaml": VALUE + b"z: 1\n",
    }
    assert problems_of(files) == [
        ("x/p.yaml", "unquoted-decimal", "/id"),
        ("x/p.yaml", "wrong-type", "/pools"),
        ("x/v.yaml", "unknown-field", "/z"),
    ]


def test_the_first_document_must_be_of_the_kind_asked_for() -> None:
    """`kind` is what the first document must be; others must be what their references need."""
    assert problems_of(FILES, kind="policy") == []
    assert problems_of(FILES, kind="catalog") == [("x/p.yaml", "wrong-kind", "/kind")]


def test_later_checks_place_their_problems() -> None:
    """A problem found later is placed by its pointer, or at what holds it; a placed one is left alone."""
    document, _ = load_documents("x/p.yaml", fetching(FILES))
    assert document is not None
    assert place_of(document, "/tiers/0/models/0") == Place("x/p.yaml", 7, 30)
    assert place_of(document, "/tiers/0/select/utility") == Place("x/p.yaml", 7, 9)
    assert place_of(document, "") == Place("x/p.yaml", 1, 1)
    elsewhere = Problem("tag", "", "m", place=Place("q", 1, 2))
    found = placed(document, [Problem("tag", "/default/tier", "m"), elsewhere])
    assert [problem.place for problem in found] == [Place("x/p.yaml", 8, 17), Place("q", 1, 2)]


def test_by_stage_the_first_one_with_problems_is_answered_alone() -> None:
    """Text, shape with references, what other documents are: on demand each stage waits for the one before."""
    files = {
        **FILES,
        "p.yaml": POLICY.replace(b"id: p", b"id: 0.5") + b"pools: 7\n",
        "v.yaml": VALUE + b"z: 1\n",
    }
    assert problems_of(files, by_stage=True) == [("x/p.yaml", "unquoted-decimal", "/id")]
    files["p.yaml"] = POLICY + b"pools: 7\n"
    assert problems_of(files, by_stage=True) == [
        ("x/p.yaml", "wrong-type", "/pools"),
        ("x/v.yaml", "unknown-field", "/z"),
    ]
    files["v.yaml"] = VALUE + b"z: 1.5\ny: 1\n"
    assert problems_of({**files, "p.yaml": POLICY}, by_stage=True) == [("x/v.yaml", "unquoted-decimal", "/z")]
    cut_off = {**FILES, "p.yaml": b"a: 0.5\nb: ["}
    assert problems_of(cut_off, by_stage=True) == [("x/p.yaml", "syntax-error", "")]


def test_document_order_is_that_of_the_document() -> None:
    """What holds a thing comes first, keys go as they stand, one place by codes, and what is nowhere comes last."""
    data = {"b": [{"y": 1, "x": 2}], "a~/": 3}
    order = ["", "/b", "/b/0/y", "/b/0/x", "/b/7", "/a~0~1", "/c"]
    problems = [Problem(code, pointer, "m") for pointer in sorted(order) for code in ("tag", "alias")]
    found = in_document_order(problems, data)
    assert [problem.pointer for problem in found] == [pointer for pointer in order for _ in range(2)]
    assert [problem.code for problem in found] == ["alias", "tag"] * len(order)
