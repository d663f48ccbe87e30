"""Makes failures small: of a case what still fails, alone, and against an oracle that says what is right.

Tries are counted, never timed, so that the same program gets the same report. A try asks the program once.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, final

from .asking import Answer, Asked, Driven, Fault, Question, Result, ask_all
from .cases import Case, Step
from .judging import ABSENT, Mismatch, at_pointer, judge
from .reports.building import mismatch_form
from .running import CaseResult
from .shrinking import shrink

_TRIES = 4000
"""For all failures of a run; what comes after is cut short alone."""

_TRIES_PER_CASE = 500
_COSTS = {"answered-errored": 1, "timed-out": 100, "closed-output": 100}
"""How many tries it costs when the router does this, instead of answering; anything else ends it, and costs ten."""

_LARGE = 2**18
"""So many characters of answers count as one more try."""

_DERIVED = ("exact", "decimal", "one_of", "set")
_REFERRING = ("same_as", "different_from")
_REFERRING_AT = ("same_at", "scaled")

Minimised = dict[str, Any]


def minimise_all(
    results: Iterable[CaseResult],
    driven: Driven | Asked,
    oracle: Driven | Asked | None,
    *,
    tries: int = _TRIES,
) -> dict[str, Minimised]:
    """Return by case id what still shows each failure, in the form of report.schema.json.

    Args:
        results: of a run.
        driven: the router, asked again.
        oracle: a router that is right; None when there is none, and documents are left as they are.
        tries: how often the router may be asked, for all failures.
    """
    found: dict[str, Minimised] = {}
    for result in results:
        if result.result == "errored":
            found[result.case.id] = _until_fault(result)
        elif result.result == "failed":
            minimiser = _Minimiser(driven, oracle, min(tries, _TRIES_PER_CASE))
            found[result.case.id] = minimiser.minimised(result)
            tries -= minimiser.used
    return found


class _Question(NamedTuple):
    """A case cut down: what is given, what is asked, and the one thing expected of the last answer."""

    given: Mapping[str, Any]
    steps: tuple[tuple[str, Mapping[str, Any]], ...]
    expect: Mapping[str, Any]

    def form(self) -> Minimised:
        steps: list[Minimised] = [
            {"op": op, "args": dict(args)} if args else {"op": op} for op, args in self.steps
        ]
        steps[-1]["expect"] = dict(self.expect)
        return {"given": dict(self.given), "steps": steps} if self.given else {"steps": steps}


@final
class _Minimiser:
    """Asks again and again, each time for less.

    Attributes:
        used: how often the router was asked.
    """

    def __init__(self, driven: Driven | Asked, oracle: Driven | Asked | None, tries: int) -> None:
        self.used = 0
        self._driven = driven
        self._oracle = oracle
        self._tries = tries

    def minimised(self, result: CaseResult) -> Minimised:
        index, mismatch = result.mismatches[0]
        question = _cut(result.case, index, mismatch)
        shown = mismatch_form(len(question.steps) - 1, question.steps[-1][0], mismatch)
        if self._tries < 2 or mismatch.expectation == "distribution":
            return {**question.form(), "mismatch": shown, "alone": "not-asked"}
        if self._mismatch(question, mismatch) is None:
            return {**question.form(), "mismatch": shown, "alone": "passes"}
        question = self._without_steps(question, mismatch)
        question = self._shrunk(question, mismatch)
        again = self._mismatch(question, mismatch) or mismatch
        shown = mismatch_form(len(question.steps) - 1, question.steps[-1][0], again)
        return {**question.form(), "mismatch": shown, "alone": "fails"}

    def _asked(self, question: _Question) -> list[Any] | None:
        """Return the router's answers to the steps, or None when one of them is none."""
        answers = ask_all(self._driven, _questions(question))
        fault = answers[-1] if answers and isinstance(answers[-1], Fault) else None
        self.used += _size(answers) // _LARGE + (1 if fault is None else _COSTS.get(fault.code, 10))
        return _values(answers)

    def _mismatch(self, question: _Question, like: Mismatch) -> Mismatch | None:
        """Return how the router fails `question`, where it does so at the place of `like`."""
        values = self._asked(question)
        if values is None:
            return None
        wrong = judge(values[-1], question.expect, values[:-1])
        return next((one for one in wrong if one.pointer == like.pointer), None)

    def _without_steps(self, question: _Question, like: Mismatch) -> _Question:
        """Return `question` without the steps that the same answer does not need, the latest left out first."""
        for index in range(len(question.steps) - 2, -1, -1):
            fewer = _without(question, index)
            if fewer is None or self.used >= self._tries:
                continue
            found = self._mismatch(fewer, like)
            if found is not None and found.found == like.found:
                question = fewer
        return question

    def _shrunk(self, question: _Question, like: Mismatch) -> _Question:
        """Return `question` with documents and arguments made small, while router and oracle differ as before."""
        difference = self._difference(question, like)
        if difference is None:
            return question
        whole = {"given": question.given, "args": [args for _, args in question.steps]}

        def still(value: Any) -> bool:
            if self.used >= self._tries:
                return False
            return difference.like(self._difference(_with(question, value), like))

        small = shrink(whole, still, max(self._tries - self.used - 2, 0))
        shrunk = _with(question, small)
        last = self._difference(shrunk, like)
        return shrunk._replace(expect=last.expect) if last is not None else question

    def _difference(self, question: _Question, like: Mismatch) -> _Difference | None:
        """Return how router and oracle differ on `question`; None where they do not, or one does not answer."""
        if self._oracle is None:
            return None
        ours = self._asked(question)
        right = None if ours is None else _values(ask_all(self._oracle, _questions(question)))
        if ours is None or right is None:
            return None
        if like.expectation in _DERIVED and like.pointer:
            found, expected = at_pointer(ours[-1], like.pointer), at_pointer(right[-1], like.pointer)
            expect = _expecting(like, expected)
        else:
            found, expected, expect = None, None, question.expect
            if judge(right[-1], expect, right[:-1]):
                return None
        wrong = judge(ours[-1], expect, ours[:-1])
        if not any(one.pointer == like.pointer for one in wrong):
            return None
        return _Difference(_codes(ours), _codes(right), _kind(found), _kind(expected), expect)


class _Difference(NamedTuple):
    """How a router and an oracle differ: the problems that each answers, and what kinds of values stand there."""

    problems: frozenset[str]
    right_problems: frozenset[str]
    found: str
    expected: str
    expect: Mapping[str, Any]

    def like(self, other: _Difference | None) -> bool:
        """Return whether `other` is a difference of the same sort: no new problems, no other kinds of values."""
        return (
            other is not None
            and other.problems <= self.problems
            and other.right_problems <= self.right_problems
            and (other.found, other.expected) == (self.found, self.expected)
        )


def _until_fault(result: CaseResult) -> Minimised:
    steps = result.case.steps[: max(result.at_step, 0) + 1]
    form: list[Minimised] = [
        {"op": step.op, "args": dict(step.args)} if step.args else {"op": step.op} for step in steps
    ]
    given = {"given": dict(result.case.given)} if result.case.given else {}
    return {**given, "steps": form, "alone": "not-asked"}


def _cut(case: Case, index: int, mismatch: Mismatch) -> _Question:
    """Return `case` until the step that failed, with nothing but the failed expectation."""
    steps = tuple((step.op, step.args) for step in case.steps[: index + 1])
    return _Question(case.given, steps, _only(case.steps[index], mismatch))


def _only(step: Step, mismatch: Mismatch) -> Mapping[str, Any]:
    name, pointer = mismatch.expectation, mismatch.pointer
    if name not in step.expect:
        # Problems that nobody expected: of an answer that is a list of them, or of one that has none.
        return {"problems": []} if step.op in ("check", "record") else {"absent": ["/problems"]}
    wanted = step.expect[name]
    if name == "absent":
        return {name: [pointer]}
    if name in _REFERRING_AT:
        return {name: {**wanted, "pointers": [pointer]}}
    if isinstance(wanted, Mapping) and pointer in wanted and name != "result":
        return {name: {pointer: wanted[pointer]}}
    return {name: wanted}


def _without(question: _Question, index: int) -> _Question | None:
    """Return `question` without the step `index`, or None when its answer is spoken of."""
    expect = dict(question.expect)
    for name in (*_REFERRING, *_REFERRING_AT):
        if name not in expect:
            continue
        refers = expect[name] if name in _REFERRING else expect[name]["step"]
        if refers == index:
            return None
        moved = refers - (refers > index)
        expect[name] = moved if name in _REFERRING else {**expect[name], "step": moved}
    steps = question.steps[:index] + question.steps[index + 1 :]
    return question._replace(steps=steps, expect=expect)


def _with(question: _Question, whole: Mapping[str, Any]) -> _Question:
    """Return `question` with other documents and arguments; a shape that no case has is asked as nothing."""
    given = whole.get("given", {})
    args = whole.get("args", [])
    steps = zip((op for op, _ in question.steps), args, strict=False)
    if len(args) != len(question.steps):
        return question._replace(steps=())
    return question._replace(given=given, steps=tuple(steps))


def _expecting(like: Mismatch, expected: Any) -> Mapping[str, Any]:
    if expected is ABSENT:
        return {"absent": [like.pointer]}
    if like.expectation == "set" and isinstance(expected, list):
        return {"set": {like.pointer: expected}}
    return {"exact": {like.pointer: expected}}


def _questions(question: _Question) -> list[Question]:
    asked = [Question("configure", question.given)]
    for op, args in question.steps:
        asked.append(Question(op, args) if op in ("configure", "reset") else Question("step", args, op))
    return asked


def _values(answers: Sequence[Answer]) -> list[Any] | None:
    """Return the answers to the steps, or None when one of them is none."""
    values = [one.value for one in answers if isinstance(one, Result)]
    return values[1:] if len(values) == len(answers) and len(values) > 1 else None


def _size(answers: Sequence[Answer]) -> int:
    """Return how many characters the JSON text of the answers has."""
    return sum(len(json.dumps(one.value)) for one in answers if isinstance(one, Result))


def _codes(values: Iterable[Any]) -> frozenset[str]:
    return frozenset(
        str(at_pointer(problem, "/code"))
        for value in values
        if isinstance(problems := at_pointer(value, "/problems"), list)
        for problem in problems
    )


def _kind(value: Any) -> str:
    return "nothing" if value is ABSENT else type(value).__name__
