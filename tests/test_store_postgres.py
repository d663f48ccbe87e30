"""The store in PostgreSQL: the contract of all stores, and what is its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from opentokenbudget.pools.stores.postgres import PostgresStore
from store_contract import StoreContract

if TYPE_CHECKING:
    from postgres_server import PostgresServer

pytest_plugins = ["postgres_server"]


class TestPostgresStore(StoreContract):
    """The contract, in PostgreSQL."""

    @pytest.fixture
    def empty(self, postgres: PostgresServer) -> Callable[[], PostgresStore]:
        """A store in a schema of its own."""
        return lambda: PostgresStore.open(postgres.url(timeout=20))
