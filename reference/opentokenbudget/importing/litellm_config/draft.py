"""The policy that is being put together: attributes, classifiers, tiers, rules, pools."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, final

from ..drafts import Plain
from ..scenarios import usual_rates
from .config import Names
from .models import Deployment

GROUP = "model_group"
MOST_TIERS = 64


def _fact(description: str, trust: str, *, kind: str = "string", **more: bool) -> Plain:
    return {"type": kind, "trust": trust, **more, "description": description}


ATTRIBUTES: Mapping[str, Plain] = {
    GROUP: _fact(
        "The `model` that is asked for, once the gateway let the key ask for it.", "verified", required=True
    ),
    "key": _fact("The id of the virtual key, never the key itself.", "verified", private=True),
    "user": _fact("The user whom the key belongs to.", "verified", private=True),
    "team": _fact("The team that the key belongs to.", "verified"),
    "organization": _fact("The organization of the team.", "verified"),
    "project": _fact("The project that the key belongs to.", "verified"),
    "end_user": _fact("The customer, as the caller names them.", "asserted", private=True),
    "session": _fact("The session, as the caller names it.", "asserted"),
    "tags": _fact("The tags of the request and of its key.", "asserted", kind="strings"),
    "priority": _fact("The priority of the key.", "verified"),
}
"""The facts that an import may need, in the order in which a policy declares them."""


@final
@dataclass(slots=True)
class Tier:
    """One tier: its candidates' names, and how they are chosen."""

    id: str
    models: list[str]
    select: str = "weighted"
    description: str = ""

    def as_plain(self) -> Plain:
        """Return the tier as it stands in a policy."""
        form: Plain = {"id": self.id}
        if self.description:
            form["description"] = self.description
        return {**form, "models": self.models, "select": self.select if len(self.models) > 1 else "first"}


@final
@dataclass(slots=True)
class Draft:
    """What the parts of an import build together.

    Attributes:
        tiers: by id; `tier_of` gives the one of each group.
        uses: the attributes that something reads.
        given: those that classifiers give, with all their values.
    """

    deployments: list[Deployment]
    tiers: dict[str, Tier] = field(default_factory=dict)
    tier_of: dict[str, str] = field(default_factory=dict)
    aliases: dict[str, list[str]] = field(default_factory=dict)
    classifiers: list[Plain] = field(default_factory=list)
    rules: list[Plain] = field(default_factory=list)
    pools: list[Plain] = field(default_factory=list)
    uses: set[str] = field(default_factory=lambda: {GROUP})
    given: dict[str, list[str]] = field(default_factory=dict)
    tier_names: Names = field(default_factory=Names)
    rule_names: Names = field(default_factory=lambda: Names(frozenset(("default",))))
    pool_names: Names = field(default_factory=Names)

    def add_tier(self, wanted: str, models: Sequence[str], select: str, description: str = "") -> Tier | None:
        """Return a new tier, or None where a policy can hold no more."""
        if len(self.tiers) >= MOST_TIERS:
            return None
        tier = Tier(self.tier_names.give(wanted), list(dict.fromkeys(models)), select, description)
        self.tiers[tier.id] = tier
        return tier

    def add_rule(self, wanted: str, when: Plain, tier: str) -> str:
        """Add a rule and return its id."""
        rule = {"id": self.rule_names.give(wanted), "when": when, "tier": tier}
        self.rules.append(rule)
        return str(rule["id"])

    def add_pool(self, wanted: str, pool: Plain) -> Plain:
        """Add a pool under an id like `wanted` and return it."""
        added = {"id": self.pool_names.give(wanted), **pool}
        read = (*pool.get("partition_by", ()), *pool.get("when", {}))
        self.uses.update(name for name in read if not name.startswith("candidate."))
        self.pools.append(added)
        return added

    def asked(self, group: str) -> Any:
        """Return the test of a rule for `group`: its name, or one of its name and its aliases."""
        names = [group, *self.aliases.get(group, ())]
        return names if len(names) > 1 else group

    def group_named(self, name: Any) -> str | None:
        """Return the group that `name` stands for, be it an alias, or None."""
        if not isinstance(name, str):
            return None
        if name in self.tier_of:
            return name
        return next(
            (group for group, aliases in self.aliases.items() if name in aliases and group in self.tier_of),
            None,
        )

    def members(self, groups: Sequence[str]) -> list[str]:
        """Return the deployments of `groups`, in the order of their tiers."""
        return [model for group in groups for model in self.tiers[self.tier_of[group]].models]


def in_order(
    tiers: Mapping[str, Tier], deployments: Sequence[Deployment], models: Sequence[Plain]
) -> list[Tier]:
    """Return the tiers, cheapest first: by twice the input and once the output of their cheapest candidate.

    Prices are those of each model's latest period; tiers of one price keep their order.
    """
    price = {model["id"]: _price(model) for model in models}
    model_of = {deployment.id: deployment.model for deployment in deployments}

    def cheapest(tier: Tier) -> Decimal:
        return min(price[model_of[name]] for name in tier.models)

    return sorted(tiers.values(), key=cheapest)


def _price(model: Plain) -> Decimal:
    period = max(model["prices"], key=lambda period: period["from"] or "")
    rates = usual_rates(period)
    return rates.get("input", Decimal(0)) * 2 + rates.get("output", Decimal(0))
