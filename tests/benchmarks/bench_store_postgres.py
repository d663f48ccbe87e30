"""The ledger in PostgreSQL: pairs of reserve and settle, beside designs that ask, decide and write from the client.

Clients are processes, each with one connection; the server is of this run alone and writes to a real disk.
"""

from __future__ import annotations

import multiprocessing
import sys
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

from rows import Row, show

sys.path.insert(0, str(Path(__file__).parent.parent))

from opentokenbudget.pools.orders import Entry, Order, Reserved, Span
from opentokenbudget.pools.stores.postgres import PostgresStore
from postgres_server import PostgresServer

CLIENTS = 16
SECONDS = 0.7
ROUNDS = 3
LIMIT = 500
ALWAYS = Span(0, None)
_FORK = multiprocessing.get_context("fork")


class OneCall:
    """Ours: one call for an operation."""

    def __init__(self, server: PostgresServer, schema: str) -> None:
        self._store = PostgresStore.open(server.url(schema, timeout=60, connections=1))

    def pair(self, id_: str, accounts: list[str], limit: int | None) -> bool:
        entries = tuple([Entry(account, 1, limit, "reserve", ALWAYS) for account in accounts])
        if not isinstance(self._store.reserve(Order(id_, "d", entries, 3_600_000_000)), Reserved):
            return False
        self._store.settle(id_, {})
        return True

    def close(self) -> None:
        self._store.close()


class Naive:
    """Select, compare, then update: each statement is a transaction of its own."""

    def __init__(self, server: PostgresServer, schema: str) -> None:
        import psycopg

        self._connection = psycopg.connect(server.conninfo(), autocommit=True, prepare_threshold=1)
        with self._connection.transaction():
            self._connection.execute("select pg_advisory_xact_lock(1)")
            self._connection.execute(f"create schema if not exists {schema}")
            self._connection.execute(f"set search_path = {schema}")
            self._connection.execute(
                "create table if not exists naive"
                " (account text primary key, settled numeric, reserved numeric) with (fillfactor = 50)"
            )

    def pair(self, id_: str, accounts: list[str], limit: int | None) -> bool:
        for account in accounts:
            self._seed(account)
        if not self._reserve(accounts, limit):
            return False
        for account in accounts:
            self._connection.execute(
                "update naive set reserved = reserved - 1, settled = settled + 1 where account = %s",
                (account,),
            )
        return True

    def close(self) -> None:
        self._connection.close()

    def _reserve(self, accounts: list[str], limit: int | None) -> bool:
        used = self._connection.execute(
            "select settled + reserved from naive where account = any(%s)", (accounts,)
        ).fetchall()
        if limit is not None and any(each + 1 > limit for (each,) in used):
            return False
        for account in accounts:
            self._connection.execute(
                "update naive set reserved = reserved + 1 where account = %s", (account,)
            )
        return True

    def _seed(self, account: str) -> None:
        if account not in (seeded := self.__dict__.setdefault("seeded", set())):
            self._connection.execute("insert into naive values (%s, 0, 0) on conflict do nothing", (account,))
            seeded.add(account)


class Locking(Naive):
    """The same in one transaction, the rows locked first: it does not overshoot."""

    def pair(self, id_: str, accounts: list[str], limit: int | None) -> bool:
        for account in accounts:
            self._seed(account)
        with self._connection.transaction():
            self._lock(accounts)
            if not self._reserve(accounts, limit):
                return False
        with self._connection.transaction():
            self._lock(accounts)
            for account in accounts:
                self._connection.execute(
                    "update naive set reserved = reserved - 1, settled = settled + 1 where account = %s",
                    (account,),
                )
        return True

    def _lock(self, accounts: list[str]) -> None:
        self._connection.execute(
            "select 1 from naive where account = any(%s) order by account for update", (accounts,)
        )


def _client(
    design: Any,
    server: PostgresServer,
    schema: str,
    number: int,
    hot: bool,
    limit: int | None,
    barrier: Any,
    out: Any,
) -> None:
    client = design(server, schema)
    accounts = [f"own-{number}", "root" if hot else f"second-{number}"]
    for count in range(20):
        client.pair(f"warm-{number}-{count}", [f"warm-{number}", f"warm-{number}-b"], None)
    barrier.wait()
    begun = perf_counter()
    held = count = 0
    while limit is not None or perf_counter() - begun < SECONDS:
        count += 1
        if client.pair(f"{number}-{count}", accounts, limit):
            held += 1
        else:
            break
    out.put(held)
    client.close()


def measured(
    design: Any, server: PostgresServer, schema: str, clients: int, hot: bool, limit: int | None = None
) -> int:
    """Return how many pairs `clients` did in `SECONDS`."""
    design(server, schema).close()
    barrier, out = _FORK.Barrier(clients), _FORK.Queue()
    processes = [
        _FORK.Process(target=_client, args=(design, server, schema, number, hot, limit, barrier, out))
        for number in range(clients)
    ]
    for process in processes:
        process.start()
    total = sum(out.get() for _ in processes)
    for process in processes:
        process.join()
    return total


def side_by_side(server: PostgresServer, clients: int, hot: bool) -> list[float]:
    """Return the microseconds of a pair in each design; their rounds alternate, so that a busy machine slows all."""
    found: dict[Any, list[int]] = {OneCall: [], Naive: [], Locking: []}
    for number in range(ROUNDS):
        for design, counts in found.items():
            schema = f"{design.__name__.lower()}{clients}{hot}{number}".lower()
            counts.append(measured(design, server, schema, clients, hot))
    return [SECONDS * 1e6 / median(counts) for counts in found.values()]


def main() -> list[Row]:
    """Measure, print and return the rows."""
    server = PostgresServer()
    rows = []
    try:
        for clients, hot in ((1, False), (CLIENTS, False), (CLIENTS, True)):
            where = "with one hot root pool" if hot else "with pools of their own"
            name = f"{clients} client{'s' if clients > 1 else ''} {where}: a pair"
            ours, naive, locking = side_by_side(server, clients, hot)
            # Alone, a client waits twice for the disk, which takes what it takes, in ours as in transactions.
            goal, most = ("<= 2 times", 2.0) if clients == 1 else ("faster", 1.0)
            rows += [
                Row(
                    name,
                    ours,
                    "us",
                    goal,
                    ours <= most * took,
                    peer,
                    took,
                    "the peer remembers no ids and no windows",
                )
                for peer, took in (
                    ("select, then update", naive),
                    ("select for update, in transactions", locking),
                )
            ]
        ours, naive = (
            measured(design, server, f"race{design.__name__}".lower(), CLIENTS, True, LIMIT)
            for design in (OneCall, Naive)
        )
        rows.append(
            Row(
                f"{CLIENTS} clients race for {LIMIT} of a hot root pool: admitted",
                ours,
                "",
                f"= {LIMIT}",
                ours == LIMIT,
                "select, then update",
                naive,
            )
        )
    finally:
        server.stop()
    show(rows)
    return rows


if __name__ == "__main__":
    main()
