"""A store that does as a case says: its clock stands where a step puts it, and it may not answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from opentokenbudget.pools import (
    Account,
    Answer,
    Ended,
    Entry,
    Order,
    Reservation,
    Seen,
    StoreUnavailable,
    WrongWindow,
)
from opentokenbudget.pools.stores.memory import MemoryStore


class SteppedStore:
    """The store in memory, moved by hand.

    Attributes:
        now: its instant, in nanoseconds since 1970.
        answers: whether it does.
    """

    def __init__(self, now: int) -> None:
        self.now = now
        self.answers = True
        self._store = MemoryStore(lambda: self.now)

    def reserve(self, order: Order) -> Answer:
        return self._there().reserve(order)

    def look(self, entries: Sequence[Entry]) -> tuple[Seen, ...] | WrongWindow:
        return self._there().look(entries)

    def settle(self, id_: str, actuals: Mapping[str, int]) -> Ended:
        return self._there().settle(id_, actuals)

    def release(self, id_: str) -> Ended:
        return self._there().release(id_)

    def extend(self, id_: str, expires_after_us: int) -> Ended:
        return self._there().extend(id_, expires_after_us)

    def grant(self, entry: Entry) -> Ended:
        return self._there().grant(entry)

    def sweep(self) -> int:
        return self._there().sweep()

    def accounts(self, prefix: str = "") -> Iterator[Account]:
        return self._there().accounts(prefix)

    def reservations(self) -> Iterator[Reservation]:
        return self._there().reservations()

    def unfit_for_reserve(self) -> str | None:
        return None

    def close(self) -> None:
        """Nothing is open."""

    def _there(self) -> MemoryStore:
        if not self.answers:
            raise StoreUnavailable("this step has no store")
        return self._store
