"""Why and why not, in codes, as data: what became of every classifier, rule and candidate."""

from __future__ import annotations

from typing import Any, NamedTuple

from msgspec import Struct

from ..amounts import format_decimal


class Note(NamedTuple):
    """One verdict; money in units of 10⁻¹² of the currency, None where it was not worked out.

    Attributes:
        score: what `utility` compared, rounded.
    """

    candidate: str
    tier: str
    attempt: int
    reason: str
    expected: int | None = None
    bound: int | None = None
    score: int | None = None


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
    for field in ("expected", "bound", "score"):
        amount = getattr(note, field)
        if amount is not None:
            form[field] = format_decimal(amount)
    return form
