"""The trace of a decision: worked out only when somebody asks.

The rules are explained by the tree interpreter, the candidates by making every choice again with notes.
"""

from __future__ import annotations

from ..conditions import evaluate
from .deciding import Outcome, Spending, answer, follow
from .decision import Decision, Question
from .policy import Policy
from .trace import Note, Step, Trace


def trace_of(decision: Decision, spending: Spending | None = None) -> Trace:
    """Return why `decision` is what it is, its earlier attempts included.

    Args:
        spending: says of each attempt what pools said then; None under a policy without pools.
    """
    policy, question = decision.policy, decision.question
    notes: list[Note] = []
    instants = [(attempt.at, attempt.health) for attempt in decision.attempts]
    instants.append((decision.at, decision.health))
    at, health = instants[0]
    again = answer(policy, question, at, health, notes, spending)
    outcomes = list(decision.errors)
    if decision.reasons[-1] == "unaccepted" and len(decision.errors) < len(decision.attempts):
        outcomes.append("unaccepted")
    for error, (at, health) in zip(outcomes, instants[1:], strict=False):
        outcome = Outcome() if error == "unaccepted" else Outcome(error=error)
        again = follow(again, outcome, at, health, notes, spending)
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
