"""What can be known of conditions without facts: that one can never be true, or never the first that is.

All answers are sound, not complete: they are given only when they are proven (`proofs`), and what is too large to be
looked through counts as not proven. A proof must end soon, also for a document that was written to keep it busy.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from .index import RuleIndex
from .proofs import Demand, Model, Values, model
from .tree import Condition, comparisons

# Rules that together may leave nothing for a later one: more than these nobody would see through either.
_TOGETHER = 4
# What one proof may look at.
_MOST_COMPARISONS = 128
_MOST_VALUES = 512


def facts_for(demands: Sequence[Demand], values: Values | None = None) -> Model:
    """Return facts that meet all `demands`, None when there are none, `unproven` when that cannot be told soon."""
    if _is_large(demand.condition for demand in demands):
        return "unproven"
    return model(demands, values)


def contradictory(condition: Condition, values: Values | None = None) -> bool:
    """Return whether `condition` is proven to be true for no facts.

    Args:
        condition: what to look at.
        values: by attribute the only values it may have, normalised like facts.
    """
    return facts_for([Demand(condition)], values) is None


def covers(earlier: Condition | None, later: Condition | None, values: Values | None = None) -> bool:
    """Return whether `earlier` is proven to be true wherever `later` is; `None` is always true."""
    return covered([earlier], later, values)


def covered(
    earlier: Sequence[Condition | None], later: Condition | None, values: Values | None = None
) -> bool:
    """Return whether, for all facts for which `later` is true, at least one of `earlier` is proven to be."""
    return _beyond(earlier, later, values) is None


def shadowed(
    conditions: Sequence[Condition | None], values: Values | None = None
) -> dict[int, tuple[int, ...]]:
    """Return, by position, the conditions that are proven never to be the first true one.

    Returns:
        The positions of the earlier conditions because of which: one when it covers alone, up to four when they
        do so only together, none when the condition is contradictory in itself.
    """
    index = RuleIndex(conditions)
    found: dict[int, tuple[int, ...]] = {}
    always: int | None = None
    for position, condition in enumerate(conditions):
        if always is not None:
            own = condition is not None and contradictory(condition, values)
            found[position] = () if own else (always,)
            continue
        because = _because(conditions, position, index, values)
        if because is not None:
            found[position] = because
        if condition is None:
            always = position
    return found


def _because(
    conditions: Sequence[Condition | None], position: int, index: RuleIndex, values: Values | None
) -> tuple[int, ...] | None:
    """Return why the condition at `position` is never the first, None when it may be.

    Facts are sought for which it is true and none of those in its way so far. Whoever is first for them is the
    next in its way; when that is the condition itself, it can be the first.
    """
    later = conditions[position]
    in_its_way: list[int] = []
    while len(in_its_way) <= _TOGETHER:
        facts = _beyond([conditions[one] for one in in_its_way], later, values)
        if facts is None:
            alone = (one for one in in_its_way if covers(conditions[one], later, values))
            first = next(alone, None)
            return tuple(sorted(in_its_way)) if first is None else (first,)
        if facts == "unproven":
            return None
        first = index.first(facts)
        if first >= position or first in in_its_way or first < 0:
            return None
        in_its_way.append(first)
    return None


def _beyond(earlier: Sequence[Condition | None], later: Condition | None, values: Values | None) -> Model:
    """Return facts for which `later` is true and none of `earlier`; what is None is always true."""
    if None in earlier:
        return None
    demands = [Demand(condition, holds=False) for condition in earlier if condition is not None]
    return facts_for(demands if later is None else [*demands, Demand(later)], values)


def _is_large(conditions: Iterable[Condition]) -> bool:
    leaves = [leaf for condition in conditions for leaf in comparisons(condition)]
    operands = sum(len(leaf.operand) if isinstance(leaf.operand, tuple) else 1 for leaf in leaves)
    return len(leaves) > _MOST_COMPARISONS or operands > _MOST_VALUES
