"""Runs cases: turns each into questions, asks them all at once, and has the answers judged."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, final

from .asking import Answer, Asked, Driven, Fault, Question, Result, Skipped, ask_all
from .cases import Case, Step
from .judging import Mismatch, judge, judge_distribution

RESULTS = ("errored", "failed", "disabled", "skipped", "passed")
"""What can become of a case, the worst first."""

_LINES = {"bad-answer", "not-json", "too-deep", "too-long", "wrong-id"}


@final
@dataclass(frozen=True, slots=True)
class CaseResult:
    """What became of a case.

    Attributes:
        case: what was asked.
        answers: to its steps, up to the first that was not answered.
        mismatches: what of them was not as expected, with the index of the step.
        fault: what the driver did instead of answering.
        skipped: why the driver, or who ran the suite, left it out; "" otherwise.
        disabled: it was not asked at all.
        at_step: the index of the step at which the fault or the skipping showed; -1 before the first one.
    """

    case: Case
    answers: tuple[Any, ...] = ()
    mismatches: tuple[tuple[int, Mismatch], ...] = ()
    fault: Fault | None = None
    skipped: str | None = None
    disabled: str | None = None
    at_step: int = -1

    @property
    def result(self) -> str:
        """One of `RESULTS`."""
        if self.disabled is not None:
            return "disabled"
        if self.fault is not None:
            return "errored"
        if self.mismatches:
            return "failed"
        return "passed" if self.skipped is None else "skipped"

    @property
    def passed(self) -> bool:
        return self.result == "passed"

    def __str__(self) -> str:
        head = f"{self.case.path}: {self.case.title}"
        if self.fault is not None:
            return f"{head}\n  step {self.at_step}: {self.fault.code}: {self.fault.message}"
        return "\n".join([head, *(f"  step {index}: {mismatch}" for index, mismatch in self.mismatches)])


def run_case(case: Case, driven: Driven | Asked) -> CaseResult:
    """Return what `driven` made of `case`; whatever it does is a result."""
    return _run(case, driven, Question("configure", case.given))


def run_cases(
    cases: Iterable[Case],
    driven: Driven | Asked,
    *,
    seed: str = "otb",
    disabled: Mapping[str, str] | None = None,
    told: Callable[[CaseResult], object] | None = None,
) -> tuple[CaseResult, ...]:
    """Return what `driven` made of each case, by path; it is asked in an order drawn from `seed`.

    Args:
        cases: to be asked.
        driven: the router.
        seed: the order is that of the SHA-256 of seed and case id.
        disabled: by case id: why it is not asked.
        told: called with each result as it comes.
    """
    results: dict[str, CaseResult] = {}
    holds: Case | None = None
    previous: str | None = None
    for case in in_order(cases, seed):
        if disabled and case.id in disabled:
            results[case.path] = CaseResult(case, disabled=disabled[case.id])
            continue
        # Whoever holds the same documents already need only forget what was asked.
        begin = Question("reset") if holds is not None and case.given == holds.given else None
        result = _run(case, driven, begin or Question("configure", case.given))
        if result.fault is not None and result.fault.early:
            result = _asked_again(case, driven, result, previous, results)
        results[case.path] = result
        holds, previous = (case, case.path) if _keeps_given(result) else (None, case.path)
        if told is not None:
            told(result)
    if previous is not None and isinstance(driven, Asked):
        # What it still has to say after the last case is said before this is answered.
        last = driven.ask_all([Question("configure", results[previous].case.given)])[-1]
        if isinstance(last, Fault) and last.early:
            _blame(last, previous, results)
    return tuple(results[path] for path in sorted(results))


def in_order(cases: Iterable[Case], seed: str) -> list[Case]:
    """Return `cases` in the order that `seed` draws."""
    return sorted(cases, key=lambda case: hashlib.sha256(f"{seed}\n{case.id}".encode()).digest())


def _asked_again(
    case: Case,
    driven: Driven | Asked,
    first: CaseResult,
    previous: str | None,
    results: dict[str, CaseResult],
) -> CaseResult:
    """Return what the case does in a fresh process; where all is well there, the case before is to blame.

    Only so does one run say what another does: whether a stray line or an end is seen before or after the
    last answer of a case is a matter of chance.
    """
    again = _run(case, driven, Question("configure", case.given))
    assert first.fault is not None
    if again.fault is None and first.fault.early and previous is not None:
        _blame(first.fault, previous, results)
    return again


def _blame(fault: Fault, path: str, results: dict[str, CaseResult]) -> None:
    before = results[path]
    code = "unasked" if fault.code in _LINES else fault.code
    message = f"after the last answer of this case: {fault.message}"
    after = fault._replace(code=code, message=message, early=False)
    results[path] = replace(before, fault=after, at_step=len(before.case.steps) - 1)


def _keeps_given(result: CaseResult) -> bool:
    return result.fault is None and all(step.op != "configure" for step in result.case.steps)


def _run(case: Case, driven: Driven | Asked, begin: Question) -> CaseResult:
    asked = [_questions(step) for step in case.steps]
    answers = ask_all(driven, [begin, *(question for questions in asked for question in questions)])
    fault = next(((at, one) for at, one in enumerate(answers) if isinstance(one, Fault)), None)
    if fault is not None:
        return CaseResult(case, fault=fault[1], at_step=_step_of(fault[0], asked))
    skipped = next(((at, one) for at, one in enumerate(answers) if isinstance(one, Skipped)), None)
    before = len(asked) if skipped is None else max(_step_of(skipped[0], asked), 0)
    values, mismatches = _judged(case.steps[:before], answers[1:], [len(part) for part in asked])
    if skipped is None or mismatches:
        return CaseResult(case, values, mismatches)
    assert isinstance(skipped[1], Skipped)
    return CaseResult(case, values, skipped=skipped[1].reason, at_step=_step_of(skipped[0], asked))


def _judged(
    steps: Sequence[Step], answers: Sequence[Answer], counts: Sequence[int]
) -> tuple[tuple[Any, ...], tuple[tuple[int, Mismatch], ...]]:
    values: list[Any] = []
    mismatches: list[tuple[int, Mismatch]] = []
    begin = 0
    for index, (step, count) in enumerate(zip(steps, counts, strict=False)):
        many = [one.value for one in answers[begin : begin + count] if isinstance(one, Result)]
        begin += count
        wrong = judge_distribution(many, step.expect["distribution"]) if "distribution" in step.expect else []
        wrong += judge(many[-1], step.expect, values)
        values.append(many[-1])
        mismatches += [(index, mismatch) for mismatch in wrong]
    return tuple(values), tuple(mismatches)


def _questions(step: Step) -> list[Question]:
    """Return what a step asks; one with a distribution asks its request under the ids `0`, `1`, ..."""
    if step.op == "configure":
        return [Question("configure", step.args)]
    if step.op == "reset":
        return [Question("reset")]
    if "distribution" not in step.expect:
        return [Question("step", step.args, step.op)]
    request = step.args.get("request", {})
    return [
        Question("step", {**step.args, "request": {**request, "id": str(number)}}, step.op)
        for number in range(step.expect["distribution"]["draws"])
    ]


def _step_of(position: int, asked: Sequence[Sequence[Question]]) -> int:
    """Return the index of the step to which the answer at `position` belongs; -1 for the first `configure`."""
    left = position
    for index, questions in enumerate(asked):
        if left < 1:
            break
        left -= len(questions)
        if left < 1:
            return index
    return -1
