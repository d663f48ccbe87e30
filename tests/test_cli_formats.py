"""The forms of `otb check`: what each holds, and that nothing breaks out of any of them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from checked import AT, WRONG, Otb, command, files
from linted import CATALOG
from opentokenbudget.cli.checking import Checked
from opentokenbudget.cli.formats import FORMATS, as_text, rendered, visible
from opentokenbudget.documents import read, schema_problems
from opentokenbudget.opening import CannotOpen
from opentokenbudget.problems import Place, Problem

__all__ = ["command", "files"]

CORPUS = Path(__file__).parent / "corpus"
PAYLOADS = [
    "\x1b[31mred\x1b[0m",
    "\x9b31m",
    "\x1b]8;;http://evil\x07link\x1b]8;;\x07",
    "a\nb",
    "a\r\n::set-output name=x::y",
    "\n##vso[task.setvariable variable=x]y",
    "##[set-env name=x;]y",
    "::set-output name=x::y",
    "::stop-commands::x",
    "]]>",
    "]]><evil/>",
    "<script>alert(1)</script>",
    "</failure></testcase>",
    '" onload="x',
    "&amp;&#10;",
    "=cmd|' /C calc'!A0",
    "+1+1",
    "@SUM(1)",
    "[click](javascript:alert(1))",
    "{0} {1}",
    "%0A::error::x",
    "%25",
    "\u202egnp.exe",
    "\u2028\u2029\x85",
    "\ufffe\uffff\x00\x08\x0b",
    "\ud800",
    "`code` \\ back",
    "a,b:c;d",
    "\ufeff",
    "   ::warning::x",
    ":",
]
SARIF = json.loads((CORPUS / "sarif_used.json").read_text(encoding="utf-8"))


def hostile(text: str) -> Checked:
    """Return what a check might find in files of a bad name, with bad ids in pointers and messages."""
    pointer = text.replace("~", "~0").replace("/", "~1")
    problems = [
        Problem(
            "unknown-tier",
            f"/tiers/{pointer}",
            f"`{text}` is no tier",
            "OTB-POLICY-012",
            place=Place(text, 3, 7),
        ),
        Problem("rule-shadowed", f"/rules/{pointer}", text, severity="warning", place=Place(text, 4, 1)),
    ]
    return Checked((text,), tuple(problems), (CannotOpen(f"missing{text}", text),))


def is_harmless(line: str) -> bool:
    return line.isprintable() and "##[" not in line and "##vso[" not in line


def check_text(text: str) -> None:
    lines = as_text(hostile(text)).split("\n")
    assert len(lines) == 3
    assert all(is_harmless(line) and not line.lstrip().startswith("::") for line in lines)


def check_github(text: str) -> None:
    lines = rendered(hostile(text), "github").split("\n")
    assert len(lines) == 3
    for line, severity in zip(lines, ("error", "warning", "error"), strict=True):
        assert is_harmless(line)
        match = re.fullmatch(
            r"::(error|warning) file=([^:,]*)(,line=\d+,col=\d+)?,title=([a-z-]+)::(.*)", line
        )
        assert match is not None
        assert match[1] == severity
        assert re.fullmatch(r"(?:[^%]|%25)*", match[5])
        assert re.fullmatch(r"(?:[^%]|%25|%3A|%2C)*", match[2])


def check_json(text: str) -> None:
    printed = rendered(hostile(text), "json")
    assert printed.isascii()
    assert all(is_harmless(line) or "##" in line for line in printed.split("\n"))
    data = json.loads(printed)
    assert data["problems"][1]["message"] == text
    assert (data["errors"], data["warnings"], data["files"]) == (1, 1, [text])
    if text.isprintable():
        for problem in data["problems"]:
            assert schema_problems(problem, "problem") == ()


def check_junit(text: str) -> None:
    printed = rendered(hostile(text), "junit")
    root = ElementTree.fromstring(printed.encode())
    assert [child.tag for child in root.iter()] == [
        *("testsuites", "testsuite", "testcase", "failure", "system-out", "testcase", "error")
    ]
    case = root[0][0]
    assert case.get("name") == visible(text)
    assert case[0].get("message") == visible(f"`{text}` is no tier")
    assert "]]>" not in printed
    assert all(is_harmless(line) for line in printed.split("\n"))


def check_sarif(text: str) -> None:
    printed = rendered(hostile(text), "sarif")
    assert printed.isascii()
    data = json.loads(printed)
    Draft202012Validator(SARIF).validate(data)
    (run_,) = data["runs"]
    message = run_["results"][1]["message"]["text"]
    assert message.isprintable()
    assert not re.search(r"(?<!\\)(?:\\\\)*[\[\]]", message)
    assert not re.search(r"(?<!\{)\{\d+\}(?!\})", message)
    assert [run_["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] for result in run_["results"]] == [
        result["ruleId"] for result in run_["results"]
    ]


SINKS = {
    "text": check_text,
    "github": check_github,
    "json": check_json,
    "junit": check_junit,
    "sarif": check_sarif,
}


@pytest.mark.parametrize("sink", SINKS)
@pytest.mark.parametrize("payload", PAYLOADS, ids=ascii)
def test_no_payload_breaks_out_of_a_form(payload: str, sink: str) -> None:
    """A file name, a pointer or a message ends nothing and begins nothing in what is printed."""
    SINKS[sink](payload)


@pytest.mark.parametrize("sink", SINKS)
@given(text=st.text(st.characters(), min_size=1, max_size=30))
@settings(max_examples=60, deadline=None)
def test_no_text_breaks_out_of_a_form(text: str, sink: str) -> None:
    """Whatever the characters, half of a surrogate pair included."""
    SINKS[sink](text)


def test_every_form_of_a_good_policy(files: Path, command: Otb) -> None:
    """Without problems, each form says so in its own way, and exits 0."""
    told = {form: command("check", "good.yaml", *AT, "--format", form) for form in FORMATS}
    assert {code for code, _, _ in told.values()} == {0}
    assert json.loads(told["json"][1])["problems"] == []
    assert json.loads(told["sarif"][1])["runs"][0]["results"] == []
    assert ElementTree.fromstring(told["junit"][1].encode()).get("failures") == "0"
    assert told["github"][1] == ""


def test_sarif_has_help_places_and_relative_references(files: Path, command: Otb) -> None:
    """A rule has the help of its code; files below the working directory have relative references."""
    (files / "a folder").mkdir()
    (files / "a folder" / "wrong ü.yaml").write_text(WRONG, encoding="utf-8")
    (files / "a folder" / "c.yaml").write_text(CATALOG, encoding="utf-8")
    _, out, _ = command("check", "a folder/wrong ü.yaml", "--format", "sarif", *AT)
    data = json.loads(out)
    Draft202012Validator(SARIF).validate(data)
    (rule,) = data["runs"][0]["tool"]["driver"]["rules"]
    assert rule["id"] == "unknown-tier"
    assert "example: " in rule["help"]["text"]
    physical = data["runs"][0]["results"][0]["locations"][0]["physicalLocation"]
    assert physical["artifactLocation"]["uri"] == "a%20folder/wrong%20%C3%BC.yaml"
    assert physical["region"] == {"startLine": 8, "startColumn": 17}


def test_junit_has_one_test_case_per_file(files: Path, command: Otb) -> None:
    """Errors fail a file, warnings are its output, and fail it under `--strict`."""
    arguments = ("check", "good.yaml", "odd.yaml", "wrong.yaml", "missing.yaml", "--format", "junit", *AT)
    for strict, failures in (((), "1"), (("--strict",), "2")):
        code, out, _ = command(*arguments, *strict)
        root = ElementTree.fromstring(out.encode())
        assert code == 2
        assert (root.get("tests"), root.get("failures"), root.get("errors")) == ("5", failures, "1")
        assert [case.get("name") for case in root.iter("testcase")] == [
            *("good.yaml", "c.yaml", "odd.yaml", "wrong.yaml", "missing.yaml")
        ]


def test_what_is_printed_is_what_the_reader_reads(files: Path, command: Otb) -> None:
    """The JSON form holds the wire forms of problems, of which each is valid."""
    _, out, _ = command("check", "wrong.yaml", "odd.yaml", "--format", "json", *AT)
    for problem in json.loads(out)["problems"]:
        assert schema_problems(problem, "problem") == ()
    assert read(out.encode(), file="out.json").problems == ()
