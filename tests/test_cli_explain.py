"""`otb explain`, and the closed list of problem codes that it reads: nothing is missing, nothing is left over."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from checked import Otb, command
from codes_in_source import ROOT, emitted_codes, every_text
from opentokenbudget.cli.codes import problem_codes, reason_codes, requirements
from opentokenbudget_conformance.asking import FAULTS

__all__ = ["command"]

EMITTED = emitted_codes()
CODES = problem_codes()


def codes_of_schemas() -> set[str]:
    """Return the codes that the schemas give by `x-code`."""

    def of(node: Any) -> set[str]:
        if isinstance(node, list):
            return set().union(*map(of, node))
        if not isinstance(node, dict):
            return set()
        own = node.get("x-code", {})
        return ({own} if isinstance(own, str) else set(own.values())).union(*map(of, node.values()))

    return set().union(
        *(of(json.loads(path.read_bytes())) for path in (ROOT / "schemas" / "v1").glob("*.schema.json"))
    )


def test_every_code_that_can_be_emitted_is_listed() -> None:
    """No code stands in the source or in a schema that the closed lists of problems and faults do not have."""
    assert {code: place for code, place in EMITTED.items() if code not in {*CODES, *FAULTS}} == {}
    assert codes_of_schemas() <= CODES.keys()


def test_every_listed_code_can_be_emitted() -> None:
    """The closed list has no code that stands nowhere in the source and in no schema."""
    assert CODES.keys() - EMITTED.keys() - every_text() - codes_of_schemas() == set()


def test_codes_are_found_however_they_are_passed() -> None:
    """The search sees codes given directly, through functions of a room, through names, and through tables."""
    ways = {
        "unknown-tier",
        "bad-context",
        "too-many-nodes",
        "bad-name",
        "digest-mismatch",
        "rule-shadowed",
        "not-one-of",
    }
    assert ways <= EMITTED.keys()


def test_the_list_is_in_order() -> None:
    """Codes stand in alphabetical order, so that two people who add some do not collide."""
    listed = list(json.loads((ROOT / "schemas" / "v1" / "problem-codes.json").read_bytes())["codes"])
    assert listed == sorted(listed)


@pytest.mark.parametrize("code", CODES)
def test_an_entry_is_complete(code: str) -> None:
    """A code is a few words in kebab-case, with severity, summary, example and remedy in plain English."""
    entry = CODES[code]
    assert re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", code)
    assert sorted(entry) == ["example", "remedy", "severity", "summary"]
    assert entry["severity"] in ("error", "warning")
    for field in ("summary", "remedy"):
        assert len(entry[field]) > 8
        assert not entry[field].endswith(".")
        assert entry[field].count("`") % 2 == 0
    assert entry["example"].strip()


@pytest.mark.parametrize("code", CODES)
def test_every_problem_code_is_explained(command: Otb, code: str) -> None:
    """A problem code comes with its severity, what it means, an example and what to do."""
    status, out, err = command("explain", code)
    assert (status, err) == (0, "")
    words = " ".join(out.split())
    for field in ("severity", "summary", "example", "remedy"):
        assert " ".join(CODES[code][field].split()) in words


@pytest.mark.parametrize("code", reason_codes())
def test_every_reason_code_is_explained(command: Otb, code: str) -> None:
    """A reason code comes with where it stands and what it means."""
    status, out, _ = command("explain", code)
    assert status == 0
    assert reason_codes()[code]["summary"] in " ".join(out.split())


def test_a_requirement_is_explained_in_its_own_words(command: Otb) -> None:
    """A requirement comes with its text, its level and the page on which it stands."""
    id_, requirement = next(iter(requirements().items()))
    status, out, _ = command("explain", id_.lower())
    assert status == 0
    assert requirement["text"] in " ".join(out.split())
    assert f"{id_} (MUST, spec/{requirement['page']}.md)" in out


def test_a_requirement_that_cannot_be_tested_says_why(command: Otb) -> None:
    """The reason stands beside it."""
    untestable = next(entry for entry in requirements().values() if not entry["testable"])
    assert untestable["reason"] in " ".join(command("explain", untestable["id"])[1].split())


def test_a_word_of_two_lists_is_explained_twice(command: Otb) -> None:
    """`unknown-context` is a problem of documents and a verdict on a candidate."""
    _, out, _ = command("explain", "unknown-context")
    assert re.findall(r"(?m)^unknown-context \((.+)\)$", out) == [
        "error",
        "a verdict on a candidate, in a trace",
    ]


@pytest.mark.parametrize(
    ("word", "near"),
    [
        ("unknwn-tier", "unknown-tier"),
        ("OTB-DEC-4x", "OTB-DEC-"),
        ("fallback-tiers", "fallback-tier"),
        ("zzz\x1b[31m", "--list"),
    ],
)
def test_an_unknown_word_is_misuse(command: Otb, word: str, near: str) -> None:
    """Exit 2, with what was probably meant, and nothing that a terminal obeys."""
    status, out, err = command("explain", word)
    assert (status, out) == (2, "")
    assert near in err
    assert "\x1b" not in err


def test_the_whole_list(command: Otb) -> None:
    """`--list` has every code and every requirement; it takes no code, and without it one is needed."""
    status, out, _ = command("explain", "--list")
    listed = {line.split()[0] for line in out.splitlines() if line.startswith("  ")}
    assert status == 0
    assert listed == {*CODES, *reason_codes(), *requirements()}
    assert command("explain")[0] == 2
    assert command("explain", "unknown-tier", "--list")[0] == 2
