"""Which action pools ask for: thresholds that are reached, limits that are.

Source: spec/50-pools.md OTB-POOL-060 ff.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from msgspec.structs import replace

from ..pools import (
    Action,
    Bucket,
    Charge,
    Entry,
    Extent,
    MissingKey,
    Pool,
    Seen,
    charges_of,
    utilization_reached,
)
from ..routing import Blocked

_NS = 1000
_STRENGTH = ("deny", "queue", "throttle", "downgrade", "allow")


class NoRoom(NamedTuple):
    """The balances that refused the candidate that a tier selects, and the store's instant at which they did."""

    refusals: tuple[tuple[Charge, Seen], ...]
    at_us: int


class Reached(NamedTuple):
    """A threshold that a balance has reached, by what it does."""

    charge: Charge
    seen: Seen
    action: Action


def watched_by(
    pools: Sequence[Pool], facts: Mapping[str, Any], value: int, at: int, window_us: int
) -> Iterator[Charge]:
    """Yield the balance of each of `pools` as its thresholds look at it: nothing is asked of it."""
    for pool in pools:
        try:
            charges = charges_of([pool], facts, Extent(0, 0, 0, {}, value), at, window_us)
        except MissingKey:
            # Whether the request is denied for it shows when a candidate is chosen.
            continue
        if charges:
            yield replace(charges[0], entry=replace(charges[0].entry, amount=0))


def reached_by(charge: Charge, seen: Seen, facts: Mapping[str, Any]) -> list[Reached]:
    """Return a pool's thresholds that its utilization has reached; the highest of each kind."""
    limit = charge.entry.limit
    room = None if limit is None else limit + seen.granted
    highest: dict[str, tuple[int, int]] = {}
    thresholds = charge.pool.thresholds
    for place, threshold in enumerate(thresholds):
        kind = threshold.action.kind
        if kind in highest and threshold.at <= highest[kind][0]:
            continue
        if threshold.test is not None and threshold.test(facts) is False:
            continue
        if utilization_reached(seen.settled, seen.reserved, room, threshold.at):
            highest[kind] = (threshold.at, place)
    places = sorted(place for _, place in highest.values())
    return [Reached(charge, seen, thresholds[place].action) for place in places]


def blocked_by(reached: Sequence[Reached]) -> Blocked | None:
    """Return how thresholds let no attempt be made, `deny` before `queue`; None where none does."""
    for kind in ("deny", "queue"):
        moves = [moves_on(charge, seen) for charge, seen, action in reached if action.kind == kind]
        if moves:
            return Blocked(refusal(kind), (f"threshold-{kind}",), latest(moves))
    return None


def is_over(entry: Entry, seen: Seen) -> bool:
    """Return whether the bound of `entry` goes beyond the limit of a balance that refuses nobody."""
    limit, amount = entry.limit, entry.amount
    return limit is not None and amount > 0 and seen.settled + seen.reserved + amount > limit + seen.granted


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


def retry_at(refused: NoRoom) -> int | None:
    """Return the instant (nanoseconds) from which it may help to ask again; None where it never does."""
    moves: list[int | None] = []
    for charge, seen in refused.refusals:
        action = charge.pool.at_limit
        if charge.part != "throttle" and action.kind == "throttle":
            moves.append((refused.at_us // action.per_us + 1) * action.per_us)
        else:
            moves.append(seen.retry_us)
    return latest(moves)


def moves_on(charge: Charge, seen: Seen) -> int | None:
    """Return the instant (microseconds) at which a window moves on that a threshold looked at."""
    limit = charge.entry.limit
    if isinstance(charge.entry.period, Bucket) and limit is not None and limit + seen.granted <= 0:
        # However much is refilled, nothing is left of nothing.
        return None
    return seen.retry_us


def latest(moves_us: Sequence[int | None]) -> int | None:
    """Return the latest of some instants (microseconds) in nanoseconds; None where one of them never comes."""
    found = [each for each in moves_us if each is not None]
    return max(found) * _NS if len(found) == len(moves_us) else None
