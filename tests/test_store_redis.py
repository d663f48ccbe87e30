"""The store in Redis or Valkey: the contract of all stores, and what is its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from opentokenbudget.pools.stores.redis import RedisStore
from store_contract import StoreContract

if TYPE_CHECKING:
    from redis_server import RedisServer

pytest_plugins = ["redis_server"]


class TestRedisStore(StoreContract):
    """The contract, in Valkey."""

    @pytest.fixture
    def empty(self, redis_server: RedisServer) -> Callable[[], RedisStore]:
        """A store in a namespace of its own."""
        return lambda: RedisStore.open(redis_server.url(timeout=20))
