"""What a document's text is made of, whatever its syntax: the events that YAML and JSON have in common."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple

PLAIN: Final = 0
"""A scalar without quotes, still text."""
QUOTED: Final = 1
"""A string."""
MAPPING: Final = 2
SEQUENCE: Final = 3
END: Final = 4
"""The end of the innermost container."""
FLAW: Final = 5
"""Something that JSON does not have; the next event is what it stands before, so reading goes on."""


class Flaw(NamedTuple):
    """What is wrong at an event."""

    code: str
    message: str
    requirement: str


class Source(NamedTuple):
    """A text as events, and how to find the line and the column (from 1) of an event's mark."""

    events: Iterator[tuple[int, Any, Any]]
    position: Callable[[Any], tuple[int, int]]


class MalformedText(Exception):
    """The text cannot be read beyond this point."""

    def __init__(self, flaw: Flaw, at: Any) -> None:
        self.flaw = flaw
        self.at = at
        super().__init__(flaw.message)
