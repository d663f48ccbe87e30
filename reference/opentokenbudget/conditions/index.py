"""Many conditions at once: which is the first that is true."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .closures import compiled
from .tree import Condition


class RuleIndex:
    """An index over ordered conditions; `None` stands for one that is always true."""

    def __init__(self, conditions: Sequence[Condition | None]) -> None:
        self._tests = tuple(None if condition is None else compiled(condition) for condition in conditions)

    def first(self, facts: Mapping[str, Any]) -> int:
        """Return the position of the first condition that is true for `facts`, -1 when none is."""
        for position, test in enumerate(self._tests):
            if test is None or test(facts):
                return position
        return -1

    def matches(self, facts: Mapping[str, Any]) -> list[int]:
        """Return the positions of all conditions that are true for `facts`, ascending."""
        return [position for position, test in enumerate(self._tests) if test is None or test(facts)]
