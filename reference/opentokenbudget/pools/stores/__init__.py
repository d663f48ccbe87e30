"""Stores: what keeps a ledger. Each imports its own library when it is opened."""

from __future__ import annotations

from collections.abc import Callable

from .memory import MemoryStore
from .store import Store

__all__ = ["open_store"]


def open_store(url: str, clock: Callable[[], int]) -> Store:
    """Return the store that `url` names.

    Args:
        clock: of the stores of this machine, in nanoseconds since 1970; servers have their own.

    Raises:
        StoreUnavailable: nobody answers there.
        ValueError: no store has such a URL.
    """
    scheme = url.partition(":")[0]
    if url == "memory://":
        return MemoryStore(clock)
    if scheme == "sqlite":
        from .sqlite import SqliteStore

        return SqliteStore.open(url, clock)
    if scheme in ("redis", "rediss", "valkey"):
        from .redis import RedisStore

        return RedisStore.open(url)
    if scheme in ("postgresql", "postgres"):
        from .postgres import PostgresStore

        return PostgresStore.open(url)
    raise ValueError(
        f"`{scheme}:` is no store: memory://, sqlite:///FILE, redis://HOST or postgresql://HOST/DB"
    )
