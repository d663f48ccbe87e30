"""Comparing: the same sequences to two implementations; a difference is made as small as it goes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, final

from ..asking import Answer, Asked, Driven, Fault, Question, Result, Skipped, ask_all
from ..shrinking import shrink
from .sequences import Sequence

BATCH = 40

Router = Driven | Asked


@final
@dataclass(frozen=True, slots=True)
class Difference:
    """Two implementations answer a step of a sequence otherwise.

    Attributes:
        number: of the sequence under its seed.
        sequence: what was asked.
        step: the index of the first step that they answer otherwise; -1 when one of them fails before.
        first, second: what they answer to it.
    """

    number: int
    sequence: Sequence
    step: int
    first: Answer
    second: Answer


def differences(
    sequences: Iterable[tuple[int, Sequence]],
    first: Router,
    second: Router,
    told: Callable[[int], object] | None = None,
) -> Iterator[Difference]:
    """Yield what `first` and `second` answer otherwise, one at most of each numbered sequence.

    Args:
        sequences: by number.
        first, second: whom to ask.
        told: called, as the sequences are asked, with how many steps both have answered.
    """
    numbered = iter(sequences)
    while batch := list(islice(numbered, BATCH)):
        questions = [question for _, sequence in batch for question in _questions(sequence)]
        one, other = ask_all(first, questions), ask_all(second, questions)
        if told is not None:
            both = zip(questions, one, other, strict=False)
            told(sum(asked.command == "step" and _answered(*answers) for asked, *answers in both))
        if len(one) == len(other) == len(questions) and all(map(alike, one, other)):
            continue
        for number, sequence in batch:
            found = compare(number, sequence, first, second)
            if found is not None:
                yield found


def compare(number: int, sequence: Sequence, first: Router, second: Router) -> Difference | None:
    """Return the first difference between the answers to `sequence`, if there is one."""
    questions = _questions(sequence)
    one, other = ask_all(first, questions), ask_all(second, questions)
    for index, (left, right) in enumerate(zip(one, other, strict=False)):
        if not alike(left, right):
            return Difference(number, sequence, index - 1, left, right)
    return None


def answers_to(sequence: Sequence, router: Router) -> list[Answer]:
    """Return the answers of `router` to the steps of `sequence`, as far as it gave any."""
    return ask_all(router, _questions(sequence))[1:]


def alike(one: Answer, other: Answer) -> bool:
    """Return whether two answers are the same bytes of canonical JSON, messages of problems left out.

    What one of them does not do is not compared.
    """
    if isinstance(one, Fault) or isinstance(other, Fault):
        return False
    if isinstance(one, Skipped) or isinstance(other, Skipped):
        return True
    return compared(one.value) == compared(other.value)


def _answered(*answers: Answer) -> bool:
    return all(isinstance(answer, Result) for answer in answers)


def smallest(difference: Difference, first: Router, second: Router, budget: int = 2000) -> Difference:
    """Return a difference of the same kind in as small a sequence as `budget` tries lead to."""
    kind = _kind(difference)
    last = difference

    def still(form: Any) -> bool:
        nonlocal last
        sequence = _from_form(form)
        if sequence is None:
            return False
        found = compare(difference.number, sequence, first, second)
        if found is None or _kind(found) != kind:
            return False
        last = found
        return True

    shrink(_form(difference.sequence), still, budget)
    return last


def _kind(difference: Difference) -> tuple[Any, ...]:
    """Return what must stay while a sequence shrinks: the op, and what sort of answers they are."""
    op = difference.sequence.steps[difference.step][0] if difference.step >= 0 else ""
    return (op, _sort(difference.first), _sort(difference.second))


def _sort(answer: Answer) -> Any:
    if isinstance(answer, Fault):
        return answer.code
    value = answer.value if isinstance(answer, Result) else None
    problems = value.get("problems") if isinstance(value, Mapping) else None
    if isinstance(problems, list) and problems:
        return sorted({str(one.get("code")) if isinstance(one, Mapping) else "" for one in problems})
    return type(answer).__name__


def _questions(sequence: Sequence) -> list[Question]:
    steps = [Question("step", args, op) for op, args in sequence.steps]
    return [Question("configure", sequence.given), *steps]


def compared(value: Any) -> str:
    """Return the canonical JSON of an answer, of problems only what is compared: code, severity and pointer."""
    if isinstance(value, dict) and isinstance(value.get("problems"), list):
        value = {**value, "problems": [_problem(problem) for problem in value["problems"]]}
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def _problem(problem: Any) -> Any:
    if not isinstance(problem, dict):
        return problem
    return [problem.get("code"), problem.get("severity"), problem.get("pointer")]


def _form(sequence: Sequence) -> dict[str, Any]:
    steps = [{"op": op, "args": dict(args)} for op, args in sequence.steps]
    return {"given": dict(sequence.given), "steps": steps}


def _from_form(form: Any) -> Sequence | None:
    """Return the sequence that `form` says, or None where shrinking took away what makes it one."""
    try:
        steps = tuple((step["op"], step["args"]) for step in form["steps"])
    except (KeyError, TypeError):
        return None
    sound = all(isinstance(op, str) and isinstance(args, dict) for op, args in steps)
    if not sound or not steps or not isinstance(form.get("given"), dict):
        return None
    return Sequence(form["given"], steps)
