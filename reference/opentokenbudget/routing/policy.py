"""The policy as the decision needs it: names resolved, conditions indexed, costs ready to be computed.

`compile_policy` takes checked data (references.policy_problems found nothing) and answers frozen values.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from msgspec import Struct
from msgspec.structs import replace

from ..classifiers import Classifiers, compile_classifiers
from ..conditions import Condition, RuleIndex, Type, attributes_of, compiled, parse
from ..documents import digest as digest_of
from ..pricing import Catalog
from ..problems import Problem, ProblemError
from ..value import ValueRules, compile_value_rules
from .facts import accept_types, candidate_types, request_types
from .tiers import Candidates, Tier, compile_tier

DEFAULT_OUTPUT_TOKENS = 4096
DEFAULT_ATTEMPTS = 3

Order = Literal["same-tier", "same-tier-then-up", "same-tier-then-down", "chain"]
ORDERS: tuple[Order, ...] = ("same-tier", "same-tier-then-up", "same-tier-then-down")


class Attribute(Struct, frozen=True):
    """A declared fact: `values` are the only ones it may have, None when any will do."""

    name: str
    type: Type
    trust: Literal["verified", "asserted"] = "asserted"
    required: bool = False
    private: bool = False
    values: frozenset[str] | None = None


class Cascade(Struct, frozen=True):
    """Tiers by rank, cheapest first, and the test that an answer must pass."""

    tiers: tuple[int, ...]
    accept: Condition


class Rule(Struct, frozen=True):
    """What serves: a tier, a cascade, or nobody. `position` is -1 for the default; ranks index the tiers.

    Attributes:
        tier: rank to begin with, and `ladder`: ranks of the cascade, () without one; the rule's floor applied.
        lowest: the rank that the rule names itself, before the floor.
    """

    id: str
    position: int
    condition: Condition | None
    lowest: int
    tier: int
    ladder: tuple[int, ...]
    floor: int
    cascade: Cascade | None
    require: Condition | None
    deny: bool

    def above(self, floor: int) -> tuple[int, tuple[int, ...]]:
        """Return the rank to begin with and the ladder, under `floor`."""
        if self.cascade is None:
            return max(self.lowest, floor), ()
        ladder = tuple(rank for rank in self.cascade.tiers if rank >= floor) or (floor,)
        return ladder[0], ladder


class Fallback(Struct, frozen=True):
    """After which errors another candidate is tried, how often in all, and in which tiers next."""

    after: frozenset[str]
    attempts: int
    order: Order
    chain: Mapping[int, int]

    def next_tiers(self, start: int, floor: int, count: int) -> tuple[int, ...]:
        """Return the ranks to try after the tier `start`, in order, none below `floor`."""
        match self.order:
            case "same-tier-then-up":
                return tuple(range(start + 1, count))
            case "same-tier-then-down":
                return tuple(range(start - 1, floor - 1, -1))
            case "chain":
                seen = [start]
                while (following := self.chain.get(seen[-1])) is not None and following not in seen:
                    seen.append(following)
                return tuple(rank for rank in seen[1:] if rank >= floor)
            case _:
                return ()


class Stamp(Struct, frozen=True):
    """Which document: id, version and digest."""

    id: str
    version: str
    digest: str

    def as_json(self) -> dict[str, str]:
        """Return the wire form that decisions and records carry."""
        return {"id": self.id, "version": self.version, "digest": self.digest}


class FactTypes(Struct, frozen=True):
    """The types of the facts that rules, `accept` and `require` read."""

    request: Mapping[str, Type]
    accept: Mapping[str, Type]
    candidate: Mapping[str, Type]

    @classmethod
    def of(cls, attributes: Mapping[str, Attribute], catalog: Catalog | None) -> FactTypes:
        """Return the types under a policy's attributes and the context keys of its catalog, where it is known."""
        declared = {name: attribute.type for name, attribute in attributes.items()}
        keys = () if catalog is None else catalog.context_keys
        return cls(request_types(declared, keys), accept_types(declared, keys), candidate_types(keys))


class Policy(Struct, frozen=True):
    """A policy that can decide.

    Attributes:
        external: the attribute that each external classifier gives, by the classifier's id.
        uses: the facts that conditions read.
        derives: whether any of them must be worked out from the instant or the needs.
        tests: the closure of each `require` and `accept`, by the identity of the condition.
        has_pools: whether it has some, without which it may not be followed.
    """

    stamp: Stamp
    catalog: Catalog
    catalog_stamp: Stamp
    value_stamp: Stamp | None
    attributes: Mapping[str, Attribute]
    required: tuple[str, ...]
    subject: str | None
    timezone: str
    max_output_tokens: int
    overhead_tokens: int
    classifiers: Classifiers | None
    external: Mapping[str, str]
    value: ValueRules | None
    tiers: tuple[Tier, ...]
    rules: tuple[Rule, ...]
    default: Rule
    index: RuleIndex
    fallback: Fallback | None
    quality_floor: Mapping[str, int]
    uses: frozenset[str]
    derives: bool
    tests: Mapping[int, Any]
    has_pools: bool


def compile_policy(
    data: Mapping[str, Any],
    *,
    catalog: Catalog,
    value_rules: Mapping[str, Any] | None = None,
    digest: str = "",
    value_digest: str = "",
    reads: frozenset[str] = frozenset(),
) -> Policy:
    """Return the policy of the checked document `data`, ready to decide over `catalog`.

    Args:
        data: a policy that its schema and `policy_problems` accept.
        value_rules: the data of its value rules.
        digest, value_digest: of the documents, references resolved; of the data as it is when left out.
        reads: facts of a request that others read.

    Raises:
        ProblemError: `unsupported-feature` where the policy needs what this engine does not do yet
            (exploration, classifier artefacts), and whatever a condition gets wrong.
    """
    _refuse_unsupported(data)
    attributes = declared_attributes(data)
    types = FactTypes.of(attributes, catalog)
    ranks = {tier["id"]: rank for rank, tier in enumerate(data["tiers"])}
    candidates = Candidates(data, catalog)
    tiers = tuple(compile_tier(tier, rank, candidates) for rank, tier in enumerate(data["tiers"]))
    rules = tuple(
        _rule(rule, position, f"/rules/{position}", ranks, types)
        for position, rule in enumerate(data.get("rules", ()))
    )
    default = _rule({"id": "default", **data["default"]}, -1, "/default", ranks, types)
    value = None if value_rules is None else compile_value_rules(value_rules, types.request)
    defaults = data.get("defaults", {})
    uses = {*reads, *(() if value is None else value.attributes)}
    for rule in rules:
        if rule.condition is not None:
            uses |= attributes_of(rule.condition)
    for rule in (*rules, default):
        if rule.cascade is not None:
            uses |= attributes_of(rule.cascade.accept)
    cascades = [rule.cascade for rule in (*rules, default) if rule.cascade is not None]
    requires = [rule.require for rule in (*rules, default) if rule.require is not None]
    return Policy(
        stamp=Stamp(data["id"], data["version"], digest or digest_of(data)),
        catalog=catalog,
        catalog_stamp=Stamp(catalog.id, catalog.version, catalog.digest),
        value_stamp=None
        if value_rules is None
        else Stamp(value_rules["id"], value_rules["version"], value_digest or digest_of(value_rules)),
        attributes=attributes,
        required=tuple(name for name, attribute in attributes.items() if attribute.required),
        subject=data.get("subject"),
        timezone=data.get("timezone", "UTC"),
        max_output_tokens=defaults.get("max_output_tokens", DEFAULT_OUTPUT_TOKENS),
        overhead_tokens=defaults.get("overhead_tokens", 0),
        classifiers=compile_classifiers(data["classifiers"]) if data.get("classifiers") else None,
        external={
            classifier["id"]: classifier["gives"]
            for classifier in data.get("classifiers", ())
            if "external" in classifier
        },
        value=value,
        tiers=tiers,
        rules=rules,
        default=default,
        index=RuleIndex([rule.condition for rule in rules]),
        fallback=_fallback(data.get("fallback"), ranks),
        quality_floor={
            task: ranks[tier] for task, tier in data.get("fairness", {}).get("quality_floor", {}).items()
        },
        uses=frozenset(uses),
        derives=not uses.isdisjoint({"needs", "time", "hour", "weekday"}),
        tests={
            id(condition): compiled(condition) for condition in [*requires, *(c.accept for c in cascades)]
        },
        has_pools=bool(data.get("pools")),
    )


def declared_attributes(data: Mapping[str, Any]) -> dict[str, Attribute]:
    """Return the attributes of a policy; what a classifier gives is declared by that, as an asserted string."""
    attributes = {
        name: Attribute(
            name=name,
            type=declared["type"],
            trust=declared.get("trust", "asserted"),
            required=declared.get("required", False),
            private=declared.get("private", False),
            values=frozenset(declared["values"]) if "values" in declared else None,
        )
        for name, declared in data.get("attributes", {}).items()
    }
    for classifier in data.get("classifiers", ()):
        attributes.setdefault(classifier["gives"], Attribute(classifier["gives"], "string"))
    return attributes


def _refuse_unsupported(data: Mapping[str, Any]) -> None:
    found = [
        Problem("unsupported-feature", f"/{field}", f"this engine does not do `{field}` yet")
        for field in ("explore",)
        if data.get(field)
    ]
    for position, classifier in enumerate(data.get("classifiers", ())):
        for kind in ("artefact", "clusters"):
            if kind in classifier:
                message = f"this engine does not run classifiers with `{kind}` yet"
                found.append(Problem("unsupported-feature", f"/classifiers/{position}/{kind}", message))
    if found:
        raise ProblemError(found)


def _rule(
    data: Mapping[str, Any], position: int, pointer: str, ranks: Mapping[str, int], types: FactTypes
) -> Rule:
    condition = (
        parse(data["when"], types=types.request, pointer=f"{pointer}/when") if "when" in data else None
    )
    cascade = None
    if "cascade" in data:
        accept = parse(data["cascade"]["accept"], types=types.accept, pointer=f"{pointer}/cascade/accept")
        cascade = Cascade(tuple(ranks[tier] for tier in data["cascade"]["tiers"]), accept)
    require = None
    if "require" in data:
        require = parse(data["require"], types=types.candidate, pointer=f"{pointer}/require")
    lowest = cascade.tiers[0] if cascade is not None else ranks[data["tier"]] if "tier" in data else 0
    rule = Rule(
        id=data["id"],
        position=position,
        condition=condition,
        lowest=lowest,
        tier=lowest,
        ladder=(),
        floor=ranks[data["floor"]] if "floor" in data else 0,
        cascade=cascade,
        require=require,
        deny=data.get("deny", False),
    )
    tier, ladder = rule.above(rule.floor)
    return replace(rule, tier=tier, ladder=ladder)


def _fallback(data: Mapping[str, Any] | None, ranks: Mapping[str, int]) -> Fallback | None:
    if data is None:
        return None
    to = data.get("to", "same-tier")
    chain = {} if isinstance(to, str) else {ranks[tier]: ranks[target] for tier, target in to.items()}
    order: Order = "chain"
    for named in ORDERS:
        if to == named:
            order = named
    return Fallback(
        after=frozenset(data["after"]),
        attempts=data.get("attempts", DEFAULT_ATTEMPTS),
        order=order,
        chain=chain,
    )
