"""Lints of candidates: their price, their life, their ratings, as of the instant."""

from __future__ import annotations

from collections.abc import Iterator

from ..amounts import format_instant, parse_date
from ..problems import Problem, Severity
from .rules import ratings_of
from .survey import Candidate, Survey, warning
from .tiers import REFERENCE_INPUT, REFERENCE_OUTPUT

DAY_NS = 86_400 * 1_000_000_000
SOON_DAYS = 30


def unpriced_candidates(surveyed: Survey) -> Iterator[Problem]:
    """Yield the error `unpriced-candidate` for each living candidate without a price at the instant.

    A candidate whose price ends within 30 days is the warning `price-ending-soon`.
    """
    soon = surveyed.at + SOON_DAYS * DAY_NS
    for tier in surveyed.tiers:
        for candidate in tier.candidates:
            if candidate.model.status(surveyed.at) in ("retired", "unreleased"):
                continue
            why = unpriced(surveyed, candidate, surveyed.at)
            if why is not None:
                message = f"`{candidate.name}` has no price that could be reckoned: {why}"
                yield Problem("unpriced-candidate", candidate.pointer, message)
            elif (
                candidate.model.status(soon) != "retired" and unpriced(surveyed, candidate, soon) is not None
            ):
                message = f"`{candidate.name}` has no price from some instant within {SOON_DAYS} days on"
                yield warning("price-ending-soon", candidate.pointer, message)


def unpriced(surveyed: Survey, candidate: Candidate, at: int) -> str | None:
    """Return why a plain request to `candidate` cannot be priced at `at`, None when it can."""
    estimator = surveyed.catalog.estimator(candidate.model.id, candidate.context)
    if estimator.expected(REFERENCE_INPUT, REFERENCE_OUTPUT, at) is not None:
        return None
    problem = estimator.problem(REFERENCE_INPUT, REFERENCE_OUTPUT, at)
    return "it cannot be priced" if problem is None else problem.message


def lives_of_candidates(surveyed: Survey) -> Iterator[Problem]:
    """Yield `retired-candidate`, `retiring-soon` and `not-released`, as the dates of the catalog say.

    A retired candidate is an error where nobody of its tier is alive.
    """
    for tier in surveyed.tiers:
        status = [candidate.model.status(surveyed.at) for candidate in tier.candidates]
        dead = "retired" in status and all(one in ("retired", "unreleased") for one in status)
        for candidate, now in zip(tier.candidates, status, strict=True):
            life = candidate.model.lifecycle
            if now == "unreleased" and life.released_at is not None:
                message = f"`{candidate.name}` is released on {day(life.released_at)}, and dropped until then"
                yield warning("not-released", candidate.pointer, message)
            if life.retires_at is None or now == "unreleased":
                continue
            instead = f": its replacement is `{life.replacement}`" if life.replacement else ""
            left = life.retires_at - surveyed.at
            if now == "retired":
                nobody = f", and nobody else in `{tier.id}` can serve" if dead else ""
                message = f"`{candidate.name}` retired on {day(life.retires_at)}{nobody}{instead}"
                severity: Severity = "error" if dead else "warning"
                yield Problem("retired-candidate", candidate.pointer, message, severity=severity)
            elif left <= SOON_DAYS * DAY_NS:
                days = -(-left // DAY_NS)
                unit = "day" if days == 1 else "days"
                message = f"`{candidate.name}` retires on {day(life.retires_at)}, in {days} {unit}{instead}"
                yield warning("retiring-soon", candidate.pointer, message)


def day(instant: int) -> str:
    """Return an instant as its day in UTC where it is a midnight, else in full."""
    text = format_instant(instant)
    return text.removesuffix("T00:00:00Z")


def unmeasured_liability(surveyed: Survey) -> Iterator[Problem]:
    """Yield `unmeasured-liability` where `utility` weighs wrong answers and a quality is not known for all tasks."""
    for tier in surveyed.tiers:
        if not isinstance(tier.select, dict) or "liability" not in tier.select["utility"]:
            continue
        for candidate in tier.candidates:
            known = [
                rating
                for rating in ratings_of(surveyed, candidate)
                if parse_date(rating["as_of"]) <= surveyed.at
            ]
            if any("default" in rating.get("quality", {}) for rating in known):
                continue
            why = "no rating of it is in force yet"
            if known:
                why = "no rating of it has a `default` quality"
            message = (
                f"`liability` takes the quality of `{candidate.name}` for 0 where it is not known: {why}"
            )
            yield warning("unmeasured-liability", candidate.pointer, message)
