"""The dearest that quantities can be under a band: what upper bounds are made of.

A ceiling speaks of a range of input and of output in which the rates do not change.
A token that may belong to any part is taken at the dearest rate that a part may have; a rate that is no whole
number of 10⁻¹² per unit is rounded up, so that no number of separately rounded lines can exceed it.
A usage is taken to report `input` and `output` whole; which parts of them it reports is its own matter.

Source: spec/20-catalog.md OTB-PRICE-041 ff.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from typing import NamedTuple

from opentokenbudget.amounts import PICO

from .cards import Band, Gauge, Terms
from .meters import INPUT, MAX_QUANTITY, MODALITIES, OUTPUT, REQUEST, Meter
from .rates import Rate, nearest_rates

Portions = dict[Meter, int]
"""The most of each named meter, in 10⁻¹² units."""


class Side(NamedTuple):
    """How tokens of one side are spent at most.

    Attributes:
        portions: rate in 10⁻¹² and limit (None: without one), the dearest first.
        surcharge: what minimums can add together, in 10⁻¹².
        rate: of every token, where there is neither limit nor minimum.
    """

    portions: tuple[tuple[int, int | None], ...]
    surcharge: int
    rate: int | None


class Ceiling(NamedTuple):
    """Costs in 10⁻¹² for input in `[input_from, input_to]` and output in `[output_from, output_to]`.

    `complete` says whether everything else that is named has a rate.
    """

    input_from: int
    input_to: int
    output_from: int
    output_to: int
    inputs: Side
    outputs: Side
    fixed: int
    complete: bool


def spend(side: Side, tokens: int) -> int:
    """Return the most that `tokens` can cost; those that have no rate add nothing."""
    if tokens <= 0:
        return 0
    cost = side.surcharge
    for rate, limit in side.portions:
        if limit is None or limit >= tokens:
            return cost + tokens * rate
        cost += limit * rate
        tokens -= limit
    return cost


def ceilings_of(band: Band, limits: Portions) -> tuple[Ceiling, ...]:
    """Return the ceilings of a band: one for each combination of stretches between thresholds."""
    gauges = band.terms.gauges
    if band.table is not None:
        ceiling = _ceiling(band.terms, band.table.rates, limits, (), ())
        return () if ceiling is None or band.table.forbidden else (ceiling,)
    found = []
    for indexes in product(*(range(len(gauge.points) + 1) for gauge in gauges)):
        table = band.table_between(indexes)
        if not table.forbidden:
            ceiling = _ceiling(band.terms, table.rates, limits, gauges, indexes)
            if ceiling is not None:
                found.append(ceiling)
    return tuple(found)


def _ceiling(
    terms: Terms,
    rates: Mapping[Meter, Rate],
    limits: Portions,
    gauges: Sequence[Gauge],
    indexes: tuple[int, ...],
) -> Ceiling | None:
    """Return the ceiling while each gauge stands after its index; None when no usage gets there."""
    spans = {INPUT: (0, MAX_QUANTITY), OUTPUT: (0, MAX_QUANTITY)}
    least = {INPUT: 0, OUTPUT: 0}
    for gauge, index in zip(gauges, indexes, strict=True):
        low = gauge.points[index - 1] if index else 0
        high = gauge.points[index] - 1 if index < len(gauge.points) else MAX_QUANTITY * PICO
        side = _side_of(gauge.meter)
        if gauge.meter in spans:
            spans[gauge.meter] = (low, high)
        elif side is not None:
            # A part can be that large only where the whole is. Where it is not, others may still have its rate:
            # a part of it that is reported alone leaves it at 0.
            limit = _limit(gauge.meter, limits)
            if (limit == 0 and low > 0) or (limit is not None and low > limit):
                return None
            least[side] = max(least[side], low)
        elif low > max(_most_units(gauge.meter, limits), gauge.implied):
            return None
    (input_from, input_to), (output_from, output_to) = spans[INPUT], spans[OUTPUT]
    fixed, complete = _fixed(terms, rates, limits)
    return Ceiling(
        max(input_from, least[INPUT]),
        input_to,
        max(output_from, least[OUTPUT]),
        output_to,
        _side(terms, INPUT, rates, limits),
        _side(terms, OUTPUT, rates, limits),
        fixed,
        complete,
    )


def _side_of(meter: Meter) -> Meter | None:
    return INPUT if "input" in meter.tags else OUTPUT if "output" in meter.tags else None


def _limit(meter: Meter, limits: Portions) -> int | None:
    """Return the most tokens of `meter`: 0 for a modality that is not named, None without a limit."""
    containing = [named for named in limits if named.tags <= meter.tags and named.is_token]
    covered = {tag for named in containing for tag in named.tags}
    if not (meter.tags & MODALITIES) <= covered:
        return 0
    return min((limits[named] // PICO for named in containing), default=None)


def _most_units(meter: Meter, limits: Portions) -> int:
    """Return the most of a meter that counts no tokens, in 10⁻¹² units: 0 where nothing named contains it."""
    return min((limit for named, limit in limits.items() if named.tags <= meter.tags), default=0)


def _side(terms: Terms, whole: Meter, rates: Mapping[Meter, Rate], limits: Portions) -> Side:
    """Return how tokens of `whole` are spent at most."""
    portions = []
    for meter, rate in rates.items():
        if whole.tags <= meter.tags:
            limit = _limit(meter, limits)
            if limit != 0:
                portions.append((_ceil(rate), limit))
    portions.sort(key=lambda portion: -portion[0])
    surcharge = sum(
        _surcharge(least, meter, rates)
        for meter, least in terms.card.minimums.items()
        if whole.tags <= meter.tags and _limit(meter, limits) != 0
    )
    dearest, limit = portions[0] if portions else (0, None)
    return Side(tuple(portions), surcharge, dearest if limit is None and not surcharge else None)


def _fixed(terms: Terms, rates: Mapping[Meter, Rate], limits: Portions) -> tuple[int, bool]:
    """Return the most that everything but tokens adds, and whether all of it has a rate."""
    named = {
        meter: limit
        for meter, limit in limits.items()
        if not meter.is_token and not any(other.tags < meter.tags for other in limits)
    }
    if REQUEST in rates:
        named[REQUEST] = max(named.get(REQUEST, 0), PICO)
    fixed, complete = 0, True
    for meter, limit in named.items():
        if limit == 0:
            continue
        parts = [rate for part, rate in rates.items() if meter.tags < part.tags]
        possible = [*parts, *nearest_rates(meter, rates)]
        if not possible:
            complete = False
            continue
        # Every part may be a line of its own, with a rounding of its own.
        fixed += max(_times(limit, rate) for rate in possible) + len(parts)
        minimums = {part: least for part, least in terms.card.minimums.items() if meter.tags <= part.tags}
        fixed += sum(_surcharge(least, part, rates) for part, least in minimums.items())
    return fixed, complete


def _surcharge(minimum_pico: int, meter: Meter, rates: Mapping[Meter, Rate]) -> int:
    """Return what a minimum can add to a line of `meter`."""
    return max((_times(minimum_pico, rate) for rate in nearest_rates(meter, rates)), default=0)


def _times(quantity_pico: int, rate: Rate) -> int:
    return _up(quantity_pico * rate.numerator, rate.denominator * PICO)


def _ceil(rate: Rate) -> int:
    return _up(rate.numerator, rate.denominator)


def _up(numerator: int, denominator: int) -> int:
    return -(-numerator // denominator)
