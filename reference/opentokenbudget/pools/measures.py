"""What pools count: the bound of an attempt before it, and what it used after it, in each measure.

Source: spec/50-pools.md OTB-POOL-025 f.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from ..amounts import PICO, parse_decimal
from ..pricing import Meter, meter_named

_MICRO = 10**6


class Extent(Struct, frozen=True, gc=False):
    """How far an attempt may go.

    Attributes:
        cost: upper bound in 10⁻¹².
        input_tokens, output_tokens: upper bounds.
        max_usage: upper bounds of further meters.
        value: the weight of the request in 10⁻¹², pinned here.
    """

    cost: int
    input_tokens: int
    output_tokens: int
    max_usage: Mapping[str, int | str]
    value: int


def bound_of(measure: str, extent: Extent) -> int:
    """Return the most that an attempt may use of `measure`, in 10⁻¹²."""
    match measure:
        case "cost":
            return extent.cost
        case "requests" | "concurrent":
            return PICO
        case "tokens":
            return (extent.input_tokens + extent.output_tokens) * PICO
        case "value_tokens":
            return weighted(extent.input_tokens + extent.output_tokens, extent.value)
    meter = meter_named(measure)
    named = {meter_named(name): _pico(quantity) for name, quantity in extent.max_usage.items()}
    wholes = [quantity for other, quantity in named.items() if other.tags <= meter.tags]
    if "input" in meter.tags:
        wholes.append(extent.input_tokens * PICO)
    elif "output" in meter.tags:
        wholes.append(extent.output_tokens * PICO)
    if wholes:
        return min(wholes)
    parts = [part for part in named if part.tags > meter.tags]
    outer = [part for part in parts if not any(other.tags < part.tags for other in parts)]
    if not outer and "request" in meter.tags:
        return PICO
    return sum(named[part] for part in outer)


def actual_of(measure: str, usage: Mapping[str, int | str], cost: int, value: int) -> int:
    """Return what a reported usage counts for in `measure`, in 10⁻¹².

    Args:
        cost: what it costs, in 10⁻¹².
        value: the weight that was pinned when it was reserved.
    """
    match measure:
        case "cost":
            return cost
        case "requests":
            return PICO
        case "concurrent":
            return 0
        case "tokens" | "value_tokens":
            tokens = (sum_of(_INPUT, usage) or 0) + (sum_of(_OUTPUT, usage) or 0)
            return tokens if measure == "tokens" else weighted(-(-tokens // PICO), value)
    return _sum_or_request(meter_named(measure), usage)


def _sum_or_request(meter: Meter, usage: Mapping[str, int | str]) -> int:
    """Return how much of `meter` a usage holds: of one that counts requests 1 where it names none of it."""
    counted = sum_of(meter, usage)
    if counted is None and "request" in meter.tags:
        return PICO
    return counted or 0


def weighted(tokens: int, value: int) -> int:
    """Return tokens × weight, rounded up to 10⁻⁶, in 10⁻¹²."""
    return -(-tokens * value // _MICRO) * _MICRO


def sum_of(meter: Meter, usage: Mapping[str, int | str]) -> int | None:
    """Return how much of `meter` a usage holds, its parts included once, in 10⁻¹²; None when it names none of it."""
    exact = usage.get(meter.name)
    if exact is not None:
        return _pico(exact)
    parts = {
        named: _pico(quantity)
        for name, quantity in usage.items()
        if meter.tags <= (named := meter_named(name)).tags
    }
    if not parts:
        return None
    own: dict[Meter, int] = {}
    for part in sorted(parts, key=lambda each: -len(each.tags)):
        own[part] = parts[part] - sum(own[other] for other in own if other.tags > part.tags)
    return sum(own.values())


def _pico(quantity: int | str) -> int:
    return quantity * PICO if isinstance(quantity, int) else parse_decimal(quantity)


_INPUT = meter_named("input")
_OUTPUT = meter_named("output")
