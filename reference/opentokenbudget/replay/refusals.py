"""What of the past could not be read: counted in full, shown in part, in constant memory."""

from __future__ import annotations

from typing import Protocol

from ..problems import Problem

MOST_SHOWN = 10


class Refused(Protocol):
    """Takes note of what is left out, such as a list of problems."""

    def append(self, problem: Problem, /) -> None: ...


class Refusals:
    """Counts problems and keeps the first `MOST_SHOWN`."""

    def __init__(self) -> None:
        self.shown: list[Problem] = []
        self._count = 0

    def append(self, problem: Problem, /) -> None:
        """Count `problem`."""
        self._count += 1
        if len(self.shown) < MOST_SHOWN:
            self.shown.append(problem)

    def clear(self) -> None:
        """Begin anew."""
        self.shown.clear()
        self._count = 0

    def __len__(self) -> int:
        return self._count
