"""Why and why not, in codes: worked out only when somebody asks.

The rules are explained by the tree interpreter, the candidates by making every choice again with notes.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from msgspec import Struct

from ..amounts import format_decimal
from ..conditions import evaluate
from .candidates import Note
from .deciding import Outcome, answer, follow
from .decision import Decision, Question
from .policy import Policy


class Step(NamedTuple):
    """What became of a classifier or rule; `confidence` in units of 10⁻¹²."""

    id: str
    reason: str
    confidence: int | None = None


class Trace(Struct, frozen=True):
    """Everything that was weighed, in the order in which it was."""

    classifiers: tuple[Step, ...]
    rules: tuple[Step, ...]
    candidates: tuple[Note, ...]

    def as_json(self) -> dict[str, Any]:
        """Return the wire form (schemas/v1/decision.schema.json, `trace`)."""
        return {
            "classifiers": [_step(step) for step in self.classifiers],
            "rules": [_step(step) for step in self.rules],
            "candidates": [_note(note) for note in self.candidates],
        }


def trace_of(decision: Decision) -> Trace:
    """Return why `decision` is what it is, its earlier attempts included."""
    policy, question = decision.policy, decision.question
    notes: list[Note] = []
    instants = [(attempt.at, attempt.health) for attempt in decision.attempts]
    instants.append((decision.at, decision.health))
    at, health = instants[0]
    again = answer(policy, question, at, health, notes)
    outcomes = list(decision.errors)
    if decision.reasons[-1] == "unaccepted":
        outcomes.append("unaccepted")
    for error, (at, health) in zip(outcomes, instants[1:], strict=False):
        outcome = Outcome() if error == "unaccepted" else Outcome(error=error)
        again = follow(again, outcome, at, health, notes)
    return Trace(_classifiers(policy, question), _rules(policy, question), tuple(notes))


def _classifiers(policy: Policy, question: Question) -> tuple[Step, ...]:
    if policy.classifiers is None:
        return ()
    request = question.request
    explained = policy.classifiers.explain(request.text, request.classifications, request.attributes)
    return tuple(Step(step.classifier, step.reason, step.confidence) for step in explained)


def _rules(policy: Policy, question: Question) -> tuple[Step, ...]:
    steps = []
    reached = True
    for rule in policy.rules:
        if not reached:
            steps.append(Step(rule.id, "not-reached"))
            continue
        verdict = True if rule.condition is None else evaluate(rule.condition, question.facts)
        steps.append(Step(rule.id, {True: "matched", False: "not-matched", None: "unknown"}[verdict]))
        reached = verdict is not True
    return tuple(steps)


def _step(step: Step) -> dict[str, Any]:
    form: dict[str, Any] = {"id": step.id, "reason": step.reason}
    if step.confidence is not None:
        form["confidence"] = format_decimal(step.confidence)
    return form


def _note(note: Note) -> dict[str, Any]:
    form: dict[str, Any] = {
        "id": note.candidate,
        "tier": note.tier,
        "attempt": note.attempt,
        "reason": note.reason,
    }
    if note.expected is not None:
        form["expected"] = format_decimal(note.expected)
    return form
