"""Lints of pools: those that can never refuse, limits that do not fit together, downgrades that cannot help.

In pools, where a match restricts, unknown counts as true: a pool is out of play only where its condition is
proven to be false.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from ..amounts import InvalidDecimal, parse_decimal, parse_duration
from ..conditions import Comparison, Condition, attributes_of, evaluate, parse
from ..conditions.analysis import facts_for
from ..conditions.proofs import Demand
from ..conditions.tree import conjuncts
from ..problems import Problem
from ..routing.policy import DEFAULT_OUTPUT_TOKENS
from .reach import reached, reaches
from .survey import CANDIDATE_FACTS, Candidate, Survey, warning
from .tiers import reference_cost

_TIER = "candidate.tier"
_COUNTS = ("requests", "concurrent")
_TOKENS = ("tokens", "value_tokens")
# The least and the most days of a calendar window.
_CALENDAR_DAYS = {"day": (1, 1), "week": (7, 7), "month": (28, 31), "year": (365, 366)}
_EVER_DAYS = 1_000_000


def pools_that_never_bind(surveyed: Survey) -> Iterator[Problem]:
    """Yield `pool-never-binds` for each pool without a limit, and for each that no request can come under."""
    ranks = sorted(reached(surveyed))
    for number, pool in enumerate(surveyed.pools):
        pointer = f"/pools/{number}"
        amounts = list(amounts_of(pool, pointer))
        if all(amount is None for _, amount, _ in amounts):
            message = f"`{pool['id']}` is unlimited: it counts, and never refuses"
            yield warning("pool-never-binds", f"{pointer}/limit", message)
        elif "when" in pool:
            condition = condition_of(surveyed, pool, pointer)
            if _is_always_false(surveyed, condition, ranks):
                message = f"no request can come under `{pool['id']}`"
                yield warning("pool-never-binds", f"{pointer}/when", message)


def children_above_parents(surveyed: Survey) -> Iterator[Problem]:
    """Yield `child-above-parent` for each limit above that of its parent, whose window is no shorter."""
    pools = {pool["id"]: pool for pool in surveyed.pools}
    for number, pool in enumerate(surveyed.pools):
        parent = pools.get(pool.get("parent", ""))
        if parent is None or not _is_within(pool["window"], parent["window"]):
            continue
        if not set(parent.get("partition_by", ())) <= set(pool.get("partition_by", ())):
            continue
        room: dict[str, int] = {}
        unlimited: set[str] = set()
        for measure, amount, _ in amounts_of(parent, ""):
            if amount is None:
                unlimited.add(measure)
            else:
                room[measure] = max(amount, room.get(measure, 0))
        for measure, amount, pointer in amounts_of(pool, f"/pools/{number}"):
            if amount is None or measure in unlimited or amount <= room.get(measure, amount):
                continue
            message = f"the limit is above that of the parent `{parent['id']}`, which binds first"
            yield warning("child-above-parent", pointer, message)


def downgrades_that_cannot_help(surveyed: Survey) -> Iterator[Problem]:
    """Yield `downgrade-cannot-help` where nothing above the target comes down, or coming down spares nothing."""
    for pool, target, pointer in surveyed.downgrades():
        name = surveyed.tiers[target].id
        above = _above(surveyed, pool, target)
        if not above:
            message = f"no request of `{pool['id']}` comes to a tier above `{name}`"
            yield warning("downgrade-cannot-help", pointer, message)
        elif _stays(surveyed, pool, name) and (why := _spares_nothing(surveyed, pool, above, target)):
            yield warning("downgrade-cannot-help", pointer, why)


def amounts_of(pool: Mapping[str, Any], pointer: str) -> Iterator[tuple[str, int | None, str]]:
    """Yield each measure of a pool, its amount in 10⁻¹² or None for unlimited, and its pointer."""
    limit = pool["limit"]
    entries = [(limit, f"{pointer}/limit")]
    if "by" in limit:
        entries = [(entry, f"{pointer}/limit/of/{_step(value)}") for value, entry in limit["of"].items()]
        entries.append((limit["otherwise"], f"{pointer}/limit/otherwise"))
    for entry, where in entries:
        for measure, amount in entry.items():
            yield measure, None if amount is None else _pico(amount), f"{where}/{_step(measure)}"


def condition_of(surveyed: Survey, pool: Mapping[str, Any], pointer: str = "") -> Condition | None:
    """Return the condition of a pool, None when it takes every request."""
    if "when" not in pool:
        return None
    return parse(pool["when"], types=surveyed.pool_types, pointer=f"{pointer}/when")


def candidate_values(surveyed: Survey, ranks: Iterable[int]) -> dict[str, Sequence[Any]]:
    """Return by fact what conditions can read, the values that it may have when a tier of `ranks` serves."""
    tiers = [surveyed.tiers[rank] for rank in ranks]
    candidates = [candidate for tier in tiers for candidate in tier.candidates]
    return {
        **surveyed.values,
        _TIER: tuple(tier.id for tier in tiers),
        "candidate.model": tuple(dict.fromkeys(candidate.model.id for candidate in candidates)),
        "candidate.provider": tuple(dict.fromkeys(candidate.model.provider for candidate in candidates)),
        "candidate.deployment": tuple(dict.fromkeys(candidate.name for candidate in candidates)),
    }


def known_facts(surveyed: Survey, names: Iterable[str]) -> list[Demand]:
    """Return the demands that those of `names` are there which are never missing."""
    types = surveyed.pool_types
    there = surveyed.given | set(CANDIDATE_FACTS)
    return [
        Demand(Comparison(name, types[name], "exists", True)) for name in sorted(there.intersection(names))
    ]


def _is_always_false(surveyed: Survey, condition: Condition | None, ranks: Sequence[int]) -> bool:
    if condition is None:
        return False
    demands = [Demand(condition, False, holds=False), *known_facts(surveyed, attributes_of(condition))]
    return facts_for(demands, candidate_values(surveyed, ranks)) is None


def _above(surveyed: Survey, pool: Mapping[str, Any], target: int) -> list[int]:
    """Return the ranks above `target` from which requests of `pool` may come down to it."""
    there = frozenset().union(*(reach.ranks for reach in reaches(surveyed) if reach.floor <= target))
    condition = condition_of(surveyed, pool)
    return [
        rank for rank in sorted(there) if rank > target and not _is_always_false(surveyed, condition, [rank])
    ]


def _stays(surveyed: Survey, pool: Mapping[str, Any], tier: str) -> bool:
    """Return whether a request that `pool` counts is sure to be counted by it in `tier` too."""
    condition = condition_of(surveyed, pool)
    for part in () if condition is None else conjuncts(condition):
        names = attributes_of(part)
        if not names.isdisjoint(CANDIDATE_FACTS) and (
            names != {_TIER} or evaluate(part, {_TIER: tier}) is not True
        ):
            return False
    return True


def _spares_nothing(
    surveyed: Survey, pool: Mapping[str, Any], above: Sequence[int], target: int
) -> str | None:
    """Return why a request costs `pool` as much in `target` as in any tier `above`, None if it may cost less."""
    low = surveyed.tiers[target].candidates
    high = [candidate for rank in above for candidate in surveyed.tiers[rank].candidates]
    name = surveyed.tiers[target].id
    measure = next(measure for measure, _, _ in amounts_of(pool, ""))
    if measure == "cost":
        costs = [
            [cost for one in some if (cost := reference_cost(surveyed, one)) is not None]
            for some in (low, high)
        ]
        if all(costs) and min(costs[0]) >= max(costs[1]):
            return f"`{name}` is no cheaper than the tiers above it"
        return None
    if measure in _COUNTS:
        return f"`{pool['id']}` counts {measure}, and a request counts as much in `{name}`"
    if measure in _TOKENS or "output" in measure.split("."):
        limits = [[_output_limit(surveyed, one) for one in some] for some in (low, high)]
        if all(limits) and min(limits[0]) >= max(limits[1]):
            return f"`{pool['id']}` counts {measure}, and a request may use as many in `{name}`"
        return None
    return f"`{pool['id']}` counts {measure}, and a request uses as many in `{name}`"


def _output_limit(surveyed: Survey, candidate: Candidate) -> int:
    asked = surveyed.data.get("defaults", {}).get("max_output_tokens", DEFAULT_OUTPUT_TOKENS)
    own = candidate.model.capabilities.max_output
    return int(asked if own is None else min(asked, own))


def _is_within(window: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Return whether `window` is no longer than `other`, whatever the month."""
    if window == other:
        return True
    mine, others = _days(window), _days(other)
    if mine is None or others is None:
        return False
    same = window.get("calendar") is not None and window.get("calendar") == other.get("calendar")
    return same or mine[1] <= others[0]


def _days(window: Mapping[str, Any]) -> tuple[float, float] | None:
    """Return the least and the most days of a window, None where its length does not limit its use."""
    if "calendar" in window:
        return _CALENDAR_DAYS[window["calendar"]]
    if "lifetime" in window:
        return _EVER_DAYS, _EVER_DAYS
    length = window.get("fixed") or window.get("rolling")
    if length is None:
        return None
    days = parse_duration(length) / 86_400
    return days, days


def _pico(amount: int | str) -> int:
    try:
        return parse_decimal(str(amount))
    except InvalidDecimal:
        return 0


def _step(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")


def always_meets(
    surveyed: Survey, rule: Condition | None, pools: Sequence[Condition], ranks: Sequence[int]
) -> bool:
    """Return whether each request of `rule` that a tier of `ranks` serves comes under one of `pools`.

    Where that can be neither proven nor refuted, the answer is yes.
    """
    demands = [Demand(condition, False) for condition in pools]
    names = {name for condition in pools for name in attributes_of(condition)}
    if rule is not None:
        demands.append(Demand(rule))
        names |= attributes_of(rule)
    found = facts_for([*demands, *known_facts(surveyed, names)], candidate_values(surveyed, ranks))
    return not isinstance(found, dict)
