"""A client whose requests and replies go wrong, and who asks again until it is answered."""

from __future__ import annotations

import signal
from collections.abc import Callable
from contextlib import closing
from random import Random
from typing import Any, Protocol
from urllib.parse import parse_qs, urlsplit

from opentokenbudget.pools.orders import Reserved
from opentokenbudget.pools.stores import open_store
from opentokenbudget.pools.stores.store import Store, StoreUnavailable
from pool_proxy import FAULTS, Fault, Proxy
from store_orders import entry, order

BOUND = 10
# A late reply costs the client its patience, so there are fewer of these.
_DRAWN: tuple[Fault, ...] = (*FAULTS[:-1] * 4, FAULTS[-1])


class Server(Protocol):
    """What can be stopped and go on."""

    def freeze(self) -> None: ...

    def thaw(self) -> None: ...


class RedisSignals:
    """The Redis server of a test, as `Server`."""

    def __init__(self, process: Any) -> None:
        self._process = process

    def freeze(self) -> None:
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._process.send_signal(signal.SIGCONT)


def url_through(proxy: Proxy, url: str, timeout_s: float) -> str:
    """Return where the store of `url` lies, by way of `proxy`."""
    query = parse_qs(urlsplit(url).query)
    where = f"127.0.0.1:{proxy.port}"
    if url.startswith("redis"):
        return f"redis://{where}/0?namespace={query['namespace'][0]}&timeout={timeout_s}"
    options = f"schema={query['schema'][0]}&timeout={timeout_s}&sslmode=disable&gssencmode=disable"
    return f"postgresql://otb@{where}/postgres?{options}"


class Client:
    """Asks through a proxy; some of what it asks goes wrong.

    Args:
        is_naive: whether it takes a new id when it asks again.

    Attributes:
        expected: what must have been charged in the end.
        retries: how often it asked again.
        stops: how often the server was stopped.
        late: how many requests came when their clients had long gone.
    """

    def __init__(
        self, store: Store, proxy: Proxy, server: Server, seed: str, *, is_naive: bool = False
    ) -> None:
        self.expected = 0
        self.retries = 0
        self.stops = 0
        self.late = 0
        self._store = store
        self._proxy = proxy
        self._server = server
        self._draw = Random(seed)
        self._is_naive = is_naive

    @property
    def faults(self) -> int:
        """How many faults have happened."""
        return sum(self._proxy.fired.values()) + self.stops

    def spend(self, number: int) -> None:
        """Reserve once and end it once, whatever happens on the way."""
        draw = self._draw
        tries = iter(range(1_000_000))
        name = ""

        def reserve() -> Any:
            nonlocal name
            name = f"{number}.{next(tries) if self._is_naive else 0}#1"
            return self._store.reserve(order(name, entry("all", BOUND, None), entry("own", 3 * BOUND, None)))

        assert isinstance(self._until_answered(reserve), Reserved)
        actual = draw.choice([0, 3, BOUND, 14])
        own = {"all": actual, "own": 2 * actual}
        ended = self._until_answered(
            lambda: self._store.settle(name, own) if actual else self._store.release(name)
        )
        assert ended.status in ("settled", "released", "replayed"), ended
        self.expected += actual
        if draw.random() < 0.3:
            # What was asked long ago comes now, when all of it has ended.
            self.late += self._proxy.deliver()

    def _until_answered(self, ask: Callable[[], Any]) -> Any:
        draw = self._draw
        is_stopped = draw.random() < 0.02
        if is_stopped:
            self._server.freeze()
            self.stops += 1
        elif draw.random() < 0.8:
            self._proxy.arm(draw.choice(_DRAWN), draw.randrange(2))
        for _ in range(100):
            try:
                return ask()
            except StoreUnavailable:
                self.retries += 1
            finally:
                if is_stopped:
                    self._server.thaw()
            if draw.random() < 0.5:
                self.late += self._proxy.deliver()
        raise AssertionError("nobody answers")


def spent_through(
    proxy: Proxy, url: str, server: Server, seed: str, faults: int, *, is_naive: bool = False
) -> tuple[Client, Any]:
    """Return a client that has spent until so many faults had happened, and the balance of all."""
    with closing(open_store(url, lambda: 0)) as direct:
        with closing(open_store(url_through(proxy, url, 0.15), lambda: 0)) as store:
            client = Client(store, proxy, server, seed, is_naive=is_naive)
            before = client.faults
            number = 0
            while client.faults - before < faults:
                client.spend(number)
                number += 1
            proxy.disarm()
            client.late += proxy.deliver()
        (found,) = [each.balance for each in direct.accounts("all")]
        (own,) = [each.balance for each in direct.accounts("own")]
        if not is_naive:
            assert (own.settled, own.reserved) == (2 * found.settled, 0)
    return client, found
