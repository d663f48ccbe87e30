"""The conformance cases, run in process against the reference; and the suite's own judge."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from opentokenbudget.driving import OPS, Session
from opentokenbudget.problems import ProblemError
from opentokenbudget_conformance import Case, load_cases, run_case
from opentokenbudget_conformance.cli import suite
from opentokenbudget_conformance.judging import at_pointer, judge, judge_distribution, same

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


@pytest.mark.parametrize(
    ("answer", "expect"),
    [
        ({"a": 1}, {"exact": {"/a": True}}),
        ({"a": 1}, {"exact": {"/a": "1"}}),
        ({"a": 1}, {"exact": {"/b": 1}}),
        ({"a": 1}, {"exact": {"": {"a": 1, "b": 2}}}),
        ({"a": "0.50"}, {"exact": {"/a": "0.5"}}),
        ({"a": "0.51"}, {"decimal": {"/a": "0.5"}}),
        ({"a": 1}, {"decimal": {"/a": "1"}}),
        ({"a": "1e0"}, {"decimal": {"/a": "1"}}),
        ({"a": "x"}, {"one_of": {"/a": ["y", "z"]}}),
        ({"a": ["x", "x"]}, {"set": {"/a": ["x", "y"]}}),
        ({"a": ["x"]}, {"set": {"/a": ["x", "x"]}}),
        ({"a": None}, {"absent": ["/a"]}),
        ({"problems": [{"code": "x"}]}, {"problem": "y"}),
        ({}, {"problem": "y"}),
        ({"problems": []}, {"problems": [{"code": "x"}]}),
        ({"problems": [{"code": "x", "pointer": "/a"}]}, {"problems": [{"code": "x", "pointer": "/b"}]}),
        ({"problems": [{"code": "x"}, {"code": "y"}]}, {"problems": [{"code": "x"}]}),
        ({}, {"problems": []}),
        ({"reasons": ["a"]}, {"reason": "b"}),
        ({"a": 1}, {"result": {"a": 1, "b": 1}}),
        ({"a": 1}, {"same_as": 0}),
        ({"a": 0}, {"different_from": 0}),
        ({"a": 0}, {"same_as": 1}),
        ({"problems": [{"code": "x"}]}, {"absent": ["/a"]}),
        ({"problems": [{"code": "x"}]}, {"different_from": 0}),
    ],
)
def test_the_judge_finds_a_wrong_answer(answer: object, expect: dict[str, object]) -> None:
    """An answer that does not hold what is expected is a mismatch, an unexpected problem too."""
    assert judge(answer, expect, [{"a": 0}])


@pytest.mark.parametrize(
    ("answer", "expect"),
    [
        ({"a": {"b/c": [1, 2]}}, {"exact": {"/a/b~1c/1": 2}}),
        ({"a": "0.50"}, {"decimal": {"/a": "0.5"}}),
        ({"a": "x"}, {"one_of": {"/a": ["x", "z"]}}),
        ({"a": ["y", "x"]}, {"set": {"/a": ["x", "y"]}}),
        ({"a": 1}, {"absent": ["/b", "/a/0"]}),
        ({"problems": [{"code": "x"}, {"code": "y"}]}, {"problem": "y"}),
        ({"problems": [{"code": "x", "pointer": "/a", "message": "m"}]}, {"problems": [{"code": "x"}]}),
        ({"reasons": ["a", "b"]}, {"reason": "b"}),
        ({"a": 0}, {"same_as": 0}),
        ({"a": False}, {"different_from": 0}),
        ({"problems": [{"code": "x"}]}, {"exact": {"/problems/0/code": "x"}}),
    ],
)
def test_the_judge_accepts_a_right_answer(answer: object, expect: dict[str, object]) -> None:
    """An answer that holds all that is expected has no mismatch."""
    assert judge(answer, expect, [{"a": 0}]) == []


def test_a_distribution_is_exact() -> None:
    """A distribution counts every value at a pointer, and one more or less is a mismatch."""
    answers = [{"a": "x"}, {"a": "y"}, {"a": "x"}]
    assert judge_distribution(answers, {"pointer": "/a", "counts": {"x": 2, "y": 1}}) == []
    assert judge_distribution(answers, {"pointer": "/a", "counts": {"x": 1, "y": 2}})
    assert judge_distribution(answers, {"pointer": "/a", "counts": {"x": 2}})


def test_equality_is_that_of_json() -> None:
    """`true` is not `1`, and the order of keys means nothing."""
    assert not same({"a": [1]}, {"a": [True]})
    assert same({"a": 1, "b": [2]}, {"b": [2], "a": 1})
    assert repr(at_pointer({"a": 1}, "/a/b")) == "nothing"


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
