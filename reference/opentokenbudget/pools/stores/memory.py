"""The ledger in memory: one process, forgotten at its end."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from heapq import heappop, heappush

from .. import ledger
from ..balances import Balance
from ..ledger import Reservation
from ..orders import Answer, Ended, Entry, Order, Seen, WrongWindow
from .store import HORIZON_US, Account


class MemoryStore:
    """Balances of one process.

    Args:
        clock: the store's clock, in nanoseconds since 1970.
        horizon_us: how long the ids of ended reservations are remembered.
    """

    def __init__(self, clock: Callable[[], int], horizon_us: int = HORIZON_US) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._books = _Books(horizon_us)

    def reserve(self, order: Order) -> Answer:
        with self._lock:
            return ledger.reserve(self._books, order, self._clock() // 1000)

    def look(self, entries: Sequence[Entry]) -> tuple[Seen, ...] | WrongWindow:
        with self._lock:
            return ledger.look(self._books, entries, self._clock() // 1000)

    def settle(self, id_: str, actuals: Mapping[str, int]) -> Ended:
        with self._lock:
            return ledger.settle(self._books, id_, actuals, self._clock() // 1000)

    def release(self, id_: str) -> Ended:
        with self._lock:
            return ledger.release(self._books, id_, self._clock() // 1000)

    def extend(self, id_: str, expires_after_us: int) -> Ended:
        with self._lock:
            return ledger.extend(self._books, id_, expires_after_us, self._clock() // 1000)

    def grant(self, entry: Entry) -> Ended:
        with self._lock:
            return ledger.grant(self._books, entry, self._clock() // 1000)

    def sweep(self) -> int:
        with self._lock:
            return ledger.expire(self._books, self._clock() // 1000)

    def accounts(self, prefix: str = "") -> Iterator[Account]:
        with self._lock:
            found = sorted(self._books.rows(prefix))
        yield from (Account(name, start_us, balance) for name, start_us, balance in found)

    def reservations(self) -> Iterator[Reservation]:
        with self._lock:
            found = list(self._books.kept.values())
        yield from found

    def unfit_for_reserve(self) -> str | None:
        """Nothing outlives the process, and the process is all that spends."""
        return None

    def close(self) -> None:
        """Nothing is open."""


class _Books:
    """The books as mappings; windows that no view can reach any more are forgotten after the horizon."""

    def __init__(self, horizon_us: int) -> None:
        self._horizon_us = horizon_us
        self._windows: dict[str, dict[int, Balance]] = {}
        self._revisions: dict[str, str] = {}
        self._queue: list[tuple[int, str]] = []
        self._over: deque[tuple[int, str]] = deque()
        self.kept: dict[str, Reservation] = {}

    def balance(self, account: str, start_us: int) -> Balance | None:
        windows = self._windows.get(account)
        return None if windows is None else windows.get(start_us)

    def latest(self, account: str) -> int | None:
        windows = self._windows.get(account)
        return max(windows) if windows else None

    def since(self, account: str, start_us: int) -> Iterable[Balance]:
        windows = self._windows.get(account, {})
        return [balance for start, balance in windows.items() if start >= start_us]

    def put(self, account: str, start_us: int, balance: Balance) -> None:
        windows = self._windows.get(account)
        if windows is None:
            windows = self._windows[account] = {}
        windows[start_us] = balance

    def reservation(self, id_: str) -> Reservation | None:
        return self.kept.get(id_)

    def keep(self, reservation: Reservation) -> None:
        self.kept[reservation.id] = reservation
        if reservation.state == "open":
            heappush(self._queue, (reservation.expires_us, reservation.id))
        else:
            self._over.append((reservation.expires_us + self._horizon_us, reservation.id))

    def due(self, now_us: int) -> Iterator[Reservation]:
        while self._over and self._over[0][0] <= now_us:
            self.kept.pop(self._over.popleft()[1], None)
        while self._queue and self._queue[0][0] <= now_us:
            expires_us, id_ = heappop(self._queue)
            known = self.kept.get(id_)
            if known is not None and known.state == "open" and known.expires_us == expires_us:
                yield known

    def revision(self, policy: str) -> str:
        return self._revisions.get(policy, "")

    def revise(self, policy: str, revision: str) -> None:
        self._revisions[policy] = revision

    def rows(self, prefix: str) -> Iterator[tuple[str, int, Balance]]:
        for account, windows in self._windows.items():
            if account.startswith(prefix):
                for start_us, balance in windows.items():
                    yield account, start_us, balance
