"""A policy as its lints look at it: names resolved, conditions read, who leads where, at one instant."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct

from ..conditions import AllOf, Comparison, Condition, Type, attributes_of, parse, shadowed
from ..pricing import Catalog, Model
from ..problems import Problem
from ..routing import FactTypes, declared_attributes
from ..routing.facts import WEEKDAYS
from ..routing.policy import Attribute

# Every request has these, or the router works them out.
ALWAYS_THERE = frozenset(
    {
        "input_tokens",
        "max_output_tokens",
        "expected_output_tokens",
        "needs",
        "hour",
        "weekday",
        "time",
        "value",
    }
)
# In pools a candidate is known by these.
CANDIDATE_FACTS = ("candidate.model", "candidate.tier", "candidate.provider", "candidate.deployment")
DEFAULT = -1


class Candidate(Struct, frozen=True):
    """A name in a tier: the model behind it, and the context that its deployment fixes."""

    name: str
    model: Model
    context: Mapping[str, str]
    pointer: str


class Tier(Struct, frozen=True):
    """A tier by rank, with its candidates in listed order."""

    id: str
    rank: int
    pointer: str
    candidates: tuple[Candidate, ...]
    select: str | Mapping[str, Any]


class Target(Struct, frozen=True):
    """A rule, or the default (`position` is -1): what it asks, and which tiers it names.

    Attributes:
        steps: ranks as written, one or those of a cascade; none when it denies.
        ladder: ranks after the floor was applied.
    """

    id: str
    position: int
    pointer: str
    condition: Condition | None
    steps: tuple[int, ...]
    ladder: tuple[int, ...]
    floor: int
    data: Mapping[str, Any]

    def above(self, floor: int) -> tuple[int, ...]:
        """Return the ranks that serve under `floor`."""
        return tuple(rank for rank in self.steps if rank >= floor) or (() if not self.steps else (floor,))


class Survey(Struct, frozen=True, eq=False):
    """Everything that lints ask of a policy.

    Attributes:
        data: the policy, without errors.
        at: the instant, nanoseconds since 1970.
        value_rules: the document that the policy refers to, or None.
        values: by fact the only values that it may have.
        given: facts that no request lacks.
        dead: by position in `rules`, those that are never the first true one, and because of which; the default
            has the position after the last.
    """

    data: Mapping[str, Any]
    catalog: Catalog
    at: int
    value_rules: Mapping[str, Any] | None
    attributes: Mapping[str, Attribute]
    types: FactTypes
    ranks: Mapping[str, int]
    tiers: tuple[Tier, ...]
    rules: tuple[Target, ...]
    default: Target
    values: Mapping[str, Sequence[Any]]
    given: frozenset[str]
    dead: Mapping[int, tuple[int, ...]]

    @property
    def pools(self) -> Sequence[Mapping[str, Any]]:
        """The pools, as written."""
        pools: Sequence[Mapping[str, Any]] = self.data.get("pools", ())
        return pools

    @property
    def pool_types(self) -> dict[str, Type]:
        """The types of the facts that conditions of pools read."""
        return {**self.types.request, **dict.fromkeys(CANDIDATE_FACTS, "string")}

    def living(self) -> Iterator[Target]:
        """Yield the rules that can be the first true one, and the default if no rule always is."""
        for target in (*self.rules, self.default):
            position = len(self.rules) if target.position == DEFAULT else target.position
            if position not in self.dead:
                yield target

    def with_given(self, condition: Condition | None, among: Iterable[str] | None = None) -> Condition | None:
        """Return `condition` and that the facts are there which no request lacks."""
        names = self.given if among is None else self.given & frozenset(among)
        there = [Comparison(name, self.types.request[name], "exists", True) for name in sorted(names)]
        parts = (*(() if condition is None else (condition,)), *there)
        return parts[0] if len(parts) == 1 else AllOf(parts) if parts else None

    def downgrades(self) -> Iterator[tuple[Mapping[str, Any], int, str]]:
        """Yield each downgrade: its pool, the rank of its target, its pointer."""
        for number, pool in enumerate(self.pools):
            actions = [
                (threshold["do"], f"/pools/{number}/thresholds/{entry}/do")
                for entry, threshold in enumerate(pool.get("thresholds", ()))
            ]
            actions.append((pool.get("at_limit"), f"/pools/{number}/at_limit"))
            for action, pointer in actions:
                if isinstance(action, dict) and "downgrade" in action:
                    yield pool, self.ranks[action["downgrade"]], f"{pointer}/downgrade"


def survey(
    data: Mapping[str, Any], catalog: Catalog, *, at: int, value_rules: Mapping[str, Any] | None = None
) -> Survey:
    """Return the survey of the policy `data`, in which `routing.policy_problems` finds nothing.

    Args:
        data: the checked policy.
        catalog: the one that it refers to.
        at: the instant as of which it is judged, nanoseconds since 1970.
        value_rules: the value rules that it refers to, checked too.
    """
    attributes = declared_attributes(data)
    types = FactTypes.of(attributes, catalog)
    ranks = {tier["id"]: rank for rank, tier in enumerate(data["tiers"])}
    rules = tuple(
        _target(rule, position, f"/rules/{position}", ranks, types)
        for position, rule in enumerate(data.get("rules", ()))
    )
    required = {name for name, attribute in attributes.items() if attribute.required}
    read = {name for rule in rules if rule.condition is not None for name in attributes_of(rule.condition)}
    values: dict[str, Sequence[Any]] = {
        name: tuple(sorted(attribute.values))
        for name, attribute in attributes.items()
        if attribute.values is not None
    }
    values |= {"weekday": WEEKDAYS, "hour": range(24)}
    surveyed = Survey(
        data=data,
        catalog=catalog,
        at=at,
        value_rules=value_rules,
        attributes=attributes,
        types=types,
        ranks=ranks,
        tiers=tuple(_tiers(data, catalog)),
        rules=rules,
        default=_target({"id": "default", **data["default"]}, DEFAULT, "/default", ranks, types),
        values=values,
        given=ALWAYS_THERE | required,
        dead={},
    )
    if not rules:
        return surveyed
    conditions = [surveyed.with_given(rule.condition, read) for rule in rules]
    dead = shadowed([*conditions, surveyed.with_given(None, read)], values)
    return _with_dead(surveyed, dead)


def warning(code: str, pointer: str, message: str) -> Problem:
    """Return a warning of the lint `code`."""
    return Problem(code, pointer, message, severity="warning")


def _with_dead(surveyed: Survey, dead: Mapping[int, tuple[int, ...]]) -> Survey:
    from msgspec.structs import replace

    return replace(surveyed, dead=dead)


def _tiers(data: Mapping[str, Any], catalog: Catalog) -> Iterator[Tier]:
    deployments = {deployment["id"]: deployment for deployment in data.get("deployments", ())}
    for rank, tier in enumerate(data["tiers"]):
        candidates = []
        for entry, name in enumerate(tier["models"]):
            deployment = deployments.get(name, {"model": name})
            model = catalog.resolve(deployment["model"])
            if model is not None:
                pointer = f"/tiers/{rank}/models/{entry}"
                candidates.append(Candidate(name, model, deployment.get("context", {}), pointer))
        yield Tier(tier["id"], rank, f"/tiers/{rank}", tuple(candidates), tier.get("select", "first"))


def _target(
    data: Mapping[str, Any], position: int, pointer: str, ranks: Mapping[str, int], types: FactTypes
) -> Target:
    when = data.get("when")
    names = data["cascade"]["tiers"] if "cascade" in data else [data["tier"]] if "tier" in data else []
    floor = ranks[data["floor"]] if "floor" in data else 0
    target = Target(
        id=data["id"],
        position=position,
        pointer=pointer,
        condition=None if when is None else parse(when, types=types.request, pointer=f"{pointer}/when"),
        steps=tuple(ranks[name] for name in names),
        ladder=(),
        floor=floor,
        data=data,
    )
    return Target(
        target.id,
        position,
        pointer,
        target.condition,
        target.steps,
        target.above(floor),
        floor,
        data,
    )
