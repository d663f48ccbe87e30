"""Stores: what keeps a ledger. Each imports its own library when it is opened."""

from __future__ import annotations

import re
from collections.abc import Callable

from .memory import MemoryStore
from .store import Store

_CONTROL = re.compile("[\x00-\x1f\x7f]")

__all__ = ["open_store"]


def open_store(url: str, clock: Callable[[], int], *, makes: bool = True) -> Store:
    """Return the store that `url` names.

    Args:
        clock: of the stores of this machine, in nanoseconds since 1970; servers have their own.
        makes: whether a ledger is made where there is none; else there must be one.

    Raises:
        StoreUnavailable: nobody answers there.
        ValueError: no store has such a URL.
    """
    if _CONTROL.search(url):
        raise ValueError("the URL of a store has a control character; in a name one is written as in `%0A`")
    scheme = url.partition(":")[0]
    if url == "memory://":
        return MemoryStore(clock)
    if scheme == "sqlite":
        from .sqlite import SqliteStore

        return SqliteStore.open(url, clock, makes=makes)
    if scheme in ("redis", "rediss", "valkey"):
        from .redis import RedisStore

        return RedisStore.open(url)
    if scheme in ("postgresql", "postgres"):
        from .postgres import PostgresStore

        return PostgresStore.open(url, makes=makes)
    raise ValueError(
        f"`{scheme}:` is no store: memory://, sqlite:///FILE, redis://HOST or postgresql://HOST/DB"
    )
