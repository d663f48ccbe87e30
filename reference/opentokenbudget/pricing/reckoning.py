"""From a usage to cost lines: a quick way for plain integer usages, and a careful one for everything.

The careful way finds every problem; the quick way answers None wherever it would have to look closer.
Both are exact: integers of 10⁻¹² and one rounding per line, half-even.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from opentokenbudget.amounts import PICO, InvalidDecimal, divide_half_even, format_decimal, parse_decimal
from opentokenbudget.problems import Problem

from .cards import Band
from .cost import Entry, PriceProblem
from .meters import MAX_QUANTITY, REQUEST, BadMeter, Meter, meter_named
from .plans import MAX_METERS, Plan, RateTable, join_of, missing_joins, nesting
from .rates import agree, nearest_rates
from .requirements import price_problem


def quick_lines(band: Band, usage: Mapping[str, Any]) -> tuple[int, tuple[Entry, ...]] | None:
    """Return the total in 10⁻¹² and the lines of an integer usage; None when the careful way has to look.

    It has to for fractions, minimums, and whatever is wrong.
    """
    keys = tuple(usage)
    leaves: list[int] = list(usage.values())
    for quantity in leaves:
        if type(quantity) is not int or not 0 <= quantity <= MAX_QUANTITY:
            return None
    table = band.table or band.table_for_integers(keys, leaves)
    plan = None if table is None else table.plans.get(keys) or table.plan(keys)
    if plan is None or plan.careful:
        return None
    if plan.checked and not _take_parts_out(plan, leaves):
        return None
    total = 0
    lines: list[Entry] = []
    for position, meter, numerator, denominator, rate in plan.lines:
        quantity = leaves[position]
        if quantity:
            amount = quantity * numerator
            if denominator != 1:
                amount = divide_half_even(amount, denominator)
            total += amount
            lines.append((meter, quantity, rate, amount, 0))
    return total, tuple(lines)


def _take_parts_out(plan: Plan, leaves: list[int]) -> bool:
    """Turn reported quantities into those of each meter alone; False when the careful way has to look."""
    if plan.implied:
        leaves.append(1)
    for left, right in plan.joins:
        if leaves[left] and leaves[right]:
            return False
    for position, parts in plan.nested:
        quantity = leaves[position]
        for part in parts:
            quantity -= leaves[part]
        if quantity < 0:
            return False
        leaves[position] = quantity
    return not plan.troubled or not any(leaves[position] for position in plan.troubled)


def careful_lines(
    band: Band, usage: Mapping[str, Any], used: Mapping[str, Any] | None
) -> tuple[int, tuple[Entry, ...]]:
    """Return the total in 10⁻¹² and the lines of any usage.

    Args:
        band: the terms at the instant.
        usage: quantity by meter.
        used: what has been used of allowances before, by meter; None grants nothing free.

    Raises:
        PriceProblem: with every problem of the usage.
    """
    problems: list[Problem] = []
    reported = read_quantities(usage, "/usage", problems)
    spent = read_quantities(used or {}, "/used", problems)
    if problems:
        raise PriceProblem(problems)
    table = band.table_for(reported)
    if table.forbidden:
        terms = ", ".join(f"{name} `{value}`" for name, value in band.terms.context.items())
        message = f"`{band.terms.card.model}` is not sold like this{f': {terms}' if terms else ''}"
        raise PriceProblem(price_problem("forbidden-context", "/context", message))
    if table.implies_request(reported):
        reported[REQUEST] = PICO
    places = dict(zip(reported, usage, strict=False))
    leaves = _leaves(reported, places, problems)
    problems += _missing_joins(reported, table)
    lines: list[Entry] = []
    card = band.terms.card
    total = 0
    for meter in sorted(leaves, key=lambda meter: meter.order):
        quantity = leaves[meter]
        if quantity <= 0:
            continue
        rates = nearest_rates(meter, table.rates)
        if not rates or not agree(rates):
            problems.append(_no_rate(meter, places, [rate.meter for rate in rates], card.model))
            continue
        quantity = max(quantity, card.minimums.get(meter, 0))
        free = 0
        if used is not None and meter in card.allowances:
            free = min(quantity, max(0, card.allowances[meter] - spent.get(meter, 0)))
        rate = rates[0]
        amount = divide_half_even((quantity - free) * rate.numerator, rate.denominator * PICO)
        total += amount
        lines.append((meter.name, _written(quantity), rate, amount, _written(free)))
    if problems:
        order = {pointer: place for place, pointer in enumerate(map(_pointer_to, usage))}
        raise PriceProblem(sorted(problems, key=lambda problem: order.get(problem.pointer, -1)))
    return total, tuple(lines)


def read_quantities(usage: object, pointer: str, problems: list[Problem]) -> dict[Meter, int]:
    """Return `usage` in 10⁻¹² units by meter; what is wrong with it goes to `problems`."""
    if not isinstance(usage, Mapping):
        problems.append(price_problem("bad-quantity", pointer, "a usage is a mapping from meter to quantity"))
        return {}
    if len(usage) > MAX_METERS:
        message = f"{len(usage)} meters are more than the {MAX_METERS} that a usage may have"
        problems.append(price_problem("too-many-meters", pointer, message))
        return {}
    quantities: dict[Meter, int] = {}
    for name, quantity in usage.items():
        where = pointer + _pointer_to(name).removeprefix("/usage")
        try:
            meter = meter_named(name)
        except BadMeter as wrong:
            problems.append(price_problem("bad-meter", where, str(wrong)))
            continue
        if meter in quantities:
            message = f"`{name}` is `{meter}`, which stands here already"
            problems.append(price_problem("duplicate-meter", where, message))
            continue
        pico = quantity_pico(meter, quantity)
        if pico is None:
            expected = "an integer" if meter.is_token else "an integer or a decimal string"
            message = f"`{str(quantity)[:64]}` is not a quantity of `{meter}`: {expected} from 0 to 2^53 - 1"
            problems.append(price_problem("bad-quantity", where, message))
        quantities[meter] = pico or 0
    return quantities


def quantity_pico(meter: Meter, quantity: object) -> int | None:
    """Return `quantity` in 10⁻¹² units; None when it is none of this meter."""
    if isinstance(quantity, str) and not meter.is_token:
        try:
            pico = parse_decimal(quantity)
        except InvalidDecimal:
            return None
    elif type(quantity) is int:
        pico = quantity * PICO
    else:
        return None
    return pico if 0 <= pico <= MAX_QUANTITY * PICO and not str(quantity).startswith("-") else None


def _pointer_to(name: object) -> str:
    return f"/usage/{str(name).replace('~', '~0').replace('/', '~1')}"


def _leaves(
    reported: Mapping[Meter, int], places: Mapping[Meter, str], problems: list[Problem]
) -> dict[Meter, int]:
    """Return what each meter is without its reported parts; a negative one is a problem."""
    meters = tuple(reported)
    leaves = dict(reported)
    for position, parts in nesting(meters):
        meter = meters[position]
        inside = sum(leaves[meters[part]] for part in parts)
        leaves[meter] -= inside
        if leaves[meter] < 0:
            names = ", ".join(f"`{meters[part]}`" for part in parts[:8])
            message = (
                f"`{meter}` is `{format_decimal(reported[meter])}`, "
                f"less than the `{format_decimal(inside)}` of its parts {names}"
            )
            problems.append(price_problem("subset-exceeds-parent", _pointer_to(places[meter]), message))
    return leaves


def _missing_joins(reported: Mapping[Meter, int], table: RateTable) -> list[Problem]:
    meters = tuple(reported)
    problems: dict[Meter, Problem] = {}
    for left, right in missing_joins(meters, table.rates):
        one, other = meters[left], meters[right]
        if reported[one] and reported[other]:
            join = join_of(one, other)
            message = (
                f"`{one}` and `{other}` overlap in `{join}`, which has its own rate: report it, even as 0"
            )
            problems.setdefault(join, price_problem("join-required", "/usage", message))
    return [*problems.values()]


def _no_rate(meter: Meter, places: Mapping[Meter, str], candidates: list[Meter], model: str) -> Problem:
    pointer = _pointer_to(places[meter])
    if not candidates:
        return price_problem("unpriced-meter", pointer, f"`{model}` has no rate for `{meter}`")
    names = " and ".join(f"`{candidate}`" for candidate in candidates[:8])
    message = f"`{meter}` falls under the different rates of {names}: `{model}` needs one of its own for it"
    return price_problem("ambiguous-rate", pointer, message)


def _written(quantity_pico: int) -> int | str:
    whole, parts = divmod(quantity_pico, PICO)
    return format_decimal(quantity_pico) if parts else whole
