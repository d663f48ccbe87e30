"""The configuration as the import walks it: a value, the steps that led to it, and the report."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any, final

from opentokenbudget.problems import Place, Problem

from ..drafts import Plain
from ..figures import plain
from ..litellm_cards import number_of
from ..losses import Severity
from ..ordinary_yaml import Steps, Tree, decimal_of
from .report import Report, pointer

_FINEST = Decimal("1e-12")
_OUTSIDE_IDS = re.compile(r"[^A-Za-z0-9._-]+", re.ASCII)


@final
@dataclass(frozen=True, slots=True)
class Spot:
    """A value of the configuration and where it stands."""

    value: Any
    steps: Steps
    report: Report

    def __getitem__(self, key: str | int) -> Spot:
        """Return the member or item `key`; its value is None where there is none."""
        steps = (*self.steps, str(key))
        if isinstance(self.value, dict):
            return Spot(self.value.get(str(key)), steps, self.report)
        if isinstance(self.value, list) and isinstance(key, int) and key < len(self.value):
            return Spot(self.value[key], steps, self.report)
        return Spot(None, steps, self.report)

    def has(self, key: str) -> bool:
        """Return whether this is a mapping with the member `key`, be it null."""
        return isinstance(self.value, dict) and key in self.value

    def has_value(self) -> bool:
        """Return whether something stands here."""
        return self.value is not None

    def members(self) -> Iterator[tuple[str, Spot]]:
        """Yield the members of a mapping; nothing for any other value."""
        if isinstance(self.value, dict):
            for key in self.value:
                yield key, self[key]

    def items(self) -> Iterator[Spot]:
        """Yield the items of a list; a lone value that is not null is a list of one."""
        if isinstance(self.value, list):
            for number in range(len(self.value)):
                yield self[number]

    def say(self, severity: Severity, note: str = "", becomes: str = "") -> None:
        """Report what became of the whole value."""
        self.report.add(self.steps, severity, note, becomes)

    def overrule(self, severity: Severity, note: str = "", becomes: str = "") -> None:
        """Report what became of the value, whatever was said of it before."""
        self.report.overrule(self.steps, severity, note, becomes)

    def said(self) -> bool:
        """Return whether something was reported of the value itself."""
        return self.report.has(self.steps)

    def number(self) -> Decimal | None:
        """Return the number that stands here, be it written as text, or None."""
        if isinstance(self.value, str):
            return decimal_of(self.value)
        return number_of(self.value)

    def text(self) -> str | None:
        """Return the text that stands here, or None."""
        return self.value if isinstance(self.value, str) and self.value.strip() else None


def missing(tree: Tree, file: str, steps: Steps, message: str, code: str = "wrong-type") -> Problem:
    """Return the problem `message` at the place of `steps`, or of what contains it."""
    held = steps
    while held and held not in tree.places:
        held = held[:-1]
    return Problem(code, pointer(steps), message, place=Place(file, *tree.places.get(held, (1, 1))))


class Names:
    """Gives ids: letters, digits, `.`, `_` and `-`, each once."""

    def __init__(self, taken: Mapping[str, Any] | frozenset[str] = frozenset()) -> None:
        self._taken = set(taken)

    def give(self, wanted: str) -> str:
        """Return an id like `wanted` that nothing else has."""
        stem = _OUTSIDE_IDS.sub("-", wanted).strip("-._")[:100] or "unnamed"
        name, number = stem, 1
        while name in self._taken:
            number += 1
            name = f"{stem}-{number}"
        self._taken.add(name)
        return name


def written(number: Decimal) -> str | None:
    """Return `number` as a decimal string, rounded to 12 fractional digits, or None: negative or beyond bounds."""
    if number < 0 or number >= 10**15:
        return None
    return plain(number.quantize(_FINEST, ROUND_HALF_EVEN))


def mapping(**members: Any) -> Plain:
    """Return the members that are there: None is left out."""
    return {key: value for key, value in members.items() if value is not None}
