"""Which tiers a rule can lead to: by itself, by a floor, by fallback, by a pool's downgrade, by exploration.

Too much is safe here: a tier counts as reached unless nothing leads to it.
"""

from __future__ import annotations

from .survey import Survey, Target


def reached(surveyed: Survey) -> frozenset[int]:
    """Return the ranks of all tiers that some request may come to."""
    ranks = [reached_by(surveyed, target) for target in surveyed.living()]
    return frozenset().union(*ranks)


def reached_by(surveyed: Survey, target: Target, *, downgraded: bool = True) -> frozenset[int]:
    """Return the ranks that requests of `target` may come to.

    Args:
        downgraded: whether the downgrades of pools count.
    """
    floors = {target.floor}
    quality = surveyed.data.get("fairness", {}).get("quality_floor", {})
    floors |= {max(target.floor, surveyed.ranks[tier]) for tier in quality.values()}
    return frozenset().union(*(_under(surveyed, target, floor, downgraded) for floor in floors))


def _under(surveyed: Survey, target: Target, floor: int, downgraded: bool) -> frozenset[int]:
    found = set(target.above(floor))
    if not found:
        return frozenset()
    if surveyed.data.get("explore", {}).get("rate", "0") != "0":
        return frozenset(range(floor, len(surveyed.tiers)))
    targets = {rank for _, rank, _ in surveyed.downgrades()} if downgraded else set()
    while True:
        more = {rank for start in found for rank in next_tiers(surveyed, start) if rank >= floor}
        more |= {rank for rank in targets if floor <= rank < max(found)}
        if more <= found:
            return frozenset(found)
        found |= more


def next_tiers(surveyed: Survey, start: int) -> tuple[int, ...]:
    """Return the ranks that `fallback.to` tries after the tier `start`."""
    fallback = surveyed.data.get("fallback")
    to = "same-tier" if fallback is None else fallback.get("to", "same-tier")
    match to:
        case "same-tier-then-up":
            return tuple(range(start + 1, len(surveyed.tiers)))
        case "same-tier-then-down":
            return tuple(range(start - 1, -1, -1))
        case dict():
            following = to.get(surveyed.tiers[start].id)
            return () if following is None else (surveyed.ranks[following],)
        case _:
            return ()
