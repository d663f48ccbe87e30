"""The judge: an answer is held against what the case expects, and against nothing else."""

from __future__ import annotations

import pytest

from opentokenbudget_conformance.asking import Fault, Question, Result, Skipped
from opentokenbudget_conformance.cases import Case, Step
from opentokenbudget_conformance.judging import at_pointer, judge, judge_distribution, same
from opentokenbudget_conformance.running import CaseResult, in_order, run_case, run_cases


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


class Scripted:
    """A router that answers from a list, whatever it is asked, and remembers the questions."""

    def __init__(self, *answers: object) -> None:
        self.answers = list(answers)
        self.asked: list[Question] = []

    def ask_all(self, questions: list[Question]) -> list[Result | Skipped | Fault]:
        self.asked += questions
        given, self.answers = self.answers[: len(questions) - 1], self.answers[len(questions) - 1 :]
        return [Result({}), *(one if isinstance(one, (Skipped, Fault)) else Result(one) for one in given)]


def result_of(*answers: object, expect: dict[str, object] | None = None) -> CaseResult:
    steps = tuple(Step("price", {}, expect or {"result": 1}) for _ in answers)
    case = Case("a", "A rule", ("OTB-A-001",), "positive", "pricing", (), "draft", {}, steps, "a/a.yaml")
    return run_case(case, Scripted(*answers))


SKIPPED, FAULT = Skipped("not here"), Fault("answered-errored", "out of luck")


@pytest.mark.parametrize(
    ("answers", "result", "at_step"),
    [
        ((1, 1), "passed", -1),
        ((1, 2), "failed", -1),
        ((1, SKIPPED), "skipped", 1),
        ((SKIPPED, 2), "skipped", 0),
        ((2, SKIPPED), "failed", -1),
        ((1, FAULT), "errored", 1),
        ((2, FAULT), "errored", 1),
        ((SKIPPED, FAULT), "errored", 1),
    ],
)
def test_a_case_has_the_worst_result_of_its_steps(
    answers: tuple[object, ...], result: str, at_step: int
) -> None:
    """Errored before failed, failed before skipped; what comes after a skipped step is not judged."""
    found = result_of(*answers)
    assert found.result == result
    assert found.passed is (result == "passed")
    if result in ("errored", "skipped"):
        assert found.at_step == at_step


def test_an_answer_is_judged_by_its_case_alone() -> None:
    """What a case does not speak of may be anything: messages, further fields, their order."""
    expect: dict[str, object] = {"exact": {"/total": "1"}, "absent": ["/problems"]}
    assert result_of({"more": [None], "total": "1"}, expect=expect).passed
    assert result_of({"total": "1"}, expect=expect).passed


def test_what_a_router_raises_is_a_result() -> None:
    """In process too, a router that fails is errored, one that has no such op is skipped."""

    class Raising:
        def configure(self, given: object) -> None: ...

        def reset(self) -> None: ...

        def step(self, op: str, args: object) -> object:
            raise KeyError("\x1b[31m") if op == "price" else NotImplementedError("no such op")

    def case(op: str) -> Case:
        step = Step(op, {}, {"result": 1})
        return Case(
            "a", "A rule", ("OTB-A-001",), "positive", "pricing", (), "draft", {}, (step,), "a/a.yaml"
        )

    errored = run_case(case("price"), Raising())
    assert errored.fault is not None
    assert errored.fault.message.isprintable()
    assert "KeyError" in str(errored)
    assert run_case(case("weigh"), Raising()).skipped == "no such op"


def test_a_distribution_asks_its_request_under_many_ids() -> None:
    """A step with a distribution is as many questions as it has draws, and one answer at last."""
    expect = {"distribution": {"pointer": "/c", "draws": 3, "counts": {"x": 2, "y": 1}}}
    step = Step("decide", {"request": {"input_tokens": 1}}, expect)
    case = Case("a", "A rule", ("OTB-A-001",), "positive", "routing", (), "draft", {}, (step,), "a/a.yaml")
    router = Scripted({"c": "x"}, {"c": "y"}, {"c": "x"})
    assert run_case(case, router).passed
    assert [question.args["request"]["id"] for question in router.asked[1:]] == ["0", "1", "2"]


def test_the_order_of_cases_is_drawn_from_the_seed() -> None:
    """One seed has one order, whatever order the cases came in; results come by path, disabled ones unasked."""
    cases = [
        Case(id_, id_, ("OTB-A-001",), "positive", "value", (), "draft", {}, (), f"{id_}.yaml")
        for id_ in "abcdef"
    ]
    orders = {seed: "".join(case.id for case in in_order(cases, seed)) for seed in "123"}
    assert orders == {seed: "".join(case.id for case in in_order(reversed(cases), seed)) for seed in "123"}
    assert len(set(orders.values())) > 1
    results = run_cases(cases, Scripted(), disabled={"c": "for a reason"})
    assert "".join(result.case.id for result in results) == "abcdef"
    assert [result.disabled for result in results if result.result == "disabled"] == ["for a reason"]
