"""What callers give beside a request: instants, health snapshots, outcomes; checked before anything else is done."""

from __future__ import annotations

from collections.abc import Mapping

from ..amounts import InvalidDecimal, InvalidInstant, parse_decimal, parse_instant
from ..documents.pointers import joined
from ..problems import Problem, ProblemError
from ..routing import Outcome
from ..routing.request import is_written

ERRORS = (
    "unavailable",
    "rate_limited",
    "timeout",
    "context_exceeded",
    "model_gone",
    "content_filtered",
    "bad_response",
    "other",
)
HEALTHS = ("healthy", "unhealthy")


def instant_of(text: str) -> int:
    """Return the instant `text` in nanoseconds since 1970.

    Raises:
        ProblemError: `bad-instant`.
    """
    try:
        instant = parse_instant(text)
        if not is_written(instant):
            raise InvalidInstant(f"`{text}` lies outside of the years 1 to 9999")
    except InvalidInstant as wrong:
        raise ProblemError(Problem("bad-instant", "/at", str(wrong), "OTB-DOC-022")) from None
    return instant


def health_of(snapshot: Mapping[str, str]) -> Mapping[str, str]:
    """Return `snapshot`, which nobody checked with the request: a word that nobody knows is not taken for health.

    Raises:
        ProblemError: `wrong-type`, `not-one-of`.
    """
    if not isinstance(snapshot, Mapping):
        raise ProblemError(
            Problem(
                "wrong-type", "/health", "a health snapshot is a mapping from name to health", "OTB-DEC-004"
            )
        )
    unknown = [name for name, health in snapshot.items() if health not in HEALTHS]
    if unknown:
        message = "`{}` is neither `healthy` nor `unhealthy`"
        problems = [
            Problem("not-one-of", joined(("health", name)), message.format(snapshot[name]), "OTB-DEC-004")
            for name in unknown
        ]
        raise ProblemError(problems)
    return snapshot


def outcome_of(error: str | None, score: str | None) -> Outcome:
    """Return how an attempt ended.

    Raises:
        ProblemError: `bad-outcome`.
    """
    found: list[Problem] = []
    measured = None
    if error is not None and error not in ERRORS:
        message = f"`{error}` is not an error of an attempt: {', '.join(ERRORS)}"
        found.append(Problem("bad-outcome", "/error", message, "OTB-DEC-040"))
    if score is not None:
        try:
            measured = parse_decimal(score)
        except (InvalidDecimal, TypeError):
            message = f"`{score}` is not a decimal string"
            found.append(Problem("bad-outcome", "/score", message, "OTB-DEC-040"))
    if found:
        raise ProblemError(found)
    return Outcome(error=error, score=measured)
