"""Which action pools ask for: thresholds that are reached, limits that are.

Source: spec/50-pools.md OTB-POOL-060 ff.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ..pools import Action, Charge, Seen, utilization_reached

_NS = 1000
_STRENGTH = ("deny", "queue", "throttle", "downgrade", "allow")


class NoRoom(NamedTuple):
    """The balances that refused the candidate that a tier selects."""

    refusals: tuple[tuple[Charge, Seen], ...]


def reached(charge: Charge, seen: Seen, facts: Mapping[str, Any]) -> list[Action]:
    """Return the actions of a pool's thresholds that its utilization has reached; the highest of each kind."""
    limit = charge.entry.limit
    room = None if limit is None else limit + seen.granted
    highest: dict[str, tuple[int, Action]] = {}
    for threshold in charge.pool.thresholds:
        kind = threshold.action.kind
        if kind in highest and threshold.at <= highest[kind][0]:
            continue
        if threshold.test is not None and threshold.test(facts) is False:
            continue
        if utilization_reached(seen.settled, seen.reserved, room, threshold.at):
            highest[kind] = (threshold.at, threshold.action)
    return [action for _, action in highest.values()]


def strongest(refused: NoRoom) -> Action:
    """Return what is done where balances refuse: the strongest action, and of downgrades the lowest."""
    throttled = {charge.pool.id for charge, _ in refused.refusals if charge.part == "throttle"}
    actions = [
        Action("throttle") if charge.pool.id in throttled else charge.pool.at_limit
        for charge, _ in refused.refusals
    ]
    return min(actions, key=lambda action: (_STRENGTH.index(action.kind), action.tier))


def refusal(kind: str) -> Any:
    return "deny" if kind not in ("queue", "throttle") else kind


def retry_at(refused: NoRoom, action: Action, at: int) -> int | None:
    if action.kind == "throttle" and action.per_us:
        at_us = at // _NS
        return (at_us - at_us % action.per_us + action.per_us) * _NS
    return latest([seen for _, seen in refused.refusals])


def latest(seen: Sequence[Seen]) -> int | None:
    """Return the instant from which all that refuse may have room, in nanoseconds; None where one never has."""
    latest = 0
    for each in seen:
        if each.retry_us is None:
            return None
        latest = max(latest, each.retry_us)
    return latest * _NS
