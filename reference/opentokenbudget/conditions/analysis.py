"""What can be known of conditions without facts: that one can never be true, or never the first that is.

All answers are sound, not complete: they are given only when they are proven (`proofs`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from .index import RuleIndex
from .proofs import Demand, Model, Values, model
from .tree import Condition

# Conditions that may be needed together to cover one; beyond them it counts as not covered.
_TOGETHER: Final = 32


def contradictory(condition: Condition, values: Values | None = None) -> bool:
    """Return whether `condition` is proven to be true for no facts.

    Args:
        condition: what to look at.
        values: by attribute the only values it may have, normalised like facts.
    """
    return model([Demand(condition)], values) is None


def covers(earlier: Condition | None, later: Condition | None, values: Values | None = None) -> bool:
    """Return whether `earlier` is proven to be true wherever `later` is; `None` is always true."""
    return covered([earlier], later, values)


def covered(
    earlier: Sequence[Condition | None], later: Condition | None, values: Values | None = None
) -> bool:
    """Return whether, for all facts for which `later` is true, at least one of `earlier` is proven to be."""
    if None in earlier:
        return True
    demands = [Demand(condition, holds=False) for condition in earlier if condition is not None]
    if later is not None:
        demands.append(Demand(later))
    return model(demands, values) is None


def shadowed(
    conditions: Sequence[Condition | None], values: Values | None = None
) -> dict[int, tuple[int, ...]]:
    """Return, by position, the conditions that are proven never to be the first true one.

    Returns:
        The positions of the earlier conditions because of which:
        one when it covers alone, several when they do
        so only together, none when the condition is contradictory in itself.
    """
    index = RuleIndex(conditions)
    found: dict[int, tuple[int, ...]] = {}
    for position in range(len(conditions)):
        because = _because(conditions, position, index, values)
        if because is not None:
            found[position] = because
    return found


def _because(
    conditions: Sequence[Condition | None], position: int, index: RuleIndex, values: Values | None
) -> tuple[int, ...] | None:
    """Return why the condition at `position` is never the first, None when it may be.

    Facts are sought for which it is true and those found in its way so far are not.
    Whoever is first for them is
    the next in its way; when that is the condition itself, it is reachable.
    """
    later = conditions[position]
    in_its_way: list[int] = []
    while len(in_its_way) <= _TOGETHER:
        before = [conditions[one] for one in in_its_way]
        demands = [Demand(condition, holds=False) for condition in before if condition is not None]
        if later is not None:
            demands.append(Demand(later))
        facts: Model = None if None in before else model(demands, values)
        if facts is None:
            alone = next((one for one in in_its_way if covers(conditions[one], later, values)), None)
            return tuple(sorted(in_its_way)) if alone is None else (alone,)
        if facts == "unproven":
            return None
        first = index.first(facts)
        if first >= position or first in in_its_way or first < 0:
            return None
        in_its_way.append(first)
    return None
