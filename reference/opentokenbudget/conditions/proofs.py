"""The search for facts that meet demands: "this condition is true", "that one is not false".

Demands are taken apart, branch by branch, until each looks at one attribute; then a value is sought for every
attribute. Its line is cut into segments (`segments`) and one value stands for each.
What cannot be cut (substrings,
regular expressions, windows) is tried on some values; when none fits, nothing is proven.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, Literal, NamedTuple

from .interpreter import evaluate
from .segments import ORDERED, after, cuts, ordered_attribute, representatives
from .tree import AllOf, Comparison, Condition, Not, Type, comparisons

# Comparisons that one search may look at before it gives up.
STEPS: Final = 2000
_HALF_HOUR_NS = 1_800_000_000_000
_WEEK = range(7 * 48)

Values = Mapping[str, Sequence[Any]]
"""By attribute, the only values it may have, normalised like facts; others may have any."""

Model = dict[str, Any] | None | Literal["unproven"]
"""Facts that meet the demands; None when it is proven that there are none; `unproven` when it is open."""


class Demand(NamedTuple):
    """`condition` is `outcome` when `holds`, else it is anything but that."""

    condition: Condition
    outcome: bool = True
    holds: bool = True

    def met_by(self, name: str, value: Any) -> bool:
        return (evaluate(self.condition, {name: value}) is self.outcome) is self.holds


def model(demands: Iterable[Demand], values: Values | None = None) -> Model:
    """Return facts that meet all `demands`, None when there are none, `unproven` when it cannot be told."""
    return _Search(values or {}).open(list(demands), [], {}, {})


class _Search:
    def __init__(self, values: Values) -> None:
        self.values = values
        self.steps = 0

    def open(
        self,
        demands: list[Demand],
        choices: list[list[Demand]],
        asked: dict[str, tuple[Demand, ...]],
        facts: dict[str, Any],
    ) -> Model:
        """Meet `demands` and one of each of `choices`, beside what is `asked` of each attribute already."""
        unproven = False
        demands, choices, asked, facts = demands[:], choices[:], dict(asked), dict(facts)
        while demands:
            demand = demands.pop()
            name = _attribute(demand.condition)
            if name is None:
                parts = _parts(demand)
                if isinstance(parts, tuple):
                    demands += parts
                else:
                    choices.append(parts)
                continue
            self.steps += 1
            if self.steps > STEPS:
                return "unproven"
            asked[name] = (*asked.get(name, ()), demand)
            verdict, value = self.value(name, asked[name])
            if verdict is False:
                return None
            unproven |= verdict is None
            facts[name] = value
        if not choices:
            return "unproven" if unproven else {name: v for name, v in facts.items() if v is not None}
        *others, last = choices
        for choice in last:
            found = self.open([choice], others, asked, facts)
            if isinstance(found, dict):
                # What could not be told before the choice was told with it, or is not told yet.
                return found if not unproven or self.checks(found, asked) else "unproven"
            unproven |= found == "unproven"
        return "unproven" if unproven else None

    def checks(self, facts: dict[str, Any], asked: Mapping[str, tuple[Demand, ...]]) -> bool:
        return all(demand.met_by(name, facts.get(name)) for name, found in asked.items() for demand in found)

    def value(self, name: str, demands: tuple[Demand, ...]) -> tuple[bool | None, Any]:
        """Return True with a value of `name` that meets `demands`, False if none can, None if open."""
        leaves = [leaf for demand in demands for leaf in comparisons(demand.condition)]
        declared = leaves[0].type
        known = (False, True) if declared == "boolean" else self.values.get(name)
        if known is not None and declared in ("boolean", "string", "integer", "decimal"):
            return _one_of((None, *known), name, demands, False)
        if declared == "strings":
            return _one_of((None, _members(demands)), name, demands, False)
        loose = [demand for demand in demands if not _is_ordered(demand)]
        if declared == "time":
            instants = (step * _HALF_HOUR_NS for step in _WEEK)
            return _one_of((None, *instants), name, demands, None if _agree(loose) else False)
        return self.on_the_line(name, declared, demands, loose)

    def on_the_line(
        self, name: str, declared: Type, demands: tuple[Demand, ...], loose: list[Demand]
    ) -> tuple[bool | None, Any]:
        """Look for a value segment by segment; `loose` are the demands that do not cut the line."""
        tight = [demand for demand in demands if demand not in loose]
        points = cuts(leaf for demand in tight for leaf in comparisons(demand.condition))
        least = representatives(points, declared)
        verdict: bool | None = False
        if all(demand.met_by(name, None) for demand in demands):
            return True, None
        for position, value in enumerate(least):
            if not all(demand.met_by(name, value) for demand in tight):
                continue
            if all(demand.met_by(name, value) for demand in loose):
                return True, value
            alone = position + 1 < len(least) and least[position + 1] == after(value)
            if not alone and _agree(loose):
                verdict = None
                parts = [str(leaf.operand) for demand in loose for leaf in comparisons(demand.condition)]
                found, text = _one_of([*parts, *(value + part for part in parts)], name, demands, None)
                if found:
                    return True, text
        return verdict, None


def _one_of(
    candidates: Iterable[Any], name: str, demands: tuple[Demand, ...], otherwise: bool | None
) -> tuple[bool | None, Any]:
    for value in candidates:
        if all(demand.met_by(name, value) for demand in demands):
            return True, value
    return otherwise, None


def _attribute(condition: Condition) -> str | None:
    """Return the attribute of a condition that is not taken apart any further."""
    return condition.attribute if isinstance(condition, Comparison) else ordered_attribute(condition)


def _is_ordered(demand: Demand) -> bool:
    return all(leaf.operator in ORDERED for leaf in comparisons(demand.condition))


def _parts(demand: Demand) -> tuple[Demand, ...] | list[Demand]:
    """Return demands that must all be met (a tuple) or one of them (a list), together the same demand."""
    condition, outcome, holds = demand
    if isinstance(condition, Not):
        return (Demand(condition.part, not outcome, holds),)
    assert not isinstance(condition, Comparison)
    parts = [Demand(part, outcome, holds) for part in condition.parts]
    # An AND is true when all are, and not false when none is; an OR is false when all are, and so on.
    return tuple(parts) if (outcome is holds) is isinstance(condition, AllOf) else parts


def _members(demands: Iterable[Demand]) -> tuple[str, ...]:
    """Return the members that a list of strings needs: those that must be there, and no more."""
    return tuple(
        str(demand.condition.operand)
        for demand in demands
        if isinstance(demand.condition, Comparison)
        and demand.condition.operator == "contains"
        and demand.outcome is demand.holds
    )


def _agree(demands: Iterable[Demand]) -> bool:
    """Return whether no comparison is asked to be both true and false, given that its attribute is there."""
    wanted: dict[Condition, bool] = {}
    return all(
        wanted.setdefault(demand.condition, demand.outcome is demand.holds)
        is (demand.outcome is demand.holds)
        for demand in demands
    )
