"""The store in Redis or Valkey when something goes wrong: URLs, servers that do not persist, hang, die or move."""

from __future__ import annotations

import re
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from opentokenbudget.pools.orders import Reserved
from opentokenbudget.pools.stores.redis import RedisStore
from opentokenbudget.pools.stores.redis_links import Address, Links, address_of
from opentokenbudget.pools.stores.redis_persistence import DURABILITIES, loss
from opentokenbudget.pools.stores.store import StoreUnavailable
from redis_proxy import Fault, Proxy
from store_orders import audit, balance_of, entry, order

if TYPE_CHECKING:
    from opentokenbudget.pools.stores.redis_persistence import Durability
    from redis_server import RedisServer

pytest_plugins = ["redis_server"]

Start = Callable[..., "RedisServer"]


@pytest.mark.parametrize(
    ("url", "complaint"),
    [
        ("redis://host?colour=red", "no parameter `colour`"),
        ("redis://host?ssl_ca_certs=x", "no parameter `ssl_ca_certs`"),
        ("redis://host?timeout=2&timeout=3", "`timeout` stands in the URL twice"),
        ("redis://host?timeout=soon", "timeout `soon`"),
        ("redis://host?timeout=0", "timeout `0`"),
        ("redis://host?timeout=-1", "timeout `-1`"),
        ("redis://host?timeout=", "timeout ``"),
        ("redis://host?namespace=a{b}", "namespace `a{b}`"),
        ("redis://host?namespace=", "namespace ``"),
        ("redis://host?durability=eternal", "durability `eternal`"),
        ("redis://host?persistence=hoped", "persistence `hoped`"),
        ("redis://host/first", "database `first`"),
        ("redis://u:secret@host:port", "not one of Redis"),
        ("redis://u:secret@host:99999", "not one of Redis"),
        ("redis://u:secret@[::1", "not one of Redis"),
        ("redis://host/0#secret", "`#`"),
    ],
)
def test_a_url_says_what_is_known(url: str, complaint: str) -> None:
    """What nobody knows is refused in words, and no password is among them."""
    with pytest.raises(ValueError, match=re.escape(complaint)) as caught:
        RedisStore.open(url)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("redis://", Address({"db": 0, "host": "localhost", "port": 6379})),
        (
            "valkey://a%40b:p%2Fq@[::1]:7000/3?namespace=x.y&timeout=0.5",
            Address(
                {"db": 3, "username": "a@b", "password": "p/q", "host": "::1", "port": 7000},
                namespace="x.y",
                timeout_s=0.5,
            ),
        ),
        (
            "redis://:p@/?socket=/run/v%20k&durability=disk&persistence=assumed",
            Address({"db": 0, "password": "p", "path": "/run/v k"}, False, "otb", 2.0, "disk", True),
        ),
        (
            "rediss://host?ssl_ca_certs=ca.pem",
            Address({"db": 0, "host": "host", "port": 6379, "ssl_ca_certs": "ca.pem"}, True),
        ),
    ],
)
def test_a_url_is_read(url: str, expected: Address) -> None:
    """Host, port, database, names with escapes, and what is the store's own."""
    assert address_of(url) == expected


SAFE = {
    "appendonly": "yes",
    "appendfsync": "always",
    "maxmemory-policy": "noeviction",
    "no-appendfsync-on-rewrite": "no",
}


@pytest.mark.parametrize(
    ("changed", "replicas", "fits"),
    [
        ({}, 0, ["second", "process", "disk"]),
        ({"appendfsync": "no"}, 0, ["second", "process"]),
        ({"appendfsync": "everysec"}, 0, ["second"]),
        ({"no-appendfsync-on-rewrite": "yes"}, 0, ["second", "process"]),
        ({}, 1, ["second"]),
        ({"appendonly": "no"}, 0, []),
        ({"maxmemory-policy": "allkeys-lru"}, 0, []),
        ({"maxmemory-policy": "volatile-ttl"}, 0, []),
    ],
)
def test_what_a_server_may_lose(changed: dict[str, str], replicas: int, fits: list[Durability]) -> None:
    """Which settings keep what is acknowledged through what, and what is to be changed where they do not."""
    said = {durability: loss(SAFE | changed, replicas, durability) for durability in DURABILITIES}
    assert [durability for durability, loses in said.items() if loses is None] == fits
    for loses in said.values():
        assert loses is None or any(name in loses for name in changed) or replicas


def ask(server: RedisServer, *words: str) -> Any:
    """Return what the server says to a command."""
    (reply,) = Links(address_of(server.url())).ask(tuple(word.encode() for word in words))
    return reply


def test_a_store_knows_whether_its_server_persists(redis_server: RedisServer) -> None:
    """It asks the server, by what the URL wants, and names what is to be changed."""
    durable, quick = redis_server.url(durability="disk"), redis_server.url(durability="second")
    assert RedisStore.open(redis_server.url()).unfit_for_reserve() is None
    assert "power cut" in (RedisStore.open(durable).unfit_for_reserve() or "")
    ask(redis_server, "CONFIG", "SET", "appendfsync", "everysec")
    assert "`always` or `no`" in (RedisStore.open(redis_server.url()).unfit_for_reserve() or "")
    assert RedisStore.open(quick).unfit_for_reserve() is None
    ask(redis_server, "CONFIG", "SET", "appendfsync", "always")
    assert RedisStore.open(durable).unfit_for_reserve() is None
    ask(redis_server, "CONFIG", "SET", "appendfsync", "no", "appendonly", "no")
    assert "`appendonly` is off" in (RedisStore.open(quick).unfit_for_reserve() or "")
    ask(redis_server, "CONFIG", "SET", "appendonly", "yes")


def test_a_server_that_hides_its_settings_is_believed_when_told_so(redis_server: RedisServer) -> None:
    """Whoever may not see the configuration says that it persists, or has no `reserve` pools; passwords stay hidden."""
    ask(redis_server, "ACL", "SETUSER", "app", "on", ">secret", "~*", "+@all", "-config")
    url = redis_server.url()
    named = url.replace("redis://", "redis://app:secret@")
    store = RedisStore.open(named)
    assert "persistence=assumed" in (store.unfit_for_reserve() or "")
    assert RedisStore.open(f"{named}&persistence=assumed").unfit_for_reserve() is None
    assert isinstance(store.reserve(order("a#1", entry())), Reserved)
    with pytest.raises(StoreUnavailable) as caught:
        RedisStore.open(url.replace("redis://", "redis://app:secrets@")).sweep()
    assert "secret" not in str(caught.value)


OPERATIONS: dict[str, Callable[[RedisStore], object]] = {
    "reserve": lambda store: store.reserve(order("b#1", entry())),
    "settle": lambda store: store.settle("a#1", {"pool": 1}),
    "release": lambda store: store.release("a#1"),
    "extend": lambda store: store.extend("a#1", 1),
    "look": lambda store: store.look([entry()]),
    "grant": lambda store: store.grant(entry()),
    "sweep": lambda store: store.sweep(),
    "accounts": lambda store: list(store.accounts()),
    "reservations": lambda store: list(store.reservations()),
    "unfit_for_reserve": lambda store: store.unfit_for_reserve(),
    "stream": lambda store: list(store.stream([store.forms.release("a#1")])),
}


def test_nothing_waits_for_a_server_that_has_stopped(new_redis_server: Start) -> None:
    """Every operation ends within the timeout, on old connections and new; what was asked is done once, or never."""
    server = new_redis_server()
    url = server.url(timeout=0.05)
    known = RedisStore.open(url)
    known.reserve(order("a#1", entry(amount=3)))
    server.process.send_signal(signal.SIGSTOP)
    for operation in OPERATIONS.values():
        for store in (known, RedisStore.open(url)):
            with pytest.raises(StoreUnavailable):
                operation(store)
    server.process.send_signal(signal.SIGCONT)
    store = RedisStore.open(url.replace("0.05", "20"))
    assert isinstance(store.reserve(order("b#1", entry())), Reserved)
    assert store.settle("a#1", {"pool": 1}).status in ("settled", "replayed", "conflict")
    assert isinstance(store.reserve(order("c#1", entry())), Reserved)
    audit(store)


def test_nothing_waits_where_nobody_is(new_redis_server: Start) -> None:
    """Every operation says so, and the store works again when the server does, though all connections are gone."""
    server = new_redis_server()
    store = RedisStore.open(server.url())
    store.reserve(order("a#1", entry()))
    server.kill()
    for operation in OPERATIONS.values():
        with pytest.raises(StoreUnavailable):
            operation(store)
    server.start()
    assert store.settle("a#1", {"pool": 1}).status == "settled"


@pytest.fixture
def proxy(redis_server: RedisServer) -> Iterator[Proxy]:
    """A proxy before the server."""
    found = Proxy(redis_server.socket)
    yield found
    found.stop()


@pytest.mark.parametrize(
    ("fault", "is_done"),
    [("lost request", False), ("lost reply", True), ("torn reply", True), ("endless reply", True)],
)
def test_what_is_unknown_is_asked_again_with_the_same_id(
    redis_server: RedisServer, proxy: Proxy, fault: Fault, is_done: bool
) -> None:
    """Whether a request or its reply was lost: nothing is sent twice by itself, and the same id tells what was done."""
    url = redis_server.url(timeout=0.3)
    RedisStore.open(url).sweep()
    store = RedisStore.open(url.replace(str(redis_server.socket).replace("/", "%2F"), str(proxy.socket)))
    proxy.fault = fault
    with pytest.raises(StoreUnavailable):
        store.reserve(order("a#1", entry(amount=3)))
    answer = store.reserve(order("a#1", entry(amount=3)))
    assert isinstance(answer, Reserved)
    assert answer.replayed is is_done
    proxy.fault = fault
    with pytest.raises(StoreUnavailable):
        store.settle("a#1", {"pool": 2})
    assert store.settle("a#1", {"pool": 2}).status == ("replayed" if is_done else "settled")
    proxy.fault = fault
    with pytest.raises(StoreUnavailable):
        store.grant(entry(amount=5))
    found = balance_of(store, "pool")
    assert (found.settled, found.reserved, found.granted) == (2, 0, 5 if is_done else 0)
    store.close()


class Spending:
    """Threads that reserve and settle until their server is gone, and what it has acknowledged."""

    def __init__(self, url: str, name: str, until: int) -> None:
        self.reserved: set[str] = set()
        self.settled: set[str] = set()
        self.reached = threading.Event()
        self._until = until
        self._threads = [
            threading.Thread(target=self._spend, args=(url, f"{name}.{number}")) for number in range(3)
        ]
        for thread in self._threads:
            thread.start()

    def join(self) -> None:
        for thread in self._threads:
            thread.join()

    def _spend(self, url: str, name: str) -> None:
        store = RedisStore.open(url)
        try:
            for number in range(1_000_000):
                id_ = f"{name}.{number}#1"
                answer = store.reserve(order(id_, entry("root", 2, None), entry(name, 3, None)))
                assert isinstance(answer, Reserved)
                self.reserved.add(id_)
                if number % 2:
                    store.settle(id_, {"root": 1, name: 3})
                    self.settled.add(id_)
                if len(self.reserved) >= self._until:
                    self.reached.set()
        except StoreUnavailable:
            self.reached.set()
        finally:
            store.close()


def killed(server: RedisServer, cycles: int) -> tuple[int, int]:
    """Return how many acknowledgements there were, and how many of them were forgotten when the server was killed."""
    url = server.url()
    acknowledged = lost = 0
    for cycle in range(cycles):
        spending = Spending(url, str(cycle), 100 + 37 * cycle)
        spending.reached.wait()
        server.kill()
        spending.join()
        server.start()
        store = RedisStore.open(url)
        states = {known.id: known.state for known in store.reservations()}
        acknowledged += len(spending.reserved) + len(spending.settled)
        lost += len(spending.reserved - states.keys())
        lost += sum(states.get(id_) != "settled" for id_ in spending.settled)
        audit(store)
        store.close()
    return acknowledged, lost


def test_a_killed_server_has_forgotten_nothing(new_redis_server: Start) -> None:
    """With an append-only file all that was acknowledged is there after a kill, in flight, and the balances agree."""
    server = new_redis_server()
    assert RedisStore.open(server.url()).unfit_for_reserve() is None
    acknowledged, lost = killed(server, 5)
    assert acknowledged > 500
    assert lost == 0


def test_snapshots_forget(new_redis_server: Start) -> None:
    """The control: a server with snapshots alone loses what it acknowledged, and the store says so beforehand."""
    server = new_redis_server(appendonly="no", save="3600 1")
    assert RedisStore.open(server.url(durability="second")).unfit_for_reserve() is not None
    acknowledged, lost = killed(server, 1)
    assert lost == acknowledged > 0


def test_the_namespace_may_lie_on_another_node(new_redis_server: Start) -> None:
    """Of a cluster any node may be named: the store goes where it is sent, and does its work there once."""
    settings = {"cluster-enabled": "yes", "cluster-require-full-coverage": "no", "bind": "127.0.0.1"}
    port = free_port(bus=True)
    other = new_redis_server(port=str(port), **settings)
    first = new_redis_server(port=str(free_port(bus=True)), **settings)
    assert ask(other, "CLUSTER", "ADDSLOTSRANGE", "0", "16383") == b"OK"
    ask(first, "CLUSTER", "MEET", "127.0.0.1", str(port))
    while b"cluster_state:ok" not in ask(first, "CLUSTER", "INFO"):
        pass
    url = first.url("moved", timeout=20)
    store = RedisStore.open(url)
    assert isinstance(store.reserve(order("a#1", entry(amount=3))), Reserved)
    assert balance_of(RedisStore.open(other.url("moved")), "pool").reserved == 3
    assert store.settle("a#1", {"pool": 1}).status == "settled"
    assert [known.id for known in store.reservations()] == ["a#1"]


def test_a_replica_is_counted(new_redis_server: Start) -> None:
    """A server that a replica follows may be replaced by it, and so does not keep what it acknowledged."""
    port = str(free_port())
    leader = new_redis_server(port=port, bind="127.0.0.1", **{"repl-diskless-sync-delay": "0"})
    follower = new_redis_server()
    store = RedisStore.open(leader.url())
    assert store.unfit_for_reserve() is None
    ask(follower, "REPLICAOF", "127.0.0.1", port)
    while b"connected_slaves:1" not in ask(leader, "INFO", "replication"):
        pass
    assert "a replica that takes over" in (store.unfit_for_reserve() or "")
    with pytest.raises(StoreUnavailable):
        RedisStore.open(follower.url()).reserve(order("a#1", entry()))


def free_port(bus: bool = False) -> int:
    """Return a port of this machine that nobody listens on; with `bus` neither on that of a cluster's node."""
    while True:
        with socket.socket() as one, socket.socket() as two:
            one.bind(("127.0.0.1", 0))
            port = int(one.getsockname()[1])
            if not bus:
                return port
            try:
                two.bind(("127.0.0.1", port + 10_000))
            except (OSError, OverflowError):
                continue
            return port
