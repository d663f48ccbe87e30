"""Runs a case: configures what is driven, asks step by step, and has the answers judged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol, final

from .cases import Case, Step
from .judging import Mismatch, judge, judge_distribution


class Driven(Protocol):
    """A router behind the suite's protocol. Answers are JSON data; a refusal is `{"problems": [...]}`."""

    def configure(self, given: Mapping[str, Any]) -> None:
        """Forget everything, and take the documents, the clock and the seed that `given` holds."""

    def reset(self) -> None:
        """Forget what was asked since `configure`; keep what was given."""

    def step(self, op: str, args: Mapping[str, Any]) -> Any:
        """Return the answer to one question."""


@final
@dataclass(frozen=True, slots=True)
class CaseResult:
    """What became of a case: for each step the answer, and what of it was not as expected."""

    case: Case
    answers: tuple[Any, ...]
    mismatches: tuple[tuple[int, Mismatch], ...]

    @property
    def passed(self) -> bool:
        return not self.mismatches

    def __str__(self) -> str:
        head = f"{self.case.path}: {self.case.title}"
        return "\n".join([head, *(f"  step {index}: {mismatch}" for index, mismatch in self.mismatches)])


def run_case(case: Case, driven: Driven) -> CaseResult:
    """Return what `driven` made of `case`."""
    driven.configure(case.given)
    answers: list[Any] = []
    mismatches: list[tuple[int, Mismatch]] = []
    for index, step in enumerate(case.steps):
        if "distribution" in step.expect:
            many = _ask_many(driven, step)
            answer = many[-1]
            wrong = judge_distribution(many, step.expect["distribution"])
        else:
            answer, wrong = _ask(driven, step), []
        wrong += judge(answer, step.expect, answers)
        answers.append(answer)
        mismatches += [(index, mismatch) for mismatch in wrong]
    return CaseResult(case, tuple(answers), tuple(mismatches))


def _ask(driven: Driven, step: Step) -> Any:
    if step.op == "configure":
        driven.configure(step.args)
        return {}
    if step.op == "reset":
        driven.reset()
        return {}
    return driven.step(step.op, step.args)


def _ask_many(driven: Driven, step: Step) -> list[Any]:
    """Return the answers to the step's request under the ids `0`, `1`, ..."""
    request = step.args.get("request", {})
    return [
        driven.step(step.op, {**step.args, "request": {**request, "id": str(number)}})
        for number in range(step.expect["distribution"]["draws"])
    ]
