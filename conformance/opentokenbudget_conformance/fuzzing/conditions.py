"""Conditions, windows and facts over typed attributes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .dice import WEEKDAYS, ZONES, Dice

STRINGS = ("a", "b", "fraud", "free", "premium", "", "Fraud", "a-b", "größe", "𝒳", "a b")
_REGEXES = ("[a-z]+", "a|b", "fr.*", "[^a]*", "a{1,3}(-b)?", "\\p{L}+", ".", "(fraud|free)", "[a-c-]*", "x?")
_ATOMS = (
    "a",
    "b",
    "f",
    "r",
    "fra",
    "-",
    "ö",
    "𝒳",
    ".",
    "\\.",
    "\\-",
    "\\p{L}",
    "\\P{Lu}",
    "\\p{Ll}",
    "\\n",
    " ",
    "ß",
)
_CLASS = ("a-c", "f", "r-u", "\\p{Lu}", "\\]", "\\-", "-", "ö", "x-x", "\\n", "0-9", ".", "(")
_COUNTS = ("*", "+", "?", "{2}", "{1,2}", "{0,3}", "{1,}", "{0}")
_BROKEN = (
    "a{2,1}",
    "[b-a]",
    "(a",
    "a)",
    "*",
    "[]",
    "a**",
    "^a",
    "a$",
    "\\d",
    "\\p{Xx}",
    "[a",
    "a{",
    "\\",
    "(?:a)",
    "a{1001}",
)


def operand(dice: Dice, kind: str) -> Any:
    """Return an operand of the type."""
    if kind == "string":
        return dice.pick(STRINGS)
    if kind == "integer":
        return dice.pick((0, 1, 2, 99, 100, 1000, 1001, 200_000, -1))
    if kind == "decimal":
        return dice.pick(("0", "1", "1.5", "1.50", "0.8", "2", "100", "-0.5"))
    return dice.chance(50)


def condition(dice: Dice, types: Mapping[str, str], depth: int = 2) -> dict[str, Any]:
    """Return a condition over attributes of these types, nested up to `depth` more levels."""
    form: dict[str, Any] = {}
    names = list(types)
    for name in dice.some(names, 0 if depth else 1, 2):
        form[name] = _test(dice, types[name])
    if depth:
        dice.maybe(12, form, "all", lambda: dice.times(1, 2, lambda: condition(dice, types, depth - 1)))
        dice.maybe(16, form, "any", lambda: dice.times(1, 3, lambda: condition(dice, types, depth - 1)))
        dice.maybe(16, form, "not", lambda: condition(dice, types, depth - 1))
    if not form:
        name = dice.pick(names)
        form[name] = _test(dice, types[name])
    return form


def facts(dice: Dice, types: Mapping[str, str], given: int = 75) -> dict[str, Any]:
    """Return facts for some of the attributes; instants stay with who asks."""
    found: dict[str, Any] = {}
    for name, kind in types.items():
        if kind == "time" or not dice.chance(given):
            continue
        found[name] = dice.some(STRINGS, 0, 3) if kind == "strings" else operand(dice, kind)
    return found


def windows(dice: Dice) -> list[dict[str, Any]]:
    """Return windows of time, wrapped ones too."""
    return dice.times(1, 2, lambda: _window(dice))


def _distinct(dice: Dice, kind: str, most: int) -> list[Any]:
    return list({str(one): one for one in dice.times(1, most, lambda: operand(dice, kind))}.values())


def _window(dice: Dice) -> dict[str, Any]:
    form: dict[str, Any] = {}
    dice.maybe(50, form, "days", lambda: dice.some(WEEKDAYS, 1, 4))
    dice.maybe(60, form, "start", lambda: dice.pick(("00:00", "01:30", "06:00", "12:00", "22:00:30")))
    dice.maybe(60, form, "end", lambda: dice.pick(("02:00", "06:00:01", "12:30", "23:15", "24:00", "00:00")))
    dice.maybe(60, form, "timezone", lambda: dice.pick(ZONES))
    if form.get("start", "00:00") == form.get("end", "24:00").replace("24:00", "00:00"):
        form.pop("start", None)
        form["end"] = "06:00"
    dice.maybe(15, form, "except_dates", lambda: [dice.pick(("2026-06-01", "2026-10-25", "2026-11-23"))])
    return form


def _test(dice: Dice, kind: str) -> Any:
    if kind == "time":
        return windows(dice)
    if kind == "strings":
        return dice.pick(({"contains": dice.pick(STRINGS) or "b"}, {"exists": dice.chance(50)}))
    if dice.chance(40):
        return operand(dice, kind)
    if dice.chance(30):
        return _distinct(dice, kind, 3)
    return {name: _value(dice, kind, name) for name in dice.some(_operators(kind), 1, 2)}


def regexp(dice: Dice, depth: int = 2) -> str:
    """Return an I-Regexp (RFC 9485); seldom a text that is none."""
    if dice.chance(8):
        return dice.pick(_REGEXES)
    if dice.chance(5):
        return dice.pick(_BROKEN)
    return "|".join(dice.times(1, 2, lambda: "".join(dice.times(1, 3, lambda: _piece(dice, depth)))))


def _piece(dice: Dice, depth: int) -> str:
    if depth and dice.chance(25):
        atom = f"({regexp(dice, depth - 1)})"
    elif dice.chance(35):
        atom = f"[{dice.pick(('', '^'))}{''.join(dice.some(_CLASS, 1, 3))}]"
    else:
        atom = dice.pick(_ATOMS)
    count = dice.pick(_COUNTS) if dice.chance(40) else ""
    return atom + count


def _operators(kind: str) -> Sequence[str]:
    if kind == "string":
        return ("prefix", "contains", "matches", "exists")
    if kind == "boolean":
        return ("exists",)
    return ("lt", "lte", "gt", "gte", "exists")


def _value(dice: Dice, kind: str, operator: str) -> Any:
    if operator == "exists":
        return dice.chance(50)
    if kind == "string":
        return regexp(dice) if operator == "matches" else dice.pick(STRINGS) or "a"
    return operand(dice, kind)
