"""From a checked mapping (`when` as it stands in a document) to a condition, or to all its problems."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from ..amounts import PICO, InvalidDecimal, parse_decimal
from ..problems import Problem, ProblemError, did_you_mean
from .regexes import InvalidRegex, regex_test
from .tree import AllOf, AnyOf, Comparison, Condition, Not, Operator, Type
from .window_reading import read_windows
from .wording import REQUIREMENTS, escaped, kind_of

Types = Mapping[str, Type] | Callable[[str], Type | None]

DEPTH = 32
_LOGIC = ("all", "any", "not")
_NUMBERS: frozenset[Type] = frozenset({"integer", "decimal"})
_OPERATORS: dict[str, tuple[Operator, frozenset[Type]]] = {
    "lt": ("lt", _NUMBERS),
    "lte": ("lte", _NUMBERS),
    "gt": ("gt", _NUMBERS),
    "gte": ("gte", _NUMBERS),
    "prefix": ("prefix", frozenset({"string"})),
    "contains": ("contains", frozenset({"string", "strings"})),
    "matches": ("matches", frozenset({"string"})),
    "exists": ("exists", frozenset({"string", "integer", "decimal", "boolean", "strings", "time"})),
}
_WORDS: dict[Type, str] = {
    "string": "a string",
    "integer": "an integer",
    "decimal": "a decimal string or an integer",
    "boolean": "`true` or `false`",
    "strings": "a string",
    "time": "a list of windows",
}


def parse(when: object, *, types: Types, pointer: str = "") -> Condition:
    """Return the condition that `when` states.

    Args:
        when: a mapping as the document loader gives it.
        types: the declared type by attribute, or a function that answers None for an unknown one.
        pointer: JSON pointer of `when` in its document.

    Raises:
        ProblemError: with all problems, in document order: `bad-condition`, `empty-condition`,
            `condition-too-deep`, `unknown-attribute`, `unknown-operator`, `operator-mismatch`,
            `type-mismatch`, `bad-regex`, `bad-window`, `empty-window`, `unknown-zone`.
    """
    reading = _Reading(types)
    condition = reading.mapping(when, pointer, 0)
    if reading.problems or condition is None:
        raise ProblemError(reading.problems)
    return condition


def problems(when: object, *, types: Types, pointer: str = "") -> tuple[Problem, ...]:
    """Return all problems of `when`, in document order; none when `parse` would answer."""
    reading = _Reading(types)
    reading.mapping(when, pointer, 0)
    return tuple(reading.problems)


class _Reading:
    """One pass over one `when`: every method answers what it could read and notes what is wrong."""

    def __init__(self, types: Types) -> None:
        self.problems: list[Problem] = []
        self.known: Sequence[str] = list(types) if isinstance(types, Mapping) else ()
        self.type_of: Callable[[str], Type | None] = types.get if isinstance(types, Mapping) else types

    def note(self, code: str, pointer: str, message: str) -> None:
        self.problems.append(Problem(code, pointer, message, REQUIREMENTS[code]))

    def mapping(self, when: object, pointer: str, depth: int) -> Condition | None:
        if not isinstance(when, Mapping):
            self.note("bad-condition", pointer, f"a condition is a mapping, not {kind_of(when)}")
            return None
        if depth > DEPTH:
            self.note("condition-too-deep", pointer, f"conditions are nested more than {DEPTH} deep")
            return None
        if not when:
            self.note("empty-condition", pointer, "an empty condition says nothing")
            return None
        parts: list[Condition] = []
        for key, value in when.items():
            where = f"{pointer}/{escaped(key)}"
            part = self.logic(key, value, where, depth) if key in _LOGIC else self.test(key, value, where)
            if part is not None:
                parts.append(part)
        return parts[0] if len(parts) == 1 else AllOf(tuple(parts))

    def logic(self, key: str, value: object, pointer: str, depth: int) -> Condition | None:
        if key == "not":
            part = self.mapping(value, pointer, depth + 1)
            return None if part is None else Not(part)
        if not isinstance(value, list | tuple):
            self.note("bad-condition", pointer, f"`{key}` takes a list of conditions, not {kind_of(value)}")
            return None
        if not value:
            self.note("empty-condition", pointer, f"`{key}` of no conditions says nothing")
            return None
        read = [self.mapping(item, f"{pointer}/{index}", depth + 1) for index, item in enumerate(value)]
        parts = tuple(part for part in read if part is not None)
        if len(parts) == 1:
            return parts[0]
        return AllOf(parts) if key == "all" else AnyOf(parts)

    def test(self, name: object, value: object, pointer: str) -> Condition | None:
        declared = self.type_of(name) if isinstance(name, str) else None
        if declared is None or not isinstance(name, str):
            near = did_you_mean(str(name), (*self.known, *_LOGIC)) if self.known else ""
            self.note("unknown-attribute", pointer, f"no attribute `{str(name)[:64]}` is declared{near}")
            return None
        if isinstance(value, Mapping):
            return self.operators(name, declared, value, pointer)
        if declared == "time":
            windows = read_windows(value, pointer, self.problems)
            return Comparison(name, declared, "within", windows, pointer) if windows else None
        if declared == "strings":
            self.note("operator-mismatch", pointer, f"`{name}` is a list of strings: test it with `contains`")
            return None
        if not isinstance(value, list | tuple):
            operand = self.operand(declared, value, pointer)
            return None if operand is None else Comparison(name, declared, "in", (operand,), pointer)
        if not value:
            self.note("empty-condition", pointer, "one of no values is never true")
            return None
        operands = [self.operand(declared, item, f"{pointer}/{index}") for index, item in enumerate(value)]
        distinct = tuple(dict.fromkeys(operand for operand in operands if operand is not None))
        return Comparison(name, declared, "in", distinct, pointer)

    def operators(
        self, name: str, declared: Type, tests: Mapping[object, object], pointer: str
    ) -> Condition | None:
        if not tests:
            self.note("empty-condition", pointer, f"`{name}` is compared with nothing")
            return None
        parts: list[Condition] = []
        for operator, value in tests.items():
            where = f"{pointer}/{escaped(operator)}"
            part = self.operator(name, declared, operator, value, where)
            if part is not None:
                parts.append(part)
        return parts[0] if len(parts) == 1 else AllOf(tuple(parts))

    def operator(
        self, name: str, declared: Type, operator: object, value: object, pointer: str
    ) -> Comparison | None:
        word = str(operator)
        if word not in _OPERATORS:
            near = did_you_mean(word, _OPERATORS)
            if declared == "time":
                near = ": windows stand in a list"
            self.note("unknown-operator", pointer, f"no operator is called `{word[:64]}`{near}")
            return None
        checked, compares = _OPERATORS[word]
        if declared not in compares:
            message = f"`{word}` does not compare `{name}`, whose type is {declared}"
            self.note("operator-mismatch", pointer, message)
            return None
        operand = self.operand("boolean" if word == "exists" else declared, value, pointer)
        if operand is None:
            return None
        if word == "matches":
            try:
                regex_test(str(operand))
            except InvalidRegex as wrong:
                self.note("bad-regex", pointer, f"`{str(operand)[:64]}` is not an I-Regexp: {wrong}")
                return None
        return Comparison(name, declared, checked, operand, pointer)

    def operand(self, declared: Type, value: object, pointer: str) -> str | int | None:
        """Return `value` normalised like the facts of its type."""
        if declared == "boolean":
            if isinstance(value, bool):
                return value
        elif declared in ("string", "strings"):
            if isinstance(value, str):
                return value
        elif isinstance(value, int) and not isinstance(value, bool):
            if declared != "time":
                return value if declared == "integer" else value * PICO
        elif declared == "decimal" and isinstance(value, str):
            try:
                return parse_decimal(value)
            except InvalidDecimal:
                pass
        self.note("type-mismatch", pointer, f"{kind_of(value)} stands where {_WORDS[declared]} is expected")
        return None
