"""Lints of rules: those that never serve, and those that ask for what they cannot get."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..conditions import AllOf, Comparison, Condition, attributes_of, contradictory, parse
from ..conditions.tree import conjuncts
from ..problems import Problem
from .survey import Candidate, Survey, Target, warning


def rules_that_never_match(surveyed: Survey) -> Iterator[Problem]:
    """Yield `rule-never-matches` for each rule whose condition no request can meet."""
    for rule in surveyed.rules:
        if surveyed.dead.get(rule.position) == () and rule.condition is not None:
            where = f"{rule.pointer}/when"
            yield warning("rule-never-matches", where, no_request(surveyed, rule.condition))


def no_request(surveyed: Survey, condition: Condition) -> str:
    """Return words for a contradictory condition that name the facts at fault, where single ones are."""
    faults = []
    for name in sorted(attributes_of(condition)):
        alone = tuple(part for part in conjuncts(condition) if attributes_of(part) == {name})
        whole = surveyed.with_given(AllOf(alone), [name])
        if alone and whole is not None and contradictory(whole, surveyed.values):
            faults.append(f"`{name}`")
    what = f": nothing that {' or '.join(faults)} may be fits" if faults else ": it contradicts itself"
    return f"no request can meet this condition{what}"


def rules_in_the_shadow(surveyed: Survey) -> Iterator[Problem]:
    """Yield `rule-shadowed` for each rule that is never the first true one, because of those before it."""
    for rule in surveyed.rules:
        because = surveyed.dead.get(rule.position)
        if not because:
            continue
        names = [f"`{surveyed.rules[one].id}`" for one in because]
        if len(names) == 1:
            message = f"it never decides: {names[0]} comes before it, and is true whenever it is"
        else:
            listed = f"{', '.join(names[:-1])} and {names[-1]}"
            message = f"it never decides: whenever it is true, so is one of {listed} before it"
        yield warning("rule-shadowed", rule.pointer, message)


def floors_above_tiers(surveyed: Survey) -> Iterator[Problem]:
    """Yield `floor-above-tier` for each rule that names a tier below its own floor."""
    for target in (*surveyed.rules, surveyed.default):
        below = [rank for rank in target.steps if rank < target.floor]
        if not below:
            continue
        floor = surveyed.tiers[target.floor].id
        names = " and ".join(f"`{surveyed.tiers[rank].id}`" for rank in below)
        if "cascade" in target.data:
            message = f"the floor `{floor}` leaves out {names}"
            yield warning("floor-above-tier", f"{target.pointer}/cascade/tiers", message)
        else:
            message = f"the floor `{floor}` always replaces {names}"
            yield warning("floor-above-tier", f"{target.pointer}/tier", message)


def contexts_too_small(surveyed: Survey) -> Iterator[Problem]:
    """Yield `context-too-small` where a rule asks for more input than candidates of its tier take."""
    for rule in surveyed.rules:
        condition = rule.condition
        if condition is None or "input_tokens" not in attributes_of(condition):
            continue
        if rule.position in surveyed.dead:
            continue
        verdicts: dict[int, bool] = {}
        for rank in rule.ladder:
            tier = surveyed.tiers[rank]
            small = []
            for candidate in tier.candidates:
                most = most_input(candidate)
                if most is None:
                    continue
                if most not in verdicts:
                    fits = Comparison("input_tokens", "integer", "lte", most)
                    whole = surveyed.with_given(AllOf((condition, fits)), attributes_of(condition))
                    verdicts[most] = whole is not None and contradictory(whole, surveyed.values)
                if verdicts[most]:
                    small.append((candidate, most))
            if small:
                yield warning(
                    "context-too-small",
                    _place_of_tier(rule, rank),
                    _too_small(tier.id, small, tier.candidates),
                )


def most_input(candidate: Candidate) -> int | None:
    """Return the most input tokens that a candidate takes beside one token of output, None when undeclared."""
    capabilities = candidate.model.capabilities
    bounds = [capabilities.max_input] if capabilities.max_input is not None else []
    if capabilities.context_window is not None:
        bounds.append(capabilities.context_window - 1)
    return min(bounds, default=None)


def _too_small(tier: str, small: Sequence[tuple[Candidate, int]], all_of_them: Sequence[Candidate]) -> str:
    names = ", ".join(f"`{candidate.name}` ({most:,})" for candidate, most in small)
    whole = "no candidate" if len(small) == len(all_of_them) else "not every candidate"
    return f"{whole} of `{tier}` takes as many input tokens as the condition asks for: {names}"


def _place_of_tier(rule: Target, rank: int) -> str:
    if "cascade" in rule.data:
        if rank in rule.steps:
            return f"{rule.pointer}/cascade/tiers/{rule.steps.index(rank)}"
        return f"{rule.pointer}/floor"
    return f"{rule.pointer}/tier" if rank in rule.steps else f"{rule.pointer}/floor"


def requirements_never_met(surveyed: Survey) -> Iterator[Problem]:
    """Yield `require-never-holds` where no candidate of a rule's tiers can meet its `require`."""
    for target in (*surveyed.rules, surveyed.default):
        if "require" not in target.data or not target.ladder:
            continue
        pointer = f"{target.pointer}/require"
        condition = parse(target.data["require"], types=surveyed.types.candidate, pointer=pointer)
        tiers = [surveyed.tiers[rank] for rank in target.ladder]
        if all(
            contradictory(condition, _facts_of(surveyed, tier.id, candidate))
            for tier in tiers
            for candidate in tier.candidates
        ):
            names = " or ".join(f"`{tier.id}`" for tier in tiers)
            yield warning("require-never-holds", pointer, f"no candidate of {names} can meet it")


def _facts_of(surveyed: Survey, tier: str, candidate: Candidate) -> Mapping[str, Sequence[Any]]:
    """Return by fact of a candidate the values that it may have; none where it is always missing."""
    values: dict[str, Sequence[Any]] = {
        "model": (candidate.model.id,),
        "provider": (candidate.model.provider,) if candidate.model.provider else (),
        "deployment": (candidate.name,),
        "tier": (tier,),
    }
    values |= {f"context.{key}": (value,) for key, value in candidate.context.items()}
    ratings = ratings_of(surveyed, candidate)
    if not any("latency_ms" in rating for rating in ratings):
        values["latency_ms"] = ()
    if not any("quality" in rating for rating in ratings):
        values["quality"] = ()
    return values


def ratings_of(surveyed: Survey, candidate: Candidate) -> list[Mapping[str, Any]]:
    """Return the ratings that may count for a candidate: its deployment's own, and those of its model."""
    return [
        rating
        for rating in surveyed.data.get("ratings", ())
        if rating["model"] == candidate.name or surveyed.catalog.resolve(rating["model"]) is candidate.model
    ]


def acceptances_never_met(surveyed: Survey) -> Iterator[Problem]:
    """Yield `accept-never-holds` for each cascade that can accept no answer."""
    for target in (*surveyed.rules, surveyed.default):
        if "cascade" not in target.data:
            continue
        pointer = f"{target.pointer}/cascade/accept"
        condition = parse(target.data["cascade"]["accept"], types=surveyed.types.accept, pointer=pointer)
        names = {"tier": tuple(surveyed.tiers[rank].id for rank in target.ladder)}
        if contradictory(condition, {**surveyed.values, **names}):
            message = "no answer can be accepted, so every request climbs to the last tier"
            yield warning("accept-never-holds", pointer, message)
