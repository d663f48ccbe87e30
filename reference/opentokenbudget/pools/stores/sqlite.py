"""The ledger in SQLite: the embedded default. Durable; many processes of one machine, many threads of each.

Operations of threads that wait at the same time are committed together: whoever comes while nobody works does what it
came for, the first of those who came meanwhile does the work of all of them, and one commit (one flush to the disk,
where that is asked for) serves them all.
Amounts are kept in two columns each, whole units and parts of 10⁻¹², since an integer of SQLite ends at 9.2 million.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Generic, TypeVar
from urllib.parse import parse_qsl, unquote, urlsplit

from .. import ledger
from ..ledger import Reservation
from ..orders import Answer, Ended, Entry, Order, Seen, WrongWindow
from .sqlite_books import SqliteBooks, connected
from .store import HORIZON_US, Account, StoreUnavailable

T = TypeVar("T")

_MOST_TOGETHER = 256


class SqliteStore:
    """Balances in one file.

    Args:
        path: the file; it is made where there is none.
        clock: the store's clock, in nanoseconds since 1970: this machine's.
        durability: `process` survives the death of every process, `disk` a power cut too.
        timeout_s: how long an operation waits for others.
    """

    def __init__(
        self, path: str, clock: Callable[[], int], *, durability: str = "process", timeout_s: float = 2.0
    ) -> None:
        self._path = path
        self._clock = clock
        self._durability = durability
        self._timeout_s = timeout_s
        self._working = threading.Lock()
        self._gate = threading.Lock()
        self._is_led = False
        self._waiting: deque[_Task[Any]] = deque()
        self._process = 0
        self._books: SqliteBooks | None = None
        with self._working:
            self._opened()

    @classmethod
    def open(cls, url: str, clock: Callable[[], int]) -> SqliteStore:
        """Return the store of `sqlite:///FILE?durability=process|disk&timeout=SECONDS`.

        Raises:
            StoreUnavailable: the file cannot be opened.
            ValueError: no such URL.
        """
        parts = urlsplit(url)
        path = unquote(parts.path)[1:]
        if parts.netloc or not path:
            raise ValueError("a file is named as in sqlite:///otb.db, or sqlite:////var/lib/otb.db")
        options = dict(parse_qsl(parts.query, keep_blank_values=True))
        durability, timeout = options.pop("durability", "process"), options.pop("timeout", "2")
        if options:
            raise ValueError(f"`{next(iter(options))}` is no option of SQLite's store: durability, timeout")
        if durability not in ("process", "disk"):
            raise ValueError(f"`{durability}` is no durability: process, disk")
        return cls(path, clock, durability=durability, timeout_s=_seconds(timeout))

    def reserve(self, order: Order) -> Answer:
        return self._do(lambda books, now_us: ledger.reserve(books, order, now_us))

    def look(self, entries: Sequence[Entry]) -> tuple[Seen, ...] | WrongWindow:
        return self._do(lambda books, now_us: ledger.look(books, entries, now_us))

    def settle(self, id_: str, actuals: Mapping[str, int]) -> Ended:
        return self._do(lambda books, now_us: ledger.settle(books, id_, actuals, now_us))

    def release(self, id_: str) -> Ended:
        return self._do(lambda books, now_us: ledger.release(books, id_, now_us))

    def extend(self, id_: str, expires_after_us: int) -> Ended:
        return self._do(lambda books, now_us: ledger.extend(books, id_, expires_after_us, now_us))

    def grant(self, entry: Entry) -> Ended:
        return self._do(lambda books, now_us: ledger.grant(books, entry, now_us))

    def sweep(self) -> int:
        count = 0
        while ended := self._do(ledger.expire):
            count += ended
        self._do(lambda books, now_us: books.forget(now_us - HORIZON_US))
        return count

    def accounts(self, prefix: str = "") -> Iterator[Account]:
        yield from self._do(lambda books, _: books.accounts(prefix))

    def reservations(self) -> Iterator[Reservation]:
        yield from self._do(lambda books, _: books.reservations())

    def unfit_for_reserve(self) -> str | None:
        """What is acknowledged is in the file."""
        return None

    def close(self) -> None:
        with self._working:
            if self._books is not None and self._process == os.getpid():
                self._books.connection.close()
            self._books = None

    def _do(self, work: Callable[[SqliteBooks, int], T]) -> T:
        with self._gate:
            is_alone = not self._is_led
            self._is_led = True
            if not is_alone:
                task = _Task(work)
                self._waiting.append(task)
        if is_alone:
            try:
                return self._committed(work)
            finally:
                self._hand_over()
        if task.leads_after(self._timeout_s, self._gate):
            self._lead()
        return task.outcome()

    def _lead(self) -> None:
        """Do what is waiting, in one transaction, and leave the next to whoever came meanwhile."""
        tasks: list[_Task[Any]] = []
        try:
            self._committed(lambda books, _: self._do_all(tasks, books))
            for task in tasks:
                task.failure = None
        except Exception as failure:  # one operation's fault undoes what was done with it
            for task in tasks:
                task.failure = failure
        finally:
            self._hand_over()
            for task in tasks:
                task.finish()

    def _do_all(self, tasks: list[_Task[Any]], books: SqliteBooks) -> None:
        """Do what waits, and what comes while it is done; all of it goes to `tasks`."""
        while self._waiting and len(tasks) < _MOST_TOGETHER:
            task = self._waiting.popleft()
            if task.is_given_up:
                continue
            tasks.append(task)
            task.failure = StoreUnavailable("the work on the file was interrupted")
            task.result = task.work(books, self._clock() // 1000)

    def _hand_over(self) -> None:
        """Leave what waits to the first that still waits for it."""
        with self._gate:
            self._is_led = any(task.lead() for task in tuple(self._waiting))

    def _committed(self, work: Callable[[SqliteBooks, int], T]) -> T:
        """Return what `work` returns, once it is committed."""
        try:
            with self._working:
                books = self._opened()
                try:
                    books.begin()
                    result = work(books, self._clock() // 1000)
                    books.commit()
                except BaseException:
                    books.rollback()
                    raise
                return result
        except sqlite3.Error as failure:
            raise StoreUnavailable(f"`{self._path}`: {failure}") from None

    def _opened(self) -> SqliteBooks:
        # A connection is not carried over a fork.
        if self._books is None or self._process != os.getpid():
            try:
                self._books = SqliteBooks(connected(self._path, self._durability, self._timeout_s))
            except sqlite3.Error as failure:
                raise StoreUnavailable(f"`{self._path}`: {failure}") from None
            self._process = os.getpid()
        return self._books


class _Task(Generic[T]):
    """An operation that waits for its turn, and then for its outcome."""

    __slots__ = ("_bell", "_leads", "failure", "is_given_up", "result", "work")

    def __init__(self, work: Callable[[SqliteBooks, int], T]) -> None:
        self.work = work
        self.result: T | None = None
        self.failure: BaseException | None = None
        self.is_given_up = False
        self._leads = False
        self._bell = threading.Lock()
        self._bell.acquire()

    def leads_after(self, timeout_s: float, gate: threading.Lock) -> bool:
        """Wait until it is done, or until it is its turn to lead: return which.

        Raises:
            StoreUnavailable: neither came in time; whether it will be done is unknown.
        """
        if not self._bell.acquire(timeout=timeout_s):
            with gate:
                self.is_given_up = not self._bell.acquire(blocking=False)
            if self.is_given_up:
                raise StoreUnavailable("others kept the file for too long")
        return self._leads

    def lead(self) -> bool:
        """Make it the one that leads, unless nobody waits for it any more; return whether it does. Under the gate."""
        if self.is_given_up:
            return False
        self._leads = True
        self._bell.release()
        return True

    def finish(self) -> None:
        """Wake who waits for it."""
        if not self._leads and self._bell.locked():
            self._bell.release()

    def outcome(self) -> T:
        """Return what it found, or raise what it failed with."""
        if self.failure is not None:
            raise self.failure
        return self.result  # type: ignore[return-value]


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 < seconds <= 3600:
        raise ValueError(f"`{text}` is no timeout: seconds, above 0 and at most 3600")
    return seconds
