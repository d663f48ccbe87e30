"""Tiers and their candidates: models and deployments, with what a decision asks of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

from msgspec import Struct

from ..amounts import parse_date, parse_decimal
from ..pricing import Catalog, Estimator, Model
from ..problems import Problem, ProblemError

EVER = 1 << 80

Selection = Literal["first", "cheapest", "weighted", "utility"]
SIMPLE: tuple[Selection, ...] = ("first", "cheapest", "weighted")


class Rating(Struct, frozen=True):
    """What is known of a candidate since `as_of`: milliseconds, and quality by task in units of 10⁻¹²."""

    as_of: int
    latency_ms: int | None
    quality: Mapping[str, int]

    def quality_of(self, task: str | None) -> int | None:
        """Return the quality for `task`, else the default's, else None."""
        quality = self.quality.get(task) if task is not None else None
        return self.quality.get("default") if quality is None else quality


class Candidate(Struct, frozen=True):
    """A model or a deployment of a tier, with what a decision asks of it; instants are half-open bounds.

    Attributes:
        ratings: those that speak first stand first: a deployment's own before its model's, the latest before others.
    """

    name: str
    model: Model
    context: Mapping[str, str]
    weight: int
    estimator: Estimator
    released_at: int
    retires_at: int
    context_window: int
    max_input: int
    max_output: int
    ratings: tuple[Rating, ...]

    def latency_ms_at(self, at: int) -> int | None:
        """Return the milliseconds of the first rating in force that says them, or None."""
        for rating in self.ratings:
            if rating.as_of <= at and rating.latency_ms is not None:
                return rating.latency_ms
        return None

    def quality_at(self, at: int, task: str | None) -> int | None:
        """Return the quality, from 0 to `PICO`, of the first rating in force that says it for `task`, or None."""
        for rating in self.ratings:
            if rating.as_of <= at and (quality := rating.quality_of(task)) is not None:
                return quality
        return None


class Quick(NamedTuple):
    """What the quick way asks of a candidate, side by side; money in units of 10⁻¹² per token."""

    candidate: Candidate
    input_below: int
    context_window: int
    max_output: int
    input_rate: int
    output_rate: int
    fixed: int
    input_bound: int
    output_bound: int
    fixed_bound: int


class Tariff:
    """The candidates of a tier that live around the last instant asked, with what they cost then.

    It remembers a stretch of time in which nothing changes, which changes no answer.

    Attributes:
        rows: in listed order; None where some candidate's costs are no straight lines.
    """

    __slots__ = ("_candidates", "rows", "since", "until")

    def __init__(self, candidates: Sequence[Candidate]) -> None:
        self._candidates = tuple(candidates)
        self.since = self.until = 0
        self.rows: tuple[Quick, ...] | None = None

    def move_to(self, at: int) -> None:
        """Look around `at`: how long does what holds there hold."""
        self.since, self.until = -EVER, EVER
        rows: list[Quick] = []
        for candidate in self._candidates:
            if at < candidate.released_at:
                self.until = min(self.until, candidate.released_at)
                continue
            if at >= candidate.retires_at:
                self.since = max(self.since, candidate.retires_at)
                continue
            line = candidate.estimator.line(at)
            if line is None:
                # Nothing is remembered of an instant at which the quick way does not serve.
                self.since = self.until = 0
                self.rows = None
                return
            self.since = max(self.since, candidate.released_at, line.since)
            self.until = min(self.until, candidate.retires_at, line.until)
            below = min(line.input_below, candidate.max_input + 1)
            rows.append(Quick(candidate, below, candidate.context_window, candidate.max_output, *line[3:]))
        self.rows = tuple(rows)


class Tier(Struct, frozen=True):
    """An ordered class of candidates. Money of `utility` is in units of 10⁻¹².

    Attributes:
        tariff: for the quick way, where the selection needs neither a draw nor ratings; else None.
    """

    id: str
    rank: int
    candidates: tuple[Candidate, ...]
    selection: Selection
    tariff: Tariff | None
    per_second: int = 0
    liability: int = 0


class Candidates:
    """Builds each named candidate once."""

    def __init__(self, data: Mapping[str, Any], catalog: Catalog) -> None:
        self._catalog = catalog
        self._deployments = {deployment["id"]: deployment for deployment in data.get("deployments", ())}
        self._ratings = data.get("ratings", ())
        self._built: dict[str, Candidate] = {}

    def __getitem__(self, name: str) -> Candidate:
        if name not in self._built:
            self._built[name] = self._build(name)
        return self._built[name]

    def _build(self, name: str) -> Candidate:
        deployment = self._deployments.get(name, {"model": name})
        model = self._catalog.resolve(deployment["model"])
        if model is None:
            message = f"`{deployment['model']}` is not a model of the catalog"
            raise ProblemError(Problem("unknown-model", "", message, "OTB-POLICY-015"))
        capabilities = model.capabilities
        own = [rating for rating in self._ratings if rating["model"] == name and name in self._deployments]
        of_model = [rating for rating in self._ratings if self._catalog.resolve(rating["model"]) is model]
        context = dict(deployment.get("context", {}))
        return Candidate(
            name=name,
            model=model,
            context=context,
            weight=deployment.get("weight", 1),
            estimator=self._catalog.estimator(model.id, context),
            released_at=-EVER if model.lifecycle.released_at is None else model.lifecycle.released_at,
            retires_at=EVER if model.lifecycle.retires_at is None else model.lifecycle.retires_at,
            context_window=capabilities.context_window or EVER,
            max_input=capabilities.max_input or EVER,
            max_output=capabilities.max_output or EVER,
            ratings=(*_ratings(own), *_ratings(of_model)),
        )


def _ratings(given: Sequence[Mapping[str, Any]]) -> list[Rating]:
    """Return ratings, the latest first; of one day, the one listed last."""
    listed_last_first = [
        Rating(
            as_of=parse_date(rating["as_of"]),
            latency_ms=rating.get("latency_ms"),
            quality={task: parse_decimal(quality) for task, quality in rating.get("quality", {}).items()},
        )
        for rating in reversed(given)
    ]
    return sorted(listed_last_first, key=lambda rating: -rating.as_of)


def compile_tier(data: Mapping[str, Any], rank: int, candidates: Candidates) -> Tier:
    select = data.get("select", "first")
    utility = {} if isinstance(select, str) else select["utility"]
    selection: Selection = "utility"
    for simple in SIMPLE:
        if select == simple:
            selection = simple
    named = tuple(candidates[name] for name in data["models"])
    return Tier(
        id=data["id"],
        rank=rank,
        candidates=named,
        selection=selection,
        tariff=Tariff(named) if selection in ("first", "cheapest") else None,
        per_second=parse_decimal(utility.get("per_second", "0")),
        liability=parse_decimal(utility.get("liability", "0")),
    )
