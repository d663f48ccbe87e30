"""The conformance cases, run in process against the reference."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from opentokenbudget.driving import OPS, Session
from opentokenbudget.problems import ProblemError
from opentokenbudget_conformance import Case, load_cases, run_case
from opentokenbudget_conformance.cli import suite

CASES = load_cases()


@pytest.mark.parametrize("case", CASES, ids=[case.path.removesuffix(".yaml") for case in CASES])
def test_case(case: Case) -> None:
    """The reference answers every step of the case as expected."""
    result = run_case(case, Session())
    assert result.passed, str(result)


def test_every_op_of_the_schema_is_answered() -> None:
    """The ops of the reference are the ops that a case may ask."""
    schema = json.loads((Path(__file__).parent.parent / "schemas" / "v1" / "case.schema.json").read_text())
    assert {*OPS, "configure", "reset"} == set(
        schema["properties"]["steps"]["items"]["properties"]["op"]["enum"]
    )


def test_an_unknown_op_is_an_error() -> None:
    """A step that the reference does not know raises, rather than pass for an answer."""
    with pytest.raises(NotImplementedError, match="`guess`"):
        Session().step("guess", {})


def test_a_case_is_named_like_its_file_and_valid(tmp_path: Path) -> None:
    """A folder with a malformed, a misnamed and a repeated case answers all of their problems."""
    good = (
        'otb: "1.0"\nkind: case\nid: good\nversion: 1.0.0\ntitle: A title\nrequirements: [OTB-DOC-001]\n'
        "polarity: positive\nprofile: documents\nsteps: [{op: parse, args: {text: a}, expect: {absent: [/b]}}]\n"
    )
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "good.yaml").write_text(good)
    (tmp_path / "good.yaml").write_text(good)
    (tmp_path / "other.yaml").write_text(good)
    (tmp_path / "broken.yaml").write_text("otb: [")
    with pytest.raises(ProblemError) as wrong:
        load_cases(tmp_path)
    assert sorted(problem.code for problem in wrong.value.problems) == [
        "duplicate-id",
        "duplicate-id",
        "syntax-error",
    ]


def test_list_prints_the_cases_of_a_requirement() -> None:
    """`otb-conformance list` filters by profile and requirement, as text and as JSON."""
    text = CliRunner().invoke(suite, ["list", "--requirement", "OTB-PRICE-013"])
    assert text.exit_code == 0
    assert "a-tie-is-rounded-to-even  pricing  positive  OTB-PRICE-013" in text.output
    listed = json.loads(CliRunner().invoke(suite, ["list", "--profile", "value", "--format", "json"]).stdout)
    assert listed
    assert {row["profile"] for row in listed} == {"value"}
