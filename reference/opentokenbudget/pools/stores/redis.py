"""The ledger in Redis or Valkey: for many machines, one call of a function of the server for an operation.

What an operation does stands in redis_lua/; here it is asked for. It needs Redis 7 or any Valkey.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar

from redis.exceptions import ResponseError

from ..ledger import Reservation
from ..orders import Answer, Ended, Entry, Order, Seen, WrongWindow
from .redis_forms import Forms, escaped
from .redis_links import Address, Command, Links, address_of
from .redis_persistence import SETTINGS, loss
from .redis_replies import account_of, answer_of, ended_of, look_of, plain, reservation_of
from .store import HORIZON_US, Account, StoreUnavailable

T = TypeVar("T")

# What reading raises of bytes that it has not written.
_UNREADABLE = (struct.error, AttributeError, IndexError, KeyError, TypeError, ValueError, OverflowError)
_FILES = ("rows", "windows", "endings", "queue", "operations")
_PAGE = 500
_REPLICAS = re.compile(rb"connected_slaves:([0-9]+)")


class RedisStore:
    """Balances under a namespace of a Redis server.

    Args:
        horizon_us: how long the ids of ended reservations are remembered.
    """

    def __init__(self, address: Address, horizon_us: int = HORIZON_US) -> None:
        self._address = address
        self._links = Links(address)
        self._library, self._source = _library()
        self.forms = Forms(address.namespace, self._library, horizon_us)

    @classmethod
    def open(cls, url: str) -> RedisStore:
        """Return the ledger at `url`; nobody is asked yet.

        `redis://user:password@host:port/database?namespace=otb&timeout=2&durability=process`, `rediss://` for TLS;
        `socket=PATH` for a socket of this machine.

        Raises:
            ValueError: the URL says something that nobody knows.
        """
        return cls(address_of(url))

    def reserve(self, order: Order) -> Answer:
        reply = self._run(self.forms.reserve(order))
        return self._read("reservation", order.id, answer_of, order, reply)

    def look(self, entries: Sequence[Entry]) -> tuple[Seen, ...] | WrongWindow:
        reply = self._run(self.forms.look(entries))
        return self._read("balances", "", look_of, entries, reply)

    def settle(self, id_: str, actuals: Mapping[str, int]) -> Ended:
        return self._ended(id_, actuals, self.forms.settle(id_, actuals))

    def release(self, id_: str) -> Ended:
        return self._ended(id_, {}, self.forms.release(id_))

    def extend(self, id_: str, expires_after_us: int) -> Ended:
        return self._ended(id_, {}, self.forms.extend(id_, expires_after_us))

    def grant(self, entry: Entry) -> Ended:
        return self._ended(entry.account, {}, self.forms.grant(entry))

    def sweep(self) -> int:
        total, is_more = 0, 1
        while is_more:
            count, is_more = self._read("endings", "", _pair, self._run(self.forms.sweep()))
            total += count
        return total

    def accounts(self, prefix: str = "") -> Iterator[Account]:
        name = escaped(prefix)
        first, last = b"[" + name if name else b"-", b"(" + name + b"\xff" if name else b"+"
        windows: dict[int, Account] = {}
        account = None
        while first:
            found = self._run(self.forms.page(first, last, _PAGE))
            for member, row in self._read("balances", "", _pairs, found):
                if row is None:
                    continue
                each = self._read("balance", member, account_of, member, row)
                if each.name != account:
                    yield from [windows[start] for start in sorted(windows)]
                    account, windows = each.name, {}
                windows[each.start_us] = each
            first = b"(" + found[-2] if len(found) == 2 * _PAGE else b""
        yield from [windows[start] for start in sorted(windows)]

    def reservations(self) -> Iterator[Reservation]:
        cursor, known = b"0", set[bytes]()
        while True:
            reply = self._answered(
                b"HSCAN", self.forms.hash, cursor, b"MATCH", b"r*", b"COUNT", b"%d" % _PAGE
            )
            cursor, found = self._read("reservations", "", _pair, reply)
            # What is written meanwhile may be found twice.
            for field, kept in self._read("reservations", "", _pairs, found):
                if field not in known:
                    known.add(field)
                    yield self._read("reservation", field[1:], _reservation, field, kept)
            if cursor == b"0":
                return

    def unfit_for_reserve(self) -> str | None:
        """Return why pools with enforcement `reserve` cannot be kept here, None when they can."""
        command = (b"CONFIG", b"GET", *[name.encode() for name in SETTINGS])
        shown, replication = self._links.ask(command, (b"INFO", b"replication"))
        settings: dict[str, str] = {}
        if not isinstance(shown, ResponseError):
            settings = self._read("settings", "", _texts, shown)
        if not settings.keys() >= set(SETTINGS):
            if self._address.is_persistence_assumed:
                return None
            return (
                "the Redis server does not show whether it persists what it acknowledges;"
                " open the store with `persistence=assumed` if you know that it does"
            )
        found = None
        if not isinstance(replication, ResponseError):
            found = self._read("settings", "", _REPLICAS.search, replication)
        return loss(settings, int(found[1]) if found else 0, self._address.durability)

    def stream(self, commands: Iterable[Command], depth: int = 50) -> Iterator[bytes]:
        """Yield the replies to commands that `forms` made, `depth` of them under way at once on one connection.

        For those who have many orders that do not wait for each other. `answer_of` and `ended_of` read the replies.

        Raises:
            StoreUnavailable: what was under way is unknown.
        """
        self.look(())
        yield from map(_checked, self._links.stream(commands, depth))

    def close(self) -> None:
        self._links.close()

    def _run(self, command: Command) -> Any:
        """Return what the operation answers; done as a whole, or unknown when this raises."""
        deadline = self._links.deadline()
        (reply,) = self._links.ask(command, deadline=deadline)
        if isinstance(reply, ResponseError) and "function not found" in str(reply).lower():
            # Nothing was done: the server has not seen this library yet, or has lost it.
            (loaded,) = self._links.ask((b"FUNCTION", b"LOAD", self._source), deadline=deadline)
            if isinstance(loaded, ResponseError) and "already exists" not in str(loaded):
                raise StoreUnavailable(
                    f"Redis does not take the functions of the ledger; it must be 7 or later: {loaded}"
                )
            (reply,) = self._links.ask(command, deadline=deadline)
        return _checked(reply)

    def _ended(self, name: str, actuals: Mapping[str, int], command: Command) -> Ended:
        return self._read("row of", name, ended_of, actuals, self._run(command))

    def _read(self, kind: str, name: str | bytes, read: Callable[..., T], *kept: Any) -> T:
        """Return what `read` finds in what was `kept`.

        Raises:
            StoreUnavailable: somebody else has written there.
        """
        try:
            return read(*kept)
        except _UNREADABLE as failure:
            where = name.decode(errors="replace") if isinstance(name, bytes) else name
            raise StoreUnavailable(
                f"Redis key `{self.forms.hash.decode()}`: the {kind} `{where}` is damaged: {failure}"
            ) from failure

    def _answered(self, *command: bytes) -> Any:
        (reply,) = self._links.ask(command)
        return _checked(reply)


def _checked(reply: Any) -> Any:
    if isinstance(reply, ResponseError):
        raise StoreUnavailable(f"Redis answers: {reply}")
    return reply


def _pair(reply: Sequence[Any]) -> tuple[Any, Any]:
    first, second = reply
    return first, second


def _pairs(found: Sequence[Any]) -> list[tuple[Any, Any]]:
    return list(zip(found[::2], found[1::2], strict=True))


def _texts(found: Sequence[Any]) -> dict[str, str]:
    return {name.decode(): value.decode() for name, value in _pairs(found)}


def _reservation(field: bytes, kept: bytes) -> Reservation:
    return reservation_of(plain(field[1:]), kept)


def _library() -> tuple[str, bytes]:
    """Return the name of the functions' library, which is another for every text of it, and its source."""
    folder = Path(__file__).parent / "redis_lua"
    text = "\n".join((folder / f"{name}.lua").read_text(encoding="utf-8") for name in _FILES)
    name = f"otb_{sha256(text.encode()).hexdigest()[:12]}"
    return name, f"#!lua name={name}\nlocal LIBRARY = '{name}'\n{text}".encode()
