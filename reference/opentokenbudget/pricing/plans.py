"""Rate tables, and how a set of meters is priced under one: worked out once per set, then followed.

A plan knows positions, not names: it holds for every usage that lists the same meters in the same order.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from typing import NamedTuple, final

from .meters import REQUEST, BadMeter, Meter, meter_named, meter_of
from .rates import Rate, agree, nearest_rates

# Hostile usages may name ever new meters: caches are emptied when full, and large sets are never kept.
MAX_METERS = 256
_MAX_PLANS = 256
_MAX_KEPT_METERS = 32


class PlannedLine(NamedTuple):
    """A meter that has a rate."""

    position: int
    meter: str
    numerator: int
    denominator: int
    rate: Rate


class Plan(NamedTuple):
    """How usages with the same meters become lines.

    Attributes:
        nested: positions with the positions of their reported parts, most specific first.
        lines: priced meters in canonical order.
        joins: pairs of positions that may not both be above zero, since their join should have been reported.
        troubled: positions that have no rate, or several that differ.
        implied: whether one `request` is counted at the end.
        careful: whether a minimum may apply, so that only the careful reckoning may follow this plan.
        checked: whether there is any of `nested`, `joins`, `troubled` and `implied`.
    """

    nested: tuple[tuple[int, tuple[int, ...]], ...]
    lines: tuple[PlannedLine, ...]
    joins: tuple[tuple[int, int], ...]
    troubled: tuple[int, ...]
    implied: bool
    careful: bool
    checked: bool


@final
class RateTable:
    """The rates in force for one set of matching overrides, in one context, of one period.

    `plans` are those worked out so far, by the meters as a usage writes them.
    """

    __slots__ = ("_minimums", "forbidden", "plans", "rates")

    def __init__(self, rates: Mapping[Meter, Rate], minimums: Iterable[Meter], forbidden: bool) -> None:
        self.rates = rates
        self.forbidden = forbidden
        self._minimums = frozenset(minimums)
        self.plans: dict[tuple[str, ...], Plan] = {}

    def plan(self, keys: tuple[str, ...]) -> Plan | None:
        """Return the plan for the meters that `keys` spell; None when they are not a set of meters."""
        plan = self.plans.get(keys)
        if plan is None:
            meters = meters_of(keys)
            if meters is None:
                return None
            plan = self._work_out(meters)
            if len(keys) <= _MAX_KEPT_METERS:
                if len(self.plans) >= _MAX_PLANS:
                    self.plans.clear()
                self.plans[keys] = plan
        return plan

    def implies_request(self, meters: Iterable[Meter]) -> bool:
        """Return whether one request is counted although `meters` does not name it."""
        return REQUEST in self.rates and not names_requests(meters)

    def _work_out(self, meters: Sequence[Meter]) -> Plan:
        implied = self.implies_request(meters)
        if implied:
            meters = (*meters, REQUEST)
        candidates = [nearest_rates(meter, self.rates) for meter in meters]
        sound = [bool(rates) and agree(rates) for rates in candidates]
        order = sorted(range(len(meters)), key=lambda position: meters[position].order)
        nested = tuple((position, parts) for position, parts in nesting(meters) if parts)
        joins = tuple(missing_joins(meters, self.rates))
        troubled = tuple(position for position in order if not sound[position])
        return Plan(
            nested=nested,
            lines=tuple(
                PlannedLine(position, meters[position].name, rate.numerator, rate.denominator, rate)
                for position in order
                if sound[position]
                for rate in candidates[position][:1]
            ),
            joins=joins,
            troubled=troubled,
            implied=implied,
            careful=self.forbidden or not self._minimums.isdisjoint(meters),
            checked=bool(nested or joins or troubled or implied),
        )


def meters_of(keys: Sequence[str]) -> tuple[Meter, ...] | None:
    """Return the meters that `keys` spell; None when one is none or spelled twice, or they are too many."""
    if len(keys) > MAX_METERS:
        return None
    try:
        meters = tuple(meter_named(key) for key in keys)
    except BadMeter:
        return None
    return meters if len(set(meters)) == len(meters) else None


def names_requests(meters: Iterable[Meter]) -> bool:
    """Return whether a usage of `meters` says itself how many requests it is."""
    return any("request" in meter.tags for meter in meters)


def nesting(meters: Sequence[Meter]) -> list[tuple[int, tuple[int, ...]]]:
    """Return each position with the positions of its reported parts, most specific first."""
    order = sorted(range(len(meters)), key=lambda position: -len(meters[position].tags))
    return [
        (
            position,
            tuple(part for part in range(len(meters)) if meters[position].tags < meters[part].tags),
        )
        for position in order
    ]


def missing_joins(meters: Sequence[Meter], rates: Mapping[Meter, Rate]) -> Iterable[tuple[int, int]]:
    """Yield the pairs of positions that overlap in a meter with a rate of its own that is not reported."""
    reported = {meter.tags for meter in meters}
    priced = {meter.tags for meter in rates}
    for (left, one), (right, other) in combinations(enumerate(meters), 2):
        join = one.tags | other.tags
        if join in priced and join not in reported:
            yield left, right


def join_of(one: Meter, other: Meter) -> Meter:
    """Return the meter that is part of both."""
    return meter_of(one.tags | other.tags)
