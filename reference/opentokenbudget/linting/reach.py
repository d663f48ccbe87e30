"""Which tiers a rule can lead to: by itself, by a floor, by fallback, by a pool's downgrade, by exploration.

Too much is safe here: a tier counts as reached unless nothing leads to it.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from .survey import Survey


class Reach(NamedTuple):
    """The ranks that the requests of some rules may come to; `floor` is the lowest that those rules allow."""

    floor: int
    ranks: frozenset[int]


def reached(surveyed: Survey) -> frozenset[int]:
    """Return the ranks of all tiers that some request may come to."""
    return frozenset().union(*(reach.ranks for reach in reaches(surveyed)))


@lru_cache(maxsize=2)
def reaches(surveyed: Survey) -> tuple[Reach, ...]:
    """Return what the rules that can decide reach, and the default; rules that lead to the same are one."""
    quality = surveyed.data.get("fairness", {}).get("quality_floor", {})
    raised = {surveyed.ranks[tier] for tier in quality.values()}
    targets = frozenset(rank for _, rank, _ in surveyed.downgrades())
    starts: dict[tuple[int, tuple[int, ...]], set[int]] = {}
    for rule in surveyed.living():
        if not rule.steps or (rule.floor, rule.steps) in starts:
            continue
        found: set[int] = set()
        for floor in {rule.floor, *(max(rule.floor, rank) for rank in raised)}:
            found |= _under(surveyed, rule.above(floor), floor, targets)
        starts[rule.floor, rule.steps] = found
    return tuple(Reach(floor, frozenset(found)) for (floor, _), found in starts.items())


def _under(surveyed: Survey, ladder: tuple[int, ...], floor: int, targets: frozenset[int]) -> set[int]:
    found = set(ladder)
    if surveyed.data.get("explore", {}).get("rate", "0") != "0":
        return found | set(range(floor, len(surveyed.tiers)))
    while True:
        more = {rank for start in found for rank in next_tiers(surveyed, start) if rank >= floor}
        more |= {rank for rank in targets if floor <= rank < max(found)}
        if more <= found:
            return found
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
