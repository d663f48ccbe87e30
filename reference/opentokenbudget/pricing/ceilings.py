"""The dearest that quantities can be under a band: what upper bounds are made of.

A ceiling speaks of a range of input and of output in which the rates do not change.
A token that may belong to any part is taken at the dearest rate that a part may have; a rate that is no whole
number of 10⁻¹² per unit is rounded up, so that no number of separately rounded lines can exceed it.
A usage is taken to report `input` and `output` whole, and of other meters only parts that have rates.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from math import prod
from typing import NamedTuple

from opentokenbudget.amounts import PICO

from .cards import Band, Gauge, Multiplier, Terms
from .meters import INPUT, MAX_QUANTITY, MODALITIES, OUTPUT, REQUEST, Meter
from .rates import Rate, nearest_rates

_MAX_COMBINATIONS = 4096

Portions = dict[Meter, int]
"""The most of each named meter, in 10⁻¹² units."""


class Side(NamedTuple):
    """How tokens of one side are spent at most.

    Attributes:
        portions: rate in 10⁻¹² and limit (None: without one), the dearest first.
        surcharge: what minimums of several parts can add together, in 10⁻¹².
        least: the quantity billed at least, where one meter is all there is.
        rate: of every token, where there is neither limit nor minimum.
    """

    portions: tuple[tuple[int, int | None], ...]
    surcharge: int
    least: int
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
    tokens = max(tokens, side.least)
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
    if prod(len(gauge.points) + 1 for gauge in gauges) > _MAX_COMBINATIONS:
        return loose_ceilings(band.terms, limits)
    found = []
    for indexes in product(*(range(len(gauge.points) + 1) for gauge in gauges)):
        table = band.table_between(indexes)
        if not table.forbidden:
            ceiling = _ceiling(band.terms, table.rates, limits, gauges, indexes)
            if ceiling is not None:
                found.append(ceiling)
    return tuple(found)


def loose_ceilings(terms: Terms, limits: Portions) -> tuple[Ceiling, ...]:
    """Return one ceiling that holds whatever the undecided overrides say: never too low, maybe too high."""
    card = terms.card
    decided = terms.decide({})
    rates: dict[Meter, list[Rate]] = {meter: [rate] for meter, rate in card.rates.items()}
    multipliers: list[tuple[Multiplier, bool]] = []
    for override, holds in zip(card.overrides, decided, strict=False):
        if holds is False:
            continue
        for rate in override.rates:
            rates[rate.meter] = [rate] if holds else [*rates.get(rate.meter, ()), rate]
        if override.multiplier is not None:
            multipliers.append((override.multiplier, holds is True))
    multipliers += [(discount, True) for discount in card.discounts]
    dearest = {}
    for meter, possible in rates.items():
        rate = max(possible, key=_ceil)
        for multiplier, certain in multipliers:
            if multiplier.applies_to(meter) and (certain or multiplier.factor_pico > PICO):
                rate = rate.times(multiplier.factor_pico)
        dearest[meter] = rate
    for meter in limits:
        # Without its own rate, should an override bring that, it would fall under an ancestor's.
        above = [rate for other, rate in dearest.items() if other.tags <= meter.tags]
        if above and not meter.is_token:
            dearest[meter] = max(above, key=_ceil)
    ceiling = _ceiling(terms, dearest, limits, (), ())
    return () if ceiling is None else (ceiling,)


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
    caps: Portions = {}
    for gauge, index in zip(gauges, indexes, strict=True):
        low = gauge.points[index - 1] if index else 0
        high = gauge.points[index] - 1 if index < len(gauge.points) else MAX_QUANTITY * PICO
        side = _side_of(gauge.meter)
        if gauge.meter in spans:
            spans[gauge.meter] = (low, high)
        elif side is not None:
            # A part can be that large only where the whole is.
            limit = _limit(gauge.meter, limits)
            if (limit == 0 and low > 0) or (limit is not None and low > limit):
                return None
            least[side] = max(least[side], low)
            caps[gauge.meter] = high
        elif low > max(_most_units(gauge.meter, limits), gauge.implied):
            return None
    (input_from, input_to), (output_from, output_to) = spans[INPUT], spans[OUTPUT]
    fixed, complete = _fixed(terms, rates, limits)
    return Ceiling(
        max(input_from, least[INPUT]),
        input_to,
        max(output_from, least[OUTPUT]),
        output_to,
        _side(terms, INPUT, rates, limits, caps),
        _side(terms, OUTPUT, rates, limits, caps),
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


def _side(terms: Terms, whole: Meter, rates: Mapping[Meter, Rate], limits: Portions, caps: Portions) -> Side:
    """Return how tokens of `whole` are spent at most, no meter above its cap."""
    portions: dict[Meter, tuple[int, int | None]] = {}
    for meter, rate in rates.items():
        if whole.tags <= meter.tags:
            capping = [_limit(meter, limits), *(cap for part, cap in caps.items() if part.tags <= meter.tags)]
            limit = min((most for most in capping if most is not None), default=None)
            if limit != 0:
                portions[meter] = (_ceil(rate), limit)
    minimums = {
        meter: least
        for meter, least in terms.card.minimums.items()
        if whole.tags <= meter.tags and _limit(meter, limits) != 0
    }
    dearest_first = tuple(sorted(portions.values(), key=lambda portion: -portion[0]))
    if portions.keys() | minimums.keys() == {whole}:
        surcharge, least = 0, minimums.get(whole, 0) // PICO
    else:
        surcharge, least = sum(_surcharge(most, meter, rates) for meter, most in minimums.items()), 0
    dearest, limit = dearest_first[0] if dearest_first else (0, None)
    plain = limit is None and not surcharge and not least
    return Side(dearest_first, surcharge, least, dearest if plain else None)


def _fixed(terms: Terms, rates: Mapping[Meter, Rate], limits: Portions) -> tuple[int, bool]:
    """Return the most that everything but tokens adds, and whether all of it has a rate."""
    named = {meter: limit for meter, limit in limits.items() if not meter.is_token}
    if REQUEST in rates:
        named[REQUEST] = max(named.get(REQUEST, 0), PICO)
    fixed, complete = 0, True
    for meter, limit in named.items():
        if limit == 0:
            continue
        parts = {part: rate for part, rate in rates.items() if meter.tags <= part.tags}
        dearest = [*parts.values(), *nearest_rates(meter, rates)]
        if not dearest:
            complete = False
            continue
        rate = max(dearest, key=_ceil)
        minimums = {part: least for part, least in terms.card.minimums.items() if meter.tags <= part.tags}
        if set(minimums) | set(parts) <= {meter}:
            fixed += _up(max(limit, minimums.get(meter, 0)) * rate.numerator, rate.denominator * PICO)
            continue
        # Every part may be a line of its own: one rounding, and one minimum, for each.
        fixed += _up(limit * rate.numerator, rate.denominator * PICO) + len(parts)
        fixed += sum(_surcharge(least, part, rates) for part, least in minimums.items())
    return fixed, complete


def _surcharge(minimum_pico: int, meter: Meter, rates: Mapping[Meter, Rate]) -> int:
    """Return what a minimum can add to a line of `meter`."""
    charges = (
        _up(minimum_pico * rate.numerator, rate.denominator * PICO) for rate in nearest_rates(meter, rates)
    )
    return max(charges, default=0)


def _ceil(rate: Rate) -> int:
    return _up(rate.numerator, rate.denominator)


def _up(numerator: int, denominator: int) -> int:
    return -(-numerator // denominator)
