"""Connections to Redis: where it is, how long it may take, and nothing that is sent twice by itself.

Every exchange has one deadline for all of its parts: connecting, greeting, sending, each piece of the reply.
"""

from __future__ import annotations

import os
import re
import socket
from collections import deque
from collections.abc import Iterable, Iterator
from itertools import islice
from time import monotonic
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit

from hiredis import HiredisError, Reader, pack_command
from redis.connection import Connection, SSLConnection, UnixDomainSocketConnection
from redis.exceptions import RedisError, ResponseError

from .redis_persistence import DURABILITIES, Durability
from .store import StoreUnavailable

_PARAMETERS = ("durability", "namespace", "persistence", "socket", "timeout")
_TLS_PARAMETERS = ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile")
_REDIRECTIONS = 4
# What arrives may be no reply of Redis at all: whoever listens there speaks another language.
# A UnicodeError is of a host that no name service can be asked for.
_FAILURES = (RedisError, HiredisError, OSError, UnicodeError)
_MOVED = re.compile(r"MOVED [0-9]+ (.*):([0-9]+)")

Command = tuple[bytes, ...]


class Address(NamedTuple):
    """Where the ledger lies, and how it is used.

    Attributes:
        options: of a connection, as redis-py takes them; they may hold a password.
        durability: what `reserve` pools want.
        is_persistence_assumed: whether a server that does not show its configuration is believed to persist.
    """

    options: dict[str, Any]
    is_tls: bool = False
    namespace: str = "otb"
    timeout_s: float = 2.0
    durability: Durability = "process"
    is_persistence_assumed: bool = False


def address_of(url: str) -> Address:
    """Return what `url` says.

    Raises:
        ValueError: it says something that nobody knows; the message holds no part of a password.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "localhost", parts.port or 6379
    except ValueError:
        raise ValueError("the URL is not one of Redis: `redis://user@host:port/database`") from None
    if parts.fragment:
        # It may be the rest of a password.
        raise ValueError("a `#` in the URL of a Redis store is written `%23`")
    is_tls = parts.scheme == "rediss"
    known = (*_PARAMETERS, *(_TLS_PARAMETERS if is_tls else ()))
    given: dict[str, str] = {}
    for name, value in parse_qsl(parts.query, keep_blank_values=True):
        if name not in known:
            raise ValueError(f"a Redis store has no parameter `{name}`; its own are {', '.join(known)}")
        if name in given:
            raise ValueError(f"the parameter `{name}` stands in the URL twice")
        given[name] = value
    database = parts.path.strip("/") or "0"
    if not re.fullmatch("[0-9]{1,5}", database):
        raise ValueError(f"database `{database}` is not a number")
    options: dict[str, Any] = {"db": int(database)}
    if parts.username:
        options["username"] = unquote(parts.username)
    if parts.password:
        options["password"] = unquote(parts.password)
    if "socket" in given:
        options["path"] = given["socket"]
    else:
        options |= {"host": unquote(host), "port": port}
    if is_tls:
        options |= {name: given[name] for name in _TLS_PARAMETERS if name in given}
    namespace = given.get("namespace", "otb")
    if not re.fullmatch("[A-Za-z0-9_.:-]{1,64}", namespace):
        raise ValueError(f"namespace `{namespace}` is not a name of letters, digits, `_`, `.`, `:` and `-`")
    timeout = given.get("timeout", "2")
    if not re.fullmatch(r"[0-9]{1,4}(\.[0-9]{1,6})?", timeout) or float(timeout) <= 0:
        raise ValueError(f"timeout `{timeout}` is not a number of seconds above 0")
    wanted = given.get("durability", "process")
    durability = next((each for each in DURABILITIES if each == wanted), None)
    if durability is None:
        raise ValueError(f"durability `{wanted}` is none of {', '.join(DURABILITIES)}")
    persistence = given.get("persistence", "shown")
    if persistence not in ("shown", "assumed"):
        raise ValueError(f"persistence `{persistence}` is neither `shown` nor `assumed`")
    return Address(options, is_tls, namespace, float(timeout), durability, persistence == "assumed")


class _Deadline:
    """The instant, by the monotonic clock, at which whatever is under way has timed out."""

    __slots__ = ("at",)

    def __init__(self) -> None:
        self.at = 0.0

    def left_s(self) -> float:
        """Return the seconds until then.

        Raises:
            TimeoutError: it has passed.
        """
        left = self.at - monotonic()
        if left <= 0:
            raise TimeoutError
        return left


class _Socket:
    """A socket each of whose calls ends by the deadline."""

    def __init__(self, plain: socket.socket, deadline: _Deadline) -> None:
        self._plain = plain
        self._deadline = deadline

    def sendall(self, sent: bytes) -> None:
        self._plain.settimeout(self._deadline.left_s())
        self._plain.sendall(sent)

    def recv_into(self, buffer: bytearray) -> int:
        self._plain.settimeout(self._deadline.left_s())
        return self._plain.recv_into(buffer)

    def recv(self, size: int, flags: int = 0) -> bytes:
        self._plain.settimeout(self._deadline.left_s())
        return self._plain.recv(size, flags)

    def settimeout(self, seconds: float | None) -> None:
        """Do nothing: the deadline alone counts."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._plain, name)


class _Timed:
    """A connection with a deadline, which whoever uses it sets before; redis-py opens it, and is not asked any more."""

    def __init__(self, **options: Any) -> None:
        self.deadline = _Deadline()
        self._reader = Reader(replyError=ResponseError)
        self._buffer = bytearray(1 << 16)
        super().__init__(**options)

    def _connect(self) -> Any:
        self.socket_connect_timeout = self.deadline.left_s()
        self._wire = _Socket(super()._connect(), self.deadline)  # type: ignore[misc]
        return self._wire

    def say(self, sent: bytes) -> None:
        """Send all of `sent`."""
        self._wire.sendall(sent)

    def hear(self) -> Any:
        """Return the next reply; what the server complains of is a ResponseError, which is returned too."""
        reader = self._reader
        while (reply := reader.gets()) is False:
            size = self._wire.recv_into(self._buffer)
            if size == 0:
                raise ConnectionError("the server has closed the connection")
            reader.feed(self._buffer, 0, size)
        return reply


class _Remote(_Timed, Connection):
    """To a host."""


class _Secure(_Timed, SSLConnection):
    """To a host, over TLS."""


class _Local(_Timed, UnixDomainSocketConnection):
    """Through a socket of this machine."""


_Link = _Remote | _Secure | _Local


class Links:
    """Connections to one server: as many as threads that ask at once."""

    def __init__(self, address: Address) -> None:
        self._timeout_s = address.timeout_s
        self._options = {**address.options, "protocol": 2, "redis_connect_func": _greet}
        self._kind: type[_Link] = _Secure if address.is_tls else _Remote
        if "path" in address.options:
            self._kind = _Local
        self._idle: deque[_Link] = deque()
        self._process = os.getpid()
        self._is_closed = False

    def deadline(self) -> float:
        """Return the instant, by the monotonic clock, at which an operation that begins now has timed out."""
        return monotonic() + self._timeout_s

    def ask(self, *commands: Command, deadline: float | None = None) -> list[Any]:
        """Return the replies to `commands`, which are sent together; errors of single commands stand among them.

        Args:
            deadline: of the operation; a new one when there is none.

        Raises:
            StoreUnavailable: the server did not answer in time, or not at all; whether it did what was asked is
                unknown.
        """
        until = self.deadline() if deadline is None else deadline
        sent = b"".join(map(pack_command, commands))
        try:
            for _ in range(_REDIRECTIONS):
                replies = self._exchange(sent, len(commands), until)
                complaints = [str(reply) for reply in replies if isinstance(reply, ResponseError)]
                moved = next((_MOVED.match(each) for each in complaints if each.startswith("MOVED ")), None)
                if moved is None:
                    if any(each.startswith("READONLY") for each in complaints):
                        # It has become a replica: the name may lead to another server by now.
                        self._let_go()
                    return replies
                # The node has carried nothing out: another one of its cluster keeps the namespace.
                self._move(moved[1], int(moved[2]))
        except _FAILURES as error:
            raise _unavailable(error) from error
        raise StoreUnavailable("the nodes of the Redis cluster send their client in a circle")

    def stream(self, commands: Iterable[Command], depth: int) -> Iterator[Any]:
        """Yield the replies to `commands`, of which up to `depth` are under way at once, on one connection.

        Raises:
            StoreUnavailable: as `ask`; what was under way is unknown.
        """
        waiting = iter(commands)
        batch = max(1, depth // 2)
        under_way = 0
        link = self._taken()
        try:
            while True:
                sent = [pack_command(command) for command in islice(waiting, batch)]
                link.deadline.at = self.deadline()
                if sent:
                    link.say(b"".join(sent))
                under_way += len(sent)
                # The others stay under way, so that the server works while the next are written.
                for _ in range(under_way - (depth - batch if sent else 0)):
                    yield link.hear()
                    under_way -= 1
                if not sent:
                    break
        except _FAILURES as error:
            link.disconnect()
            raise _unavailable(error) from error
        except BaseException:
            link.disconnect()
            raise
        self._give_back(link)

    def close(self) -> None:
        """Close what is open now, what is in use when it is given back, and open nothing more."""
        self._is_closed = True
        self._let_go()

    def _let_go(self) -> None:
        """Close what is open and not in use."""
        while self._idle:
            try:
                link = self._idle.pop()
            except IndexError:
                break
            link.disconnect()

    def _give_back(self, link: _Link) -> None:
        self._idle.append(link)
        if self._is_closed:
            self._let_go()

    def _exchange(self, sent: bytes, count: int, deadline: float) -> list[Any]:
        link = self._take(deadline)
        try:
            link.say(sent)
            replies = [link.hear() for _ in range(count)]
        except BaseException:
            # Half of a conversation would be taken for the answer to the next question.
            link.disconnect()
            raise
        self._give_back(link)
        return replies

    def _taken(self) -> _Link:
        try:
            return self._take(self.deadline())
        except _FAILURES as error:
            raise _unavailable(error) from error

    def _take(self, deadline: float) -> _Link:
        """Return a connection that is open, and on which nothing is under way."""
        if self._process != os.getpid():
            self._process = os.getpid()
            self._let_go()
        if self._is_closed:
            raise StoreUnavailable("the store is closed")
        while self._idle:
            try:
                link = self._idle.pop()
            except IndexError:
                break
            link.deadline.at = deadline
            try:
                if not link.can_read(0):
                    return link
            except _FAILURES:
                pass
            link.disconnect()
        link = self._kind(**self._options)
        link.deadline.at = deadline
        link.connect()
        return link

    def _move(self, host: str, port: int) -> None:
        if self._kind is _Local:
            self._kind = _Remote
        self._options.pop("path", None)
        self._options |= {"host": host or self._options.get("host", "localhost"), "port": port}
        self._let_go()


def _greet(link: Any) -> None:
    """Say who we are and which database is meant, at once; redis-py alone would ask four times."""
    link._parser.on_connect(link)
    sent = []
    if link.password is not None:
        sent.append(("AUTH", *([link.username] if link.username else []), link.password))
    if link.db:
        sent.append(("SELECT", str(link.db)))
    if sent:
        link.send_packed_command([b"".join(map(pack_command, sent))], check_health=False)
        for _ in sent:
            link.read_response()


def _unavailable(error: Exception) -> StoreUnavailable:
    return StoreUnavailable(f"Redis does not answer: {str(error) or type(error).__name__}")
