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
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Generic, TypeVar

from .. import ledger
from ..ledger import Reservation
from ..orders import Answer, Ended, Entry, Order, Seen, WrongWindow
from .forks import survives_forks
from .sqlite_address import address_of
from .sqlite_books import SqliteBooks, Unwritten
from .sqlite_file import SqliteFile
from .store import HORIZON_US, Account, StoreUnavailable

T = TypeVar("T")

_MOST_TOGETHER = 256
_LOOKED_AT_EVERY_US = 1_000_000
# Connections of a process that has forked: to close them in the child would disturb the parent's.
_of_parents: list[SqliteBooks] = []


class SqliteStore:
    """Balances in one file.

    Args:
        path: the file; it is made where there is none.
        clock: the store's clock, in nanoseconds since 1970: this machine's.
        durability: `process` survives the death of every process, `disk` a power cut too.
        timeout_s: how long an operation waits for others.
    """

    def __init__(
        self,
        path: str,
        clock: Callable[[], int],
        *,
        durability: str = "process",
        timeout_s: float = 2.0,
        makes: bool = True,
    ) -> None:
        self._path = path
        self._file = SqliteFile(path, durability, timeout_s)
        self._clock = clock
        self._timeout_s = timeout_s
        self._working = threading.Lock()
        self._gate = threading.Lock()
        self._is_led = False
        self._waiting: deque[_Task[Any]] = deque()
        self._process = 0
        self._books: SqliteBooks | None = None
        self._is_closed = False
        # The instants by the store's clock between which nobody asks whether the file is still there.
        self._seen_us = self._next_look_us = 0
        with self._working:
            self._opened(makes=makes)
        survives_forks(self)

    @classmethod
    def open(cls, url: str, clock: Callable[[], int], *, makes: bool = True) -> SqliteStore:
        """Return the store of `sqlite:///FILE?durability=process|disk&timeout=SECONDS`.

        Args:
            makes: whether it is made where there is none.

        Raises:
            StoreUnavailable: the file cannot be opened.
            ValueError: no such URL.
        """
        path, durability, timeout_s = address_of(url)
        return cls(path, clock, durability=durability, timeout_s=timeout_s, makes=makes)

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
            self._is_closed = True

    def still(self, timeout_s: float) -> bool:
        return self._working.acquire(timeout=timeout_s)

    def go_on(self) -> None:
        self._working.release()

    def begin_anew(self) -> None:
        # Those who led or waited are threads of the parent.
        self._working, self._gate = threading.Lock(), threading.Lock()
        self._is_led = False
        self._waiting = deque()

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
            except (Unwritten, OverflowError) as failure:
                raise self._told(failure) from failure
            finally:
                self._hand_over()
        if task.leads_after(self._timeout_s, self._gate):
            self._lead()
        return task.outcome()

    def _lead(self) -> None:
        """Do what is waiting, in one transaction, and leave the next to whoever came meanwhile."""
        tasks: list[_Task[Any]] = []
        try:
            self._do_together(tasks)
        finally:
            self._hand_over()
            for task in tasks:
                task.finish()

    def _do_together(self, tasks: list[_Task[Any]]) -> None:
        """Do what waits, and what comes while it is done; all of it goes to `tasks`, each with its outcome.

        One operation's fault undoes what was done with it: the others are done again without it.
        """
        todo: Iterable[_Task[Any]] = self._arriving(tasks)
        faulty: list[_Task[Any]] = []
        while True:
            fault: Exception | None = None
            try:
                self._committed(partial(self._do_all, todo))
            except _Fault as one:
                one.task.failure = self._told(one.failure)
                faulty.append(one.task)
                todo = [task for task in tasks if task not in faulty]
                continue
            except Unwritten:
                # Whose fault it was, only a transaction of its own tells.
                for task in tasks:
                    if task not in faulty:
                        self._do_alone(task)
                return
            except Exception as failure:  # of the file: all have it
                fault = failure
            for task in tasks:
                if task not in faulty:
                    task.failure = fault
            return

    def _do_alone(self, task: _Task[Any]) -> None:
        try:
            task.result = self._committed(task.work)
            task.failure = None
        except Exception as failure:
            task.failure = self._told(failure)

    def _do_all(self, tasks: Iterable[_Task[Any]], books: SqliteBooks, _: int) -> None:
        for task in tasks:
            try:
                task.result = task.work(books, self._clock() // 1000)
            except Unwritten:
                raise
            except Exception as failure:
                raise _Fault(task, failure) from failure

    def _arriving(self, tasks: list[_Task[Any]]) -> Iterator[_Task[Any]]:
        """Yield what waits, until nothing does; all of it goes to `tasks`."""
        while self._waiting and len(tasks) < _MOST_TOGETHER:
            task = self._waiting.popleft()
            if task.is_given_up:
                continue
            tasks.append(task)
            task.failure = StoreUnavailable("the work on the file was interrupted")
            yield task

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
                    now_us = self._clock() // 1000
                    if not self._seen_us <= now_us < self._next_look_us:
                        self._file.check()
                        self._seen_us, self._next_look_us = now_us, now_us + _LOOKED_AT_EVERY_US
                    result = work(books, now_us)
                    books.commit()
                except BaseException:
                    books.rollback()
                    raise
                return result
        except sqlite3.Error as failure:
            raise self._told(failure) from failure

    def _told(self, failure: Exception) -> Exception:
        """Return what the caller of an operation is told of its failure."""
        if isinstance(failure, sqlite3.Error | Unwritten):
            return StoreUnavailable(f"`{self._path}`: {failure}")
        if isinstance(failure, OverflowError):
            return StoreUnavailable(f"`{self._path}`: a number is more than the store can count: {failure}")
        return failure

    def _opened(self, *, makes: bool = True) -> SqliteBooks:
        # A connection is not carried over a fork.
        if self._books is None or self._process != os.getpid():
            if self._is_closed:
                raise StoreUnavailable("the store is closed")
            if self._books is not None:
                _of_parents.append(self._books)
                self._books = None
            try:
                self._books = SqliteBooks(self._file.connected(makes=makes))
            except sqlite3.Error as failure:
                raise self._told(failure) from failure
            self._process = os.getpid()
        return self._books


class _Fault(Exception):
    """An operation that failed among others."""

    def __init__(self, task: _Task[Any], failure: Exception) -> None:
        super().__init__(str(failure))
        self.task = task
        self.failure = failure


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
