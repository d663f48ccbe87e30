"""From the plain data of one price period to its card."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import chain
from math import prod
from typing import Any

from opentokenbudget.amounts import InvalidDecimal, parse_decimal
from opentokenbudget.conditions import Type, parse
from opentokenbudget.problems import ProblemError, did_you_mean

from .cards import Card, Clause, Multiplier, Override, clause
from .findings import Findings
from .meters import BadMeter, Meter, meter_named
from .rates import Rate, read_rate
from .reckoning import quantity_pico

_RESERVED = ("time", "all", "any", "not")
# A bound looks at every combination.
_MAX_COMBINATIONS = 4096


def read_card(
    plain: Mapping[str, Any], model: str, pointer: str, sources: Mapping[str, Any], findings: Findings
) -> Card:
    """Return the card of one period; what is wrong with it goes to `findings`."""
    source = plain.get("source")
    if source is not None and source not in sources:
        message = f"`sources` has no `{source}`{did_you_mean(source, sources)}"
        findings.add("unknown-source", f"{pointer}/source", message)
    rates = _read_rates(plain["rates"], f"{pointer}/rates", findings)
    overriding = [
        _read_rates(override.get("rates", {}), f"{pointer}/overrides/{number}/rates", findings)
        for number, override in enumerate(plain.get("overrides", ()))
    ]
    priced = {*rates, *(meter for more in overriding for meter in more)}
    context = {key: tuple(values) for key, values in plain.get("context", {}).items()}
    for key in context:
        if key in _RESERVED or _spelled(key) in priced:
            kind = "word" if key in _RESERVED else "meter"
            message = f"conditions could not tell the context `{key}` from the {kind} of that name"
            findings.add("bad-context", f"{pointer}/context/{key}", message)
    types = _FactTypes(context, priced)
    overrides = []
    for number, override in enumerate(plain.get("overrides", ())):
        where = f"{pointer}/overrides/{number}"
        condition = _read_clause(override["when"], types, f"{where}/when", findings)
        multiplier = None
        if "multiply" in override:
            multiplier = read_multiplier(override, where, findings)
            for position, name in enumerate(override.get("meters", ())):
                meter = _spelled(name)
                if meter is not None and meter not in priced:
                    message = f"no rate of this period is for `{meter}`, so nothing is multiplied"
                    findings.add("unpriced-meter", f"{where}/meters/{position}", message)
        if condition is not None:
            overrides.append(Override(condition, tuple(overriding[number].values()), multiplier))
    forbids = [
        _read_clause(forbid["when"], types, f"{pointer}/forbid/{number}/when", findings)
        for number, forbid in enumerate(plain.get("forbid", ()))
    ]
    clauses = [*(override.clause for override in overrides), *forbids]
    if _combinations(clauses) > _MAX_COMBINATIONS:
        message = f"its conditions tell more than {_MAX_COMBINATIONS} combinations of quantities apart"
        findings.add("too-many-thresholds", pointer, message)
    return Card(
        model=model,
        context=context,
        rates=rates,
        overrides=tuple(overrides),
        forbids=tuple(forbid for forbid in forbids if forbid is not None),
        minimums=_read_quantities(plain.get("minimums", {}), f"{pointer}/minimums", priced, findings),
        allowances=_read_allowances(plain, f"{pointer}/allowances", priced, findings),
    )


def _combinations(clauses: Iterable[Clause | None]) -> int:
    """Return how many combinations of quantities the clauses tell apart: below, at and above each number."""
    numbers: dict[Meter, set[int]] = {}
    for leaf in chain.from_iterable(found.leaves for found in clauses if found is not None):
        for operand in leaf.operand if isinstance(leaf.operand, tuple) else (leaf.operand,):
            if type(operand) is int:
                numbers.setdefault(meter_named(leaf.attribute), set()).add(operand)
    return prod(1 + 2 * len(found) for found in numbers.values())


def read_multiplier(plain: Mapping[str, Any], pointer: str, findings: Findings) -> Multiplier | None:
    """Return the multiplier of an override or a discount, or None after noting what is wrong with it."""
    meters = [
        _meter(name, f"{pointer}/meters/{number}", findings)
        for number, name in enumerate(plain.get("meters", ()))
    ]
    try:
        factor = parse_decimal(plain["multiply"])
    except InvalidDecimal as wrong:
        findings.add("bad-rate", f"{pointer}/multiply", str(wrong))
        return None
    if factor < 0:
        findings.add("bad-rate", f"{pointer}/multiply", f"`{plain['multiply']}` is below zero")
        return None
    named = frozenset(meter for meter in meters if meter is not None)
    return Multiplier(factor, named if "meters" in plain else None)


class _FactTypes(dict[str, Type]):
    """The types of what conditions of a period may name: context, `time`, and meters in any spelling.

    A meter has to be related to a priced one, so that a misspelt name is found.
    """

    def __init__(self, context: Mapping[str, tuple[str, ...]], priced: set[Meter]) -> None:
        self.context = context
        self._priced = priced
        super().__init__({meter.name: _type_of(meter) for meter in priced})
        self.update(dict.fromkeys(context, "string"), time="time")

    def get(self, name: str, default: Any = None) -> Any:
        found = super().get(name)
        if found is not None:
            return found
        try:
            meter = meter_named(name)
        except BadMeter:
            return default
        related = any(meter.tags >= other.tags or meter.tags < other.tags for other in self._priced)
        return _type_of(meter) if related else default


def _type_of(meter: Meter) -> Type:
    return "integer" if meter.is_token else "decimal"


def _read_clause(when: object, types: _FactTypes, pointer: str, findings: Findings) -> Clause | None:
    try:
        read = clause(parse(when, types=types, pointer=pointer))
    except ProblemError as wrong:
        findings.problems.extend(wrong.problems)
        return None
    for leaf in read.leaves:
        if leaf.operator != "in" or leaf.attribute not in types.context:
            continue
        written = _found(when, leaf.pointer.removeprefix(pointer))
        places = (
            [(f"{leaf.pointer}/{place}", value) for place, value in enumerate(written)]
            if isinstance(written, list)
            else [(leaf.pointer, written)]
        )
        known = types.context[leaf.attribute]
        for place, value in places:
            if value not in known:
                message = (
                    f"the context `{leaf.attribute}` never is `{value[:64]}`{did_you_mean(value, known)}"
                )
                findings.add("unknown-context", place, message)
    return read


def _found(plain: Any, pointer: str) -> Any:
    """Return what stands at `pointer` in a condition."""
    for step in pointer.split("/")[1:]:
        plain = plain[int(step) if isinstance(plain, list) else step.replace("~1", "/").replace("~0", "~")]
    return plain


def _read_rates(plain: Mapping[str, Any], pointer: str, findings: Findings) -> dict[Meter, Rate]:
    rates: dict[Meter, Rate] = {}
    for name, written in plain.items():
        meter = _meter(name, f"{pointer}/{name}", findings)
        if meter is None:
            continue
        if meter in rates:
            findings.add("duplicate-meter", f"{pointer}/{name}", f"`{meter}` has a rate here already")
            continue
        try:
            rates[meter] = read_rate(meter, written)
        except ValueError as wrong:
            findings.add("bad-rate", f"{pointer}/{name}", str(wrong))
    return rates


def _read_quantities(
    plain: Mapping[str, Any], pointer: str, priced: set[Meter], findings: Findings
) -> dict[Meter, int]:
    quantities: dict[Meter, int] = {}
    for name, written in plain.items():
        _read_quantity(name, written, f"{pointer}/{name}", f"{pointer}/{name}", priced, quantities, findings)
    return quantities


def _read_allowances(
    plain: Mapping[str, Any], pointer: str, priced: set[Meter], findings: Findings
) -> dict[Meter, int]:
    quantities: dict[Meter, int] = {}
    for number, allowance in enumerate(plain.get("allowances", ())):
        where = f"{pointer}/{number}"
        _read_quantity(
            allowance["meter"],
            allowance["quantity"],
            f"{where}/meter",
            f"{where}/quantity",
            priced,
            quantities,
            findings,
        )
    return quantities


def _read_quantity(
    name: str,
    written: object,
    pointer: str,
    quantity_pointer: str,
    priced: set[Meter],
    quantities: dict[Meter, int],
    findings: Findings,
) -> None:
    meter = _meter(name, pointer, findings)
    if meter is None:
        return
    if meter in quantities:
        findings.add("duplicate-meter", pointer, f"`{meter}` stands here already")
        return
    if not any(other.tags <= meter.tags for other in priced):
        findings.add("unpriced-meter", pointer, f"no rate of this period is for `{meter}`")
    quantity = quantity_pico(meter, written)
    if quantity is None:
        findings.add(
            "bad-quantity", quantity_pointer, f"`{str(written)[:64]}` is not a quantity of `{meter}`"
        )
    quantities[meter] = quantity or 0


def _meter(name: str, pointer: str, findings: Findings) -> Meter | None:
    try:
        return meter_named(name)
    except BadMeter as wrong:
        findings.add("bad-meter", pointer, str(wrong))
        return None


def _spelled(name: str) -> Meter | None:
    try:
        return meter_named(name)
    except BadMeter:
        return None
