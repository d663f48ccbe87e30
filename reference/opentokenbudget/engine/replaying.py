"""Stores as decisions ask them, and the answers that they gave before."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from typing import Any, Protocol

from msgspec import Struct

from ..pools import Answer, Entry, Order, Refused, Reserved, Seen, Span, StoreUnavailable, WrongWindow


class Unavailable(Struct, frozen=True):
    """The store did not answer."""


class Asked(Protocol):
    """The part of a store that decisions ask."""

    def reserve(self, order: Order) -> Answer: ...

    def look(self, entries: Sequence[Entry]) -> tuple[Seen, ...] | WrongWindow: ...


NEVER = Entry("~never", 1, 0, "reserve", Span(0, None))
"""An entry that no store ever holds: an order of it alone asks whether its id was reserved before."""


class Replayed:
    """Answers that a store gave before, in their order; whether something was asked before where it was, alone."""

    def __init__(self, observed: Iterable[Any]) -> None:
        self._answers = deque(observed)

    def reserve(self, order: Order) -> Answer:
        """Return the next answer."""
        if order.entries == (NEVER,):
            following = self._answers[0] if self._answers else None
            if not isinstance(following, Unavailable) and not (
                isinstance(following, Reserved) and following.replayed
            ):
                return Refused(0, ())
        answer: Answer = self._next()
        return answer

    def look(self, entries: Sequence[Entry]) -> tuple[Seen, ...] | WrongWindow:
        """Return the next answer."""
        answer: tuple[Seen, ...] | WrongWindow = self._next()
        return answer

    def _next(self) -> Any:
        answer = self._answers.popleft() if self._answers else Unavailable()
        if isinstance(answer, Unavailable):
            raise StoreUnavailable("the store did not answer then")
        return answer
