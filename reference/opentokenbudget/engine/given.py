"""What callers give beside a request: instants, health snapshots, outcomes; checked before anything else is done."""

from __future__ import annotations

from collections.abc import Mapping

from ..amounts import InvalidDecimal, InvalidInstant, parse_decimal, parse_instant
from ..documents.pointers import joined
from ..problems import Problem, ProblemError
from ..routing import Outcome

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
USAGE_SOURCES = ("provider", "estimated", "unknown")
_FIRST_NS = parse_instant("0001-01-01T00:00:00Z")
_LAST_NS = parse_instant("9999-12-31T23:59:59.999999999Z")
_LONGEST_LIFE_S = 36_525 * 86_400


def instant_of(at: int | str, pointer: str = "/at") -> int:
    """Return the instant `at`, RFC 3339 or nanoseconds since 1970, in nanoseconds since 1970.

    Raises:
        ProblemError: `bad-instant`.
    """
    try:
        instant = parse_instant(at) if isinstance(at, str) else at
        if type(instant) is not int:
            raise InvalidInstant(f"`{instant!r:.64}` is neither RFC 3339 nor nanoseconds since 1970")
    except InvalidInstant as wrong:
        raise ProblemError(Problem("bad-instant", pointer, str(wrong), "OTB-DOC-022")) from None
    # The offset of a zone can lead out of the years that a record can state.
    if not _FIRST_NS <= instant <= _LAST_NS:
        message = f"`{at!s:.64}` lies outside of the years 1 to 9999"
        raise ProblemError(Problem("bad-instant", pointer, message, "OTB-DOC-034"))
    return instant


def life_us_of(seconds: int) -> int:
    """Return how long a reservation is to live, in microseconds.

    Raises:
        ProblemError: `out-of-range`: not an integer from 1 to 36,525 days.
    """
    if type(seconds) is not int or not 1 <= seconds <= _LONGEST_LIFE_S:
        message = f"`{seconds!r:.64}` is not a number of seconds from 1 to {_LONGEST_LIFE_S}"
        raise ProblemError(Problem("out-of-range", "/seconds", message, "OTB-POOL-049"))
    return seconds * 1_000_000


def refuse_report(
    usage_source: str | None, served: str | None, context: Mapping[str, str] | None, ended_at: int | None
) -> None:
    """Refuse what a settlement is told beside usage and outcome, where it cannot stand in a record.

    Raises:
        ProblemError: `not-one-of`, `wrong-type`, `bad-instant`.
    """
    found: list[Problem] = []
    if usage_source is not None and usage_source not in USAGE_SOURCES:
        message = f"`{usage_source!s:.64}` is not a source of usage: {', '.join(USAGE_SOURCES)}"
        found.append(Problem("not-one-of", "/usage_source", message, "OTB-USAGE-003"))
    if served is not None and not isinstance(served, str):
        found.append(Problem("wrong-type", "/served", "a model is named by a string", "OTB-USAGE-001"))
    if context is not None and not (
        isinstance(context, Mapping)
        and all(isinstance(each, str) for pair in context.items() for each in pair)
    ):
        message = "a context is a mapping from text to text"
        found.append(Problem("wrong-type", "/context", message, "OTB-USAGE-001"))
    if found:
        raise ProblemError(found)
    if ended_at is not None:
        instant_of(ended_at, "/ended_at")


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
