"""The store in Redis where others are: who speaks another language, and who writes over what is kept."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from opentokenbudget.pools.stores.redis import RedisStore
from opentokenbudget.pools.stores.redis_links import Links, address_of
from opentokenbudget.pools.stores.store import StoreUnavailable
from store_orders import entry, order
from test_store_redis_faults import OPERATIONS, ask

if TYPE_CHECKING:
    from redis_server import RedisServer

pytest_plugins = ["redis_server"]


@pytest.fixture
def stranger() -> Iterator[str]:
    """Where somebody answers in the language of the web, whatever is said."""
    listener = socket.create_server(("127.0.0.1", 0))
    clients: list[socket.socket] = []

    def serve() -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            clients.append(client)
            client.sendall(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")

    serving = threading.Thread(target=serve)
    serving.start()
    yield f"redis://127.0.0.1:{listener.getsockname()[1]}?timeout=5"
    listener.shutdown(socket.SHUT_RDWR)
    serving.join()
    for each in (listener, *clients):
        each.close()


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("database", ["", "/3"])
def test_who_speaks_another_language_is_no_store(stranger: str, operation: str, database: str) -> None:
    """A port where a web server listens is as good as one where nobody does, and what it said is told."""
    store = RedisStore.open(stranger.replace("?", f"{database}?"))
    with pytest.raises(StoreUnavailable, match="H"):
        OPERATIONS[operation](store)
    store.close()


@pytest.mark.parametrize(
    "garbage", [b"", b"x", b"garbage" * 9, b"\xff" * 72], ids=["none", "one", "text", "nan"]
)
def test_a_damaged_row_is_named(redis_server: RedisServer, garbage: bytes) -> None:
    """Whatever somebody else wrote over a balance or a reservation, the store is unavailable, and says where."""
    url = redis_server.url()
    key = f"{{{address_of(url).namespace}}}:h"
    links = Links(address_of(url))
    for field in ("wpool", "ra#1"):
        store = RedisStore.open(url)
        store.sweep()
        ask(redis_server, "DEL", key)
        store.reserve(order("a#1", entry()))
        links.ask((b"HSET", key.encode(), field.encode(), garbage))
        messages = []
        for name in ("accounts", "reservations", "settle", "look", "extend", "reserve", "release", "sweep"):
            try:
                OPERATIONS[name](store)
            except StoreUnavailable as away:
                messages.append(str(away))
        assert messages
        assert any(key in message and field[1:] in message for message in messages), messages
        store.close()
    links.close()


@pytest.mark.parametrize("kind", ["SET", "LPUSH"])
def test_a_key_of_another_kind_is_unavailable(redis_server: RedisServer, kind: str) -> None:
    """Where somebody else keeps something under the store's key, each operation says what the server says."""
    url = redis_server.url()
    ask(redis_server, kind, f"{{{address_of(url).namespace}}}:h", "theirs")
    store = RedisStore.open(url)
    for name in ("reserve", "settle", "look", "grant", "reservations"):
        with pytest.raises(StoreUnavailable, match="WRONGTYPE"):
            OPERATIONS[name](store)
    store.close()
