"""Groups of deployments as tiers, and what callers ask for as rules: strategies, orders, tags, aliases."""

from __future__ import annotations

from collections.abc import Mapping

from .config import Spot
from .draft import GROUP, Draft
from .models import Deployment
from .secrets import label

_STRATEGIES: Mapping[str, tuple[str, str]] = {
    "simple-shuffle": ("weighted", ""),
    "cost-based-routing": ("cheapest", ""),
    "latency-based-routing": (
        "weighted",
        "latency is nothing that a decision measures: ratings and `utility` can say it",
    ),
    "least-busy": ("weighted", "who is busy is not known to a decision: drawn by weight"),
    "usage-based-routing": ("weighted", "how much was used is not known to a decision: drawn by weight"),
    "usage-based-routing-v2": ("weighted", "how much was used is not known to a decision: drawn by weight"),
    "provider-budget-routing": ("weighted", "the budgets become pools"),
    "priority": ("first", ""),
}


def add_groups(draft: Draft, groups: dict[str, list[Deployment]], router: Spot) -> None:
    """Add a tier and a rule for every group; aliases are theirs, tags have rules before them."""
    usual = _strategy(router["routing_strategy"])
    chosen = _routing_groups(router["routing_groups"])
    _aliases(draft, router["model_group_alias"], groups)
    filtered = router["enable_tag_filtering"]
    for group, deployments in groups.items():
        select = chosen.get(group, usual)
        own = any(deployment.info["enable_tag_filtering"].value is True for deployment in deployments)
        plain = deployments
        tagged: dict[str, list[Deployment]] = {}
        if filtered.value is True or own:
            plain, tagged = _by_tag(deployments)
        tier = draft.add_tier(group, _ordered(plain), _select(plain, select))
        if tier is None:
            for deployment in deployments:
                deployment.entry.say("refused", "a policy holds at most 64 tiers")
                draft.deployments.remove(deployment)
            continue
        draft.tier_of[group] = tier.id
        for tag, served in tagged.items():
            special = draft.add_tier(f"{group}.{tag}", _ordered(served), _select(served, select))
            if special is not None:
                draft.uses.add("tags")
                when = {GROUP: draft.asked(group), "tags": {"contains": tag}}
                draft.add_rule(f"{group}.{tag}", when, special.id)
        for deployment in deployments:
            _say_order(deployment, deployments)
            _say_tags(deployment, filtered=filtered.value is True or own)
        draft.add_rule(group, {GROUP: draft.asked(group)}, tier.id)
    if filtered.has_value():
        used = "tags" in draft.uses
        note = "the first of a request's tags that a rule knows decides" if used else ""
        filtered.say("approximated" if used else "exact", note)
    if router["tag_filtering_match_any"].has_value():
        any_tag = router["tag_filtering_match_any"].value is True
        router["tag_filtering_match_any"].say(
            "exact" if any_tag else "approximated", "" if any_tag else "a rule asks for one tag"
        )
    for deployment in draft.deployments:
        if deployment.info["enable_tag_filtering"].has_value():
            deployment.info["enable_tag_filtering"].say("exact")


def add_callable_groups(draft: Draft, listed: Spot) -> None:
    """Add a tier and a rule for every routing group that callers may ask for by its name."""
    for spot in listed.items():
        name = label(spot["group_name"].value)
        members = [draft.group_named(model.value) for model in spot["models"].items()]
        known = [group for group in members if group is not None]
        if name is None or not known:
            spot.say("dropped", "it names no group of the configuration")
            continue
        ranks = {group: spot["model_priorities"][group].number() for group in known}
        order = sorted(known, key=lambda group: ranks[group] or 0)
        select = _strategy(spot["routing_strategy"])
        where = f"policy.yaml#tiers/{name}"
        spot["models"].say("exact" if len(known) == len(members) else "approximated", "", where)
        if spot["model_priorities"].has_value():
            distinct = len(set(ranks.values())) == len(ranks)
            note = "" if distinct else "equal priorities stand in listed order, and share nothing"
            spot["model_priorities"].say("exact" if distinct else "approximated", note, where)
        if name in draft.tier_of or draft.group_named(name) is not None:
            spot["group_name"].say("dropped", "a group of models has this name and hides it")
            continue
        tier = draft.add_tier(name, draft.members(order), select)
        if tier is None:
            spot["group_name"].say("refused", "a policy holds at most 64 tiers")
            continue
        draft.tier_of[name] = tier.id
        draft.add_rule(name, {GROUP: name}, tier.id)
        spot["group_name"].say("exact", "", where)


def _strategy(spot: Spot) -> str:
    if not spot.has_value():
        return "weighted"
    known = _STRATEGIES.get(spot.value) if isinstance(spot.value, str) else None
    if known is None:
        spot.say("approximated", "not a strategy that is known here: drawn by weight")
        return "weighted"
    spot.say(
        "approximated" if known[1] else "exact", known[1] or f"as `select: {known[0]}`", "policy.yaml#tiers"
    )
    return known[0]


def _routing_groups(listed: Spot) -> dict[str, str]:
    found = {}
    for spot in listed.items():
        select = _strategy(spot["routing_strategy"])
        for model in spot["models"].items():
            if isinstance(model.value, str):
                found[model.value] = "weighted" if select == "first" else select
    return found


def _aliases(draft: Draft, listed: Spot, groups: Mapping[str, object]) -> None:
    for alias, spot in listed.members():
        target = spot["model"].value if isinstance(spot.value, dict) else spot.value
        if label(alias) is None or not isinstance(target, str) or target not in groups or alias in groups:
            spot.say("dropped", "not a name for a group of this configuration")
            continue
        draft.aliases.setdefault(target, []).append(alias)
        spot.say("exact", "", f"policy.yaml#rules/{target}")


def _by_tag(deployments: list[Deployment]) -> tuple[list[Deployment], dict[str, list[Deployment]]]:
    """Return who serves requests without a known tag, and who serves each tag; the tag `default` is no tag."""
    tagged: dict[str, list[Deployment]] = {}
    for deployment in deployments:
        deployment.tags = tuple(
            tag for spot in deployment.params["tags"].items() if (tag := label(spot.value)) is not None
        )
        for tag in deployment.tags:
            if tag != "default":
                tagged.setdefault(tag, []).append(deployment)
    usual = [deployment for deployment in deployments if "default" in deployment.tags]
    untagged = [deployment for deployment in deployments if not deployment.tags]
    return usual or untagged or deployments, tagged


def _ordered(deployments: list[Deployment]) -> list[str]:
    for deployment in deployments:
        number = deployment.params["order"].number()
        deployment.order = None if number is None else int(number)
    last = max((deployment.order or 0 for deployment in deployments), default=0) + 1
    ranked = sorted(
        deployments, key=lambda deployment: last if deployment.order is None else deployment.order
    )
    return [deployment.id for deployment in ranked]


def _select(deployments: list[Deployment], usual: str) -> str:
    return "first" if len({deployment.order for deployment in deployments}) > 1 else usual


def _say_order(deployment: Deployment, deployments: list[Deployment]) -> None:
    spot = deployment.params["order"]
    if not spot.has_value():
        return
    orders = [other.order for other in deployments]
    if len(set(orders)) == 1 or len(set(orders)) == len(orders):
        spot.say("exact", "in listed order, the first that can serve", "policy.yaml#tiers")
    else:
        spot.say(
            "approximated",
            "deployments of one order stand one after the other, and share nothing",
            "policy.yaml#tiers",
        )


def _say_tags(deployment: Deployment, *, filtered: bool) -> None:
    spot = deployment.params["tags"]
    if not spot.has_value():
        return
    if not filtered:
        spot.say("dropped", "without `enable_tag_filtering` they route nothing")
    elif isinstance(spot.value, list) and len(deployment.tags) == len(spot.value):
        spot.say("exact", "", f"policy.yaml#rules/{deployment.group}")
    else:
        spot.say("approximated", "a tag that is no label is left out")
