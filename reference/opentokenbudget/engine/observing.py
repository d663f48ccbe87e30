"""Stores as decisions ask them, and the answers that they gave before."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Protocol

from msgspec import Struct

from ..pools import Answer, Ended, Entry, Order, Seen, StoreUnavailable, WrongWindow


class Unavailable(Struct, frozen=True):
    """The store did not answer."""


class Asked(Protocol):
    """The part of a store that decisions ask."""

    def reserve(self, order: Order) -> Answer: ...

    def look(self, entries: Sequence[Entry]) -> tuple[Seen, ...] | WrongWindow: ...

    def extend(self, id_: str, expires_after_us: int) -> Ended: ...


class Recorded:
    """Answers that a store gave before, in their order."""

    def __init__(self, observed: Iterable[Any]) -> None:
        self._answers: Iterator[Any] = iter(observed)

    def reserve(self, order: Order) -> Answer:
        """Return the next answer."""
        answer: Answer = self._next()
        return answer

    def look(self, entries: Sequence[Entry]) -> tuple[Seen, ...] | WrongWindow:
        """Return the next answer."""
        answer: tuple[Seen, ...] | WrongWindow = self._next()
        return answer

    def extend(self, id_: str, expires_after_us: int) -> Ended:
        """Return the next answer."""
        answer: Ended = self._next()
        return answer

    def _next(self) -> Any:
        # A request that was asked again, when its pools said something else, was answered without asking more.
        answer = next(self._answers, Unavailable())
        if isinstance(answer, Unavailable):
            raise StoreUnavailable("the store did not answer then")
        return answer
