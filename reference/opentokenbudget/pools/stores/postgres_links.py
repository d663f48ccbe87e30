"""Connections to PostgreSQL that never wait longer than they may.

libpq's own timeouts end with the kernel: a server that is stopped takes every byte and answers none. So each exchange
has a deadline here, and a connection that missed it is closed: nobody knows what is still to come from it.
A server that refuses connections is reported at once.
"""

from __future__ import annotations

import math
import os
import threading
from collections.abc import Callable
from concurrent.futures import Future
from selectors import EVENT_READ, EVENT_WRITE, DefaultSelector
from time import monotonic

import psycopg
from psycopg import pq

from .forks import survives_forks
from .postgres_address import without_passwords
from .store import StoreUnavailable


class Link:
    """One connection.

    Attributes:
        prepared: whether the statement of the operations is known to the server.
    """

    __slots__ = ("_connection", "_events", "_selector", "_warning", "pgconn", "prepared")

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection
        self.pgconn = connection.pgconn
        self.prepared = False
        self._warning: str | None = None
        connection.add_notice_handler(self._warned)
        self._selector = DefaultSelector()
        self._events = EVENT_READ
        self._selector.register(self.pgconn.socket, self._events)

    def is_quiet(self) -> bool:
        """Return whether nothing has come unasked: what an idle connection says is that it has ended."""
        return not any(events & EVENT_READ for _, events in self._selector.select(0))

    def exchange(self, send: Callable[[], None], deadline: float) -> pq.abc.PGresult:
        """Return the last result of what `send` sends.

        Raises:
            StoreUnavailable: there was none before `deadline`, an instant of `monotonic`, or it came with a warning.
                The link is of no use then.
        """
        pgconn = self.pgconn
        self._warning = None
        try:
            send()
            while pgconn.flush():
                self._wait(EVENT_READ | EVENT_WRITE, deadline)
                pgconn.consume_input()
            result = None
            while True:
                while pgconn.is_busy():
                    self._wait(EVENT_READ, deadline)
                    pgconn.consume_input()
                following = pgconn.get_result()
                if following is None:
                    break
                result = following
        except psycopg.Error as error:
            said = " ".join(str(error).split())
            raise StoreUnavailable(f"PostgreSQL has closed the connection: {said}") from error
        if result is None or pgconn.status != pq.ConnStatus.OK:
            raise StoreUnavailable("PostgreSQL has closed the connection")
        if self._warning is not None:
            raise StoreUnavailable(f"PostgreSQL warns: {self._warning}")
        return result

    def close(self) -> None:
        """Let go of it."""
        self._selector.close()
        self._connection.close()

    def _warned(self, diagnostic: psycopg.errors.Diagnostic) -> None:
        # When a standby does not confirm in time, the server gives up waiting, warns, and answers as if it had.
        if diagnostic.severity_nonlocalized == "WARNING":
            self._warning = diagnostic.message_primary

    def _wait(self, events: int, deadline: float) -> None:
        if events != self._events:
            self._selector.modify(self.pgconn.socket, events)
            self._events = events
        left_s = deadline - monotonic()
        if left_s <= 0 or not self._selector.select(left_s):
            raise StoreUnavailable("PostgreSQL did not answer in time")


class Links:
    """A few connections that many threads share.

    Args:
        conninfo: as libpq takes it.
        most: how many connections there are at once.
        timeout_s: of a connection that is made.
        prepare: what is done with each new connection, until a deadline.
    """

    def __init__(
        self, conninfo: str, most: int, timeout_s: float, prepare: Callable[[Link, float], None]
    ) -> None:
        self._conninfo = conninfo
        self._most = most
        self._timeout_s = timeout_s
        self._prepare = prepare
        self._change = threading.Condition()
        self._idle: list[Link] = []
        self._count = 0
        self._is_closed = False
        self._pid = os.getpid()
        self._parents: list[Link] = []
        survives_forks(self)

    def take(self, deadline: float) -> Link:
        """Return a connection for the caller alone.

        Raises:
            StoreUnavailable: none was free or could be made before `deadline`.
        """
        with self._change:
            if self._pid != os.getpid():
                self._leave_to_parent()
            while True:
                if self._is_closed:
                    raise StoreUnavailable("the store is closed")
                while self._idle:
                    link = self._idle.pop()
                    if link.is_quiet():
                        return link
                    link.close()
                    self._count -= 1
                if self._count < self._most:
                    self._count += 1
                    break
                left_s = deadline - monotonic()
                if left_s <= 0 or not self._change.wait(left_s):
                    raise StoreUnavailable(f"all {self._most} connections to PostgreSQL are busy")
        return self._made(deadline)

    def give_back(self, link: Link) -> None:
        """Take back a connection that may serve again."""
        with self._change:
            if not self._is_closed:
                self._idle.append(link)
                self._change.notify()
                return
        link.close()

    def drop(self, link: Link) -> None:
        """Close a connection that may not."""
        link.close()
        self._one_less()

    def close(self) -> None:
        """Close what is idle now, and the rest when it is given back."""
        with self._change:
            self._is_closed = True
            idle, self._idle = self._idle, []
            self._change.notify_all()
        for link in idle:
            link.close()

    def _made(self, deadline: float) -> Link:
        # In a thread of its own: names are looked up without a timeout.
        future: Future[psycopg.Connection] = Future()
        threading.Thread(target=self._connect, args=(future,), daemon=True).start()
        try:
            connection = future.result(max(0, deadline - monotonic()))
        except TimeoutError:
            future.add_done_callback(self._come_too_late)
            raise StoreUnavailable("PostgreSQL did not take a connection in time") from None
        except psycopg.Error as error:
            self._one_less()
            said = without_passwords(str(error), self._conninfo)
            # Not `from error`: what is raised may be printed with its causes.
            raise StoreUnavailable(f"PostgreSQL takes no connection: {said}") from None
        except BaseException:
            future.add_done_callback(self._come_too_late)
            raise
        link = Link(connection)
        try:
            self._prepare(link, deadline)
        except BaseException:
            self.drop(link)
            raise
        return link

    def _connect(self, future: Future[psycopg.Connection]) -> None:
        try:
            timeout_s = max(2, math.ceil(self._timeout_s))
            future.set_result(psycopg.connect(self._conninfo, autocommit=True, connect_timeout=timeout_s))
        except BaseException as error:
            future.set_exception(error)

    def _come_too_late(self, future: Future[psycopg.Connection]) -> None:
        if future.exception() is None:
            future.result().close()
        self._one_less()

    def _one_less(self) -> None:
        with self._change:
            self._count -= 1
            self._change.notify()

    def still(self, timeout_s: float) -> bool:
        return self._change.acquire(timeout=timeout_s)

    def go_on(self) -> None:
        self._change.release()

    def begin_anew(self) -> None:
        self._change = threading.Condition()
        self._leave_to_parent()

    def _leave_to_parent(self) -> None:
        # After a fork: the connections are the parent's, and closing them would end them for the parent too.
        self._pid = os.getpid()
        self._parents += self._idle
        self._idle, self._count = [], 0
