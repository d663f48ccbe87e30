"""Value rules, compiled.

Every rule whose condition is true counts, of those in one group only the first.
The value is the exact product of their weights, rounded once, half to even, to 12 digits;
then it is raised to the floor and cut to the ceiling.

Source: spec/30-value.md.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, partial
from math import prod
from typing import Any, NamedTuple, final

from ..amounts import PICO, divide_half_even, parse_decimal
from ..conditions import Condition, RuleIndex, Types, attributes_of, parse, problems
from ..problems import Problem, ProblemError

# The greatest number that a decimal string can say: no product may lead out of the wire form.
GREATEST = 10**30 * PICO - 1

# Which rules hold together varies far less than facts do.
_KNOWN = 1024


class Value(NamedTuple):
    """What a request is worth.

    Attributes:
        weight: in units of 10⁻¹²; 10¹² is an ordinary request.
        rules: the ids of the rules that counted, in document order; none when the weight is the default.
    """

    weight: int
    rules: tuple[str, ...]


class _Rule(NamedTuple):
    id: str
    group: str | None
    weight: int


@final
class ValueRules:
    """Value rules that are ready to weigh.

    Attributes:
        attributes: the names of all facts that the rules look at.
    """

    __slots__ = ("_index", "_value_of", "attributes")

    def __init__(
        self,
        conditions: Sequence[Condition | None],
        attributes: frozenset[str],
        value_of: Callable[[tuple[int, ...]], Value],
    ) -> None:
        self.attributes = attributes
        self._index = RuleIndex(conditions)
        self._value_of = lru_cache(maxsize=_KNOWN)(value_of)

    def weigh(self, facts: Mapping[str, Any]) -> Value:
        """Return the value of a request with these normalised facts, and the rules to which it is due."""
        return self._value_of(tuple(self._index.matches(facts)))


def compile_value_rules(data: Mapping[str, Any], types: Types) -> ValueRules:
    """Return the rules of a value-rules document, ready to weigh.

    Args:
        data: the checked document.
        types: the types of the facts of a request;
            `value`, which is what the rules answer, is not among them.

    Raises:
        ProblemError: all of `value_problems`.
    """
    found = value_problems(data, types)
    if found:
        raise ProblemError(found)
    known = _without_value(types)
    conditions = [parse(rule["when"], types=known) if "when" in rule else None for rule in data["rules"]]
    rules = tuple(
        _Rule(rule["id"], rule.get("group"), parse_decimal(rule["weight"])) for rule in data["rules"]
    )
    value_of = partial(
        _value,
        rules,
        parse_decimal(data.get("default", "1")),
        _bound(data, "floor"),
        _bound(data, "ceiling"),
    )
    looked_at = (attributes_of(condition) for condition in conditions if condition is not None)
    return ValueRules(conditions, frozenset().union(*looked_at), value_of)


def value_problems(data: Mapping[str, Any], types: Types) -> tuple[Problem, ...]:
    """Return what is wrong with a value-rules document beyond its schema, in document order."""
    found: list[Problem] = []
    floor, ceiling = _bound(data, "floor"), _bound(data, "ceiling")
    if floor is not None and ceiling is not None and floor > ceiling:
        message = f"the floor `{data['floor']}` is above the ceiling `{data['ceiling']}`"
        found.append(Problem("floor-above-ceiling", "/floor", message, "OTB-VALUE-008"))
    known = _without_value(types)
    first: dict[str, int] = {}
    for position, rule in enumerate(data["rules"]):
        before = first.setdefault(rule["id"], position)
        if before != position:
            message = f"`{rule['id']}` is already the id of rule {before}"
            found.append(Problem("duplicate-id", f"/rules/{position}/id", message, "OTB-VALUE-009"))
        if "when" in rule:
            found += problems(rule["when"], types=known, pointer=f"/rules/{position}/when")
    return tuple(found)


def _value(
    rules: tuple[_Rule, ...], default: int, floor: int | None, ceiling: int | None, true: tuple[int, ...]
) -> Value:
    """Return the value when the rules at the positions `true` hold."""
    counted: list[_Rule] = []
    groups: set[str] = set()
    for position in true:
        rule = rules[position]
        if rule.group is None or rule.group not in groups:
            counted.append(rule)
            if rule.group is not None:
                groups.add(rule.group)
    weight = default
    if counted:
        product = prod(rule.weight for rule in counted)
        weight = divide_half_even(product, PICO ** (len(counted) - 1))
    if floor is not None:
        weight = max(weight, floor)
    weight = min(weight, GREATEST if ceiling is None else ceiling)
    return Value(weight, tuple(rule.id for rule in counted))


def _bound(data: Mapping[str, Any], name: str) -> int | None:
    return parse_decimal(data[name]) if name in data else None


def _without_value(types: Types) -> Types:
    if isinstance(types, Mapping):
        return {name: declared for name, declared in types.items() if name != "value"}
    return lambda name: None if name == "value" else types(name)
