"""The pages of the specification: their form, what is generated from them, and that cases show every MUST."""

from __future__ import annotations

import importlib.util
import json
import re
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
import yaml

from plain_yaml import PlainLoader
from schema_walk import ROOT
from test_schemas import ORACLES

SPEC = ROOT / "spec"
PAGES = sorted(SPEC.glob("[0-9]*.md"))
SECTIONS = ["Example", "Fields", "Requirements", "Problems", "Notes"]


def _build() -> Any:
    spec = importlib.util.spec_from_file_location("spec_build", SPEC / "build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


BUILD = _build()
REQUIREMENTS = BUILD.read_requirements()
CASES = BUILD.read_case_lines()
MUSTS = [row for row in REQUIREMENTS if row.level.startswith("MUST") and not row.reason]


def test_generated_files_are_fresh(capsys: pytest.CaptureFixture[str]) -> None:
    """`python spec/build.py --check` finds requirements.json and traceability.md as the pages and cases make them."""
    assert BUILD.main(["--check"]) == 0, capsys.readouterr().err


@pytest.mark.parametrize("polarity", ["positive", "negative"])
def test_every_must_has_a_case(polarity: str) -> None:
    """A case shows every MUST, and another what it refuses or does not cover; or the page says why none can."""
    shown = {id_ for case in CASES if case.polarity == polarity for id_ in case.requirements}
    assert [row.id for row in MUSTS if row.id not in shown] == []


def test_no_case_names_an_unknown_requirement() -> None:
    """Cases name requirements of the pages alone, and none that says it cannot be tested."""
    testable = {row.id for row in REQUIREMENTS if not row.reason}
    assert {id_ for case in CASES for id_ in case.requirements} - testable == set()


@pytest.mark.parametrize("row", REQUIREMENTS, ids=[row.id for row in REQUIREMENTS])
def test_a_requirement_is_one_sentence_about_a_role(row: Any) -> None:
    """A requirement names a role first, and is one sentence."""
    role = "reader|pricer|evaluator|router|logger|driver|runner|implementer|editor"
    assert re.match(rf"(A|An) ({role}) (MUST|SHOULD|MAY)", row.text)
    assert row.text.endswith(".")
    bare = re.sub(r"`[^`]*`", "", row.text)
    assert not re.search(r"[.;] [A-Z]", bare)


@pytest.mark.parametrize("page", PAGES, ids=[page.stem for page in PAGES])
def test_a_page_has_its_sections_in_order(page: Path) -> None:
    """A page says its purpose in three lines, then example, fields, requirements, problems, notes."""
    text = page.read_text(encoding="utf-8")
    purpose = text.split("\n\n")[1]
    assert len(purpose.splitlines()) == 3
    headings = re.findall(r"^## (.+)$", text, re.MULTILINE)
    assert [heading for heading in headings if heading in SECTIONS] == [
        heading for heading in SECTIONS if heading in headings
    ]
    assert {"Example", "Requirements", "Problems", "Notes"} <= set(headings)


def test_every_problem_code_of_the_pages_is_in_the_closed_list() -> None:
    """A page names problem codes of problem-codes.json alone."""
    known = set(json.loads((ROOT / "schemas" / "v1" / "problem-codes.json").read_text())["codes"])
    named = defaultdict(list)
    for page in PAGES:
        problems = page.read_text(encoding="utf-8").partition("## Problems")[2].partition("## Notes")[0]
        for line in problems.splitlines():
            if line.startswith("| `"):
                for code in re.findall(r"`([^`]+)`", line.split("|")[1]):
                    named[code].append(page.stem)
    assert {code: pages for code, pages in named.items() if code not in known} == {}


def test_every_reason_of_the_pages_is_in_the_closed_list() -> None:
    """Reason codes that requirements name are in reason-codes.json."""
    reasons = set(json.loads((ROOT / "schemas" / "v1" / "reason-codes.json").read_text())["codes"])
    problems = set(json.loads((ROOT / "schemas" / "v1" / "problem-codes.json").read_text())["codes"])
    for row in REQUIREMENTS:
        for named in re.findall(r"(?:with|reason) `([a-z]+(?:-[a-z]+)+)`", row.text):
            assert named in reasons | problems, f"{row.id} names `{named}`"


FENCES = [
    (page.stem, fence)
    for page in PAGES
    for fence in re.findall(r"```yaml\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    if "\nkind: " in fence
]


@pytest.mark.parametrize(("page", "fence"), FENCES, ids=[page for page, _ in FENCES])
def test_documents_in_the_pages_are_valid(page: str, fence: str) -> None:
    """A whole document in a page is accepted by its schema."""
    document = yaml.load(fence, Loader=PlainLoader)
    assert [error.message for error in ORACLES[document["kind"]].iter_errors(document)] == []


def test_links_of_the_pages_lead_somewhere() -> None:
    """Every relative link of spec/ leads to a file."""
    for page in SPEC.glob("*.md"):
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).is_file(), f"{page.name}: {target}"


def test_a_page_that_breaks_the_form_is_refused(tmp_path: Path) -> None:
    """Two key words in one requirement, and an id twice, stop the build."""
    (tmp_path / "10-a.md").write_text("- **OTB-A-001** A reader MUST read and MUST write.\n")
    with pytest.raises(BUILD.BadPage, match="key words"):
        BUILD.read_requirements(tmp_path)
    (tmp_path / "10-a.md").write_text(
        "- **OTB-A-001** A reader MUST read.\n- **OTB-A-001** A reader MUST write.\n"
    )
    with pytest.raises(BUILD.BadPage, match="already"):
        BUILD.read_requirements(tmp_path)
