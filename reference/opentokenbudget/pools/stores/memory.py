"""The ledger in memory: one process, forgotten at its end."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from heapq import heappop, heappush

from .. import ledger
from ..balances import Balance, Held, counts_until
from ..ledger import Reservation
from ..orders import Answer, Ended, Entry, Order, Reserved, Seen, Span, WrongWindow
from .forks import survives_forks
from .store import HORIZON_US, Account, StoreUnavailable

_NEVER = 1 << 62


class MemoryStore:
    """Balances of one process.

    Args:
        clock: the store's clock, in nanoseconds since 1970.
        horizon_us: how long the ids of ended reservations are remembered.
    """

    def __init__(self, clock: Callable[[], int], horizon_us: int = HORIZON_US) -> None:
        self._clock = clock
        self._lock: threading.Lock | _Closed = threading.Lock()
        self._books = _Books(horizon_us)
        survives_forks(self)

    def reserve(self, order: Order) -> Answer:
        with self._lock:
            now_us = self._clock() // 1000
            return _reserved(self._books, order, now_us) or ledger.reserve(self._books, order, now_us)

    def look(self, entries: Sequence[Entry]) -> tuple[Seen, ...] | WrongWindow:
        with self._lock:
            return ledger.look(self._books, entries, self._clock() // 1000)

    def settle(self, id_: str, actuals: Mapping[str, int]) -> Ended:
        with self._lock:
            now_us = self._clock() // 1000
            return _settled(self._books, id_, actuals, now_us) or ledger.settle(
                self._books, id_, actuals, now_us
            )

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
            now_us = self._clock() // 1000
            ended = ledger.expire(self._books, now_us)
            self._books.forget(now_us)
            return ended

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
        """Answer nobody any more; what runs now is ended first."""
        lock = self._lock
        if not isinstance(lock, _Closed):
            with lock:
                self._lock = _Closed()

    def still(self, timeout_s: float) -> bool:
        lock = self._lock
        return not isinstance(lock, _Closed) and lock.acquire(timeout=timeout_s)

    def go_on(self) -> None:
        if not isinstance(self._lock, _Closed):
            self._lock.release()

    def begin_anew(self) -> None:
        if not isinstance(self._lock, _Closed):
            self._lock = threading.Lock()


class _Closed:
    """The lock of a closed store, which nobody gets: an open one is not asked whether it is open."""

    def __enter__(self) -> None:
        raise StoreUnavailable("the store is closed")

    def __exit__(self, *_: object) -> None:
        """Nobody has entered."""


def _reserved(books: _Books, order: Order, now_us: int) -> Reserved | None:
    """Return what `ledger.reserve` would, where all is as it mostly is; None when the ledger itself must say.

    Windows that the instant gives, each used before, a new id, nothing to expire, and room everywhere.
    """
    if now_us >= books.next_us or order.id in books.kept:
        return None
    if order.revision != books.revisions.get(order.policy):
        return None
    seen, held, accounts, puts = [], [], [], []
    for entry in order.entries:
        period, account, amount = entry.period, entry.account, entry.amount
        windows = books.windows.get(account)
        if windows is None or not isinstance(period, Span):
            return None
        start_us, until_us = period.from_us, period.until_us
        balance = windows.get(start_us)
        if balance is None or now_us < start_us or (until_us is not None and now_us >= until_us):
            return None
        limit, gate = entry.limit, entry.gate
        settled, reserved, granted = balance.settled, balance.reserved, balance.granted
        if gate != "open" and limit is not None:
            used = settled + amount + (reserved if gate == "reserve" else 0)
            if used > limit + granted:
                return None
        seen.append(Seen(account, start_us, settled, reserved, granted, until_us))
        held.append(Held(account, start_us, amount, gate, entry.on_expiry, None, now_us))
        accounts.append(account)
        if gate != "check":
            reserved += amount
        after = Balance(settled, reserved, balance.overrun, granted, limit, balance.until_us, now_us)
        puts.append((windows, start_us, after))
    for windows, start_us, after in puts:
        windows[start_us] = after
    expires_us = now_us + order.expires_after_us
    memo = order.memo
    books.keep(Reservation(order.id, order.digest, memo, now_us, expires_us, "open", tuple(held)))
    return Reserved(now_us, expires_us, tuple(seen), tuple(accounts), memo)


def _settled(books: _Books, id_: str, actuals: Mapping[str, int], now_us: int) -> Ended | None:
    """Return what `ledger.settle` would, for an open reservation in windows alone; None when the ledger must say."""
    if now_us >= books.next_us:
        return None
    known = books.kept.get(id_)
    if known is None or known.state != "open":
        return None
    charged, overrun, done = {}, {}, []
    for held in known.held:
        if held.bucket is not None or held.start_us not in books.windows[held.account]:
            return None
    for held in known.held:
        account, start_us, amount, gate = held.account, held.start_us, held.amount, held.gate
        actual = actuals.get(account, amount)
        windows = books.windows[account]
        balance = windows[start_us]
        over = balance.overrun
        if actual > amount:
            overrun[account] = actual - amount
            over += actual - amount
        windows[start_us] = Balance(
            balance.settled + actual,
            balance.reserved if gate == "check" else balance.reserved - amount,
            over,
            balance.granted,
            balance.limit,
            balance.until_us,
            now_us,
        )
        charged[account] = actual
        done.append(Held(account, start_us, amount, gate, held.on_expiry, None, held.mark, actual))
    books.keep(Reservation(id_, known.digest, known.memo, known.made_us, now_us, "settled", tuple(done)))
    return Ended("settled", now_us, None, charged, overrun)


class _Books:
    """The books as mappings; windows that no view can reach any more are forgotten after the horizon."""

    def __init__(self, horizon_us: int) -> None:
        self.windows: dict[str, dict[int, Balance]] = {}
        self.revisions: dict[str, str] = {}
        self.kept: dict[str, Reservation] = {}
        # The instant from which something is to be expired or forgotten; 0 when nobody has looked.
        self.next_us = 0
        self._horizon_us = horizon_us
        self._queue: list[tuple[int, str]] = []
        self._over: deque[tuple[int, str]] = deque()

    def balance(self, account: str, start_us: int) -> Balance | None:
        windows = self.windows.get(account)
        return None if windows is None else windows.get(start_us)

    def latest(self, account: str) -> int | None:
        windows = self.windows.get(account)
        return max(windows) if windows else None

    def since(self, account: str, start_us: int) -> Iterable[Balance]:
        windows = self.windows.get(account, {})
        return [balance for start, balance in windows.items() if start >= start_us]

    def put(self, account: str, start_us: int, balance: Balance) -> None:
        windows = self.windows.get(account)
        if windows is None:
            windows = self.windows[account] = {}
        windows[start_us] = balance

    def reservation(self, id_: str) -> Reservation | None:
        return self.kept.get(id_)

    def keep(self, reservation: Reservation) -> None:
        self.kept[reservation.id] = reservation
        expires_us = reservation.expires_us
        if reservation.state == "open":
            heappush(self._queue, (expires_us, reservation.id))
            if expires_us < self.next_us:
                self.next_us = expires_us
        else:
            self._over.append((expires_us + self._horizon_us, reservation.id))

    def due(self, now_us: int) -> Iterator[Reservation]:
        over, queue = self._over, self._queue
        while over and over[0][0] <= now_us:
            _, id_ = over.popleft()
            known = self.kept.get(id_)
            if known is not None and known.state != "open":
                del self.kept[id_]
        while queue and queue[0][0] <= now_us:
            expires_us, id_ = heappop(queue)
            known = self.kept.get(id_)
            if known is not None and known.state == "open" and known.expires_us == expires_us:
                yield known
        self.next_us = min(
            queue[0][0] if queue else _NEVER, over[0][0] if over else now_us + self._horizon_us
        )

    def forget(self, now_us: int) -> None:
        """Forget windows that count nowhere since a horizon ago; of each account the latest stays."""
        before_us = now_us - self._horizon_us
        for windows in self.windows.values():
            if len(windows) > 1:
                latest = max(windows)
                for start_us, balance in tuple(windows.items()):
                    end_us = counts_until(start_us, balance)
                    is_over = end_us is not None and end_us < before_us
                    if is_over and balance.reserved == 0 and start_us != latest:
                        del windows[start_us]

    def revision(self, policy: str) -> str:
        return self.revisions.get(policy, "")

    def revise(self, policy: str, revision: str) -> None:
        self.revisions[policy] = revision

    def rows(self, prefix: str) -> Iterator[tuple[str, int, Balance]]:
        for account, windows in self.windows.items():
            if account.startswith(prefix):
                for start_us, balance in windows.items():
                    yield account, start_us, balance
