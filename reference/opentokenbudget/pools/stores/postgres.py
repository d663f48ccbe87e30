"""The ledger in PostgreSQL: for many machines, durable, one round trip for an operation.

What an operation does stands in postgres_sql/; here it is asked for, and waited for no longer than the timeout.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from time import monotonic
from typing import Any

from psycopg import pq

from ..ledger import Reservation
from ..orders import Answer, Ended, Entry, Order, Seen, WrongWindow
from .postgres_address import Address, address_of
from .postgres_forms import (
    account_of,
    actuals_asked,
    answer_of,
    asked,
    ended_of,
    entry_asked,
    key_of,
    reservation_of,
    seen_of,
    text_of,
)
from .postgres_links import Link, Links
from .store import HORIZON_US, Account, StoreUnavailable

EDITION = 1
"""Of the tables. It is raised when programs that know the one before can use them no more."""

_FILES = ("tables", "balances", "operations")
_PAGE = 2000
# The transaction was certainly rolled back: serialization failure, deadlock.
_SAFE_TO_REPEAT = {"40001", "40P01"}
_NO_SUCH_TABLE = {"42P01", "3F000"}

_RUN = b"call run($1::text, $2::jsonb, null)"
_ACCOUNTS = b"""
select coalesce(json_agg(row), '[]') from (
  select json_build_array(account, start_us, settled, reserved, overrun, granted, ceiling, until_us, mark) as row
  from balances where account ^@ $1::text and (account, start_us) > ($2::text, $3::bigint)
  order by account, start_us limit $4::integer) page"""
_RESERVATIONS = b"""
select coalesce(json_agg(row), '[]') from (
  select json_build_array(id, digest, memo, made_us, expires_us, state, accounts, held) as row
  from reservations where id > $1::text order by id limit $2::integer) page"""
_BEFORE_ALL = -(2**63)


class PostgresStore:
    """Balances in a schema of a PostgreSQL database, which is created when it is not there."""

    def __init__(self, address: Address, *, makes: bool = True) -> None:
        self._address = address
        self._links = Links(address.conninfo, address.connections, address.timeout_s, self._greet)
        try:
            self._establish(makes)
        except BaseException:
            self._links.close()
            raise

    @classmethod
    def open(cls, url: str, *, makes: bool = True) -> PostgresStore:
        """Return the ledger at `url`.

        `postgresql://user:password@host:port/database?timeout=2&schema=otb&durability=disk&connections=8`, and
        whatever else libpq takes: `sslmode`, a `host` that is a folder of sockets, ….

        Args:
            makes: whether the ledger is made where there is none.

        Raises:
            ValueError: the URL says something that nobody knows.
            StoreUnavailable: the server did not answer in time, or not as it should.
        """
        return cls(address_of(url), makes=makes)

    def reserve(self, order: Order) -> Answer:
        return answer_of(self._run("reserve", asked(order)))

    def look(self, entries: Sequence[Entry]) -> tuple[Seen, ...] | WrongWindow:
        found = self._run("look", {"entries": [entry_asked(entry) for entry in entries]})
        return seen_of(found["seen"]) if found["is"] == "seen" else WrongWindow(found["at"])

    def settle(self, id_: str, actuals: Mapping[str, int]) -> Ended:
        return ended_of(self._run("settle", {"id": text_of(id_), "actuals": actuals_asked(actuals)}))

    def release(self, id_: str) -> Ended:
        return ended_of(self._run("release", {"id": text_of(id_)}))

    def extend(self, id_: str, expires_after_us: int) -> Ended:
        return ended_of(self._run("extend", {"id": text_of(id_), "life": expires_after_us}))

    def grant(self, entry: Entry) -> Ended:
        return ended_of(self._run("grant", {"entries": [entry_asked(entry)]}))

    def sweep(self) -> int:
        total = 0
        while count := self._run("sweep", {})["ended"]:
            total += count
        while self._run("forget", {"horizon": HORIZON_US})["forgotten"]:
            pass
        after: list[Any] | None = [_BEFORE_ALL, ""]
        while after is not None:
            after = self._run("forget", {"horizon": HORIZON_US, "after": after})["after"]
        return total

    def accounts(self, prefix: str = "") -> Iterator[Account]:
        last: tuple[str, int] = ("", _BEFORE_ALL)
        while page := self._page(_ACCOUNTS, key_of(prefix), *last, _PAGE):
            yield from map(account_of, page)
            if len(page) < _PAGE:
                return
            last = (page[-1][0], page[-1][1])

    def reservations(self) -> Iterator[Reservation]:
        last = ""
        while page := self._page(_RESERVATIONS, last, _PAGE):
            yield from map(reservation_of, page)
            if len(page) < _PAGE:
                return
            last = page[-1][0]

    def unfit_for_reserve(self) -> str | None:
        """Return why pools with enforcement `reserve` cannot be kept here, None when they can."""
        if self._address.durability == "server":
            return None
        (settings,) = self._page(
            b"select json_build_array(json_build_object('fsync', current_setting('fsync'),"
            b" 'synchronous_commit', current_setting('synchronous_commit')))"
        )
        off = [f"`{name}`" for name, value in settings.items() if value == "off"]
        if not off:
            return None
        return (
            f"{' and '.join(off)} of the PostgreSQL server is off: a crash may lose what was acknowledged;"
            " set it to on, or open the store with `durability=server` and accept the loss"
        )

    def close(self) -> None:
        self._links.close()

    def _run(self, operation: str, ask: dict[str, Any]) -> Any:
        """Return what the operation answers; done as a whole, or unknown when this raises."""
        params = [operation.encode(), json.dumps(ask, ensure_ascii=False).encode()]
        deadline = monotonic() + self._address.timeout_s
        link = self._links.take(deadline)
        try:
            while True:
                if not link.prepared:
                    _checked(link.exchange(lambda: link.pgconn.send_prepare(b"run", _RUN), deadline))
                    link.prepared = True
                result = link.exchange(lambda: link.pgconn.send_query_prepared(b"run", params), deadline)
                if _sqlstate(result) not in _SAFE_TO_REPEAT:
                    break
        except BaseException:
            self._links.drop(link)
            raise
        self._links.give_back(link)
        return _json(result)

    def _page(self, statement: bytes, *params: str | int) -> Any:
        deadline = monotonic() + self._address.timeout_s
        link = self._links.take(deadline)
        encoded = [str(param).encode() for param in params]
        try:
            result = link.exchange(lambda: link.pgconn.send_query_params(statement, encoded), deadline)
        except BaseException:
            self._links.drop(link)
            raise
        self._links.give_back(link)
        return _json(result)

    def _greet(self, link: Link, deadline: float) -> None:
        """Set what the operations rely on, whatever the defaults of the server, the database or the role."""
        # The server gives up first, so that a slow operation is rolled back and the connection stays.
        timeout_ms = max(1, int(self._address.timeout_s * 900))
        settings = {
            "client_encoding": "'UTF8'",
            "search_path": f'"{self._address.schema}"',
            "statement_timeout": timeout_ms,
            "default_transaction_isolation": "'read committed'",
            "default_transaction_read_only": "off",
            "client_min_messages": "warning",
            "plan_cache_mode": "force_generic_plan",
            # Tables that were empty when a plan was made would be read whole for ever after.
            "enable_seqscan": "off",
            "jit": "off",
        }
        text = ";".join(f"set {name} = {value}" for name, value in settings.items())
        _checked(link.exchange(lambda: link.pgconn.send_query(text.encode()), deadline))
        if link.pgconn.parameter_status(b"server_encoding") != b"UTF8":
            raise StoreUnavailable("the database is not encoded in UTF8, so it cannot keep every name")

    def _establish(self, makes: bool) -> None:
        """Create the schema with what stands in it, or bring it up to date; whoever comes second waits.

        Args:
            makes: whether it is created.
        """
        folder = Path(__file__).parent / "postgres_sql"
        text = "\n".join((folder / f"{name}.sql").read_text(encoding="utf-8") for name in _FILES)
        digest = sha256(text.encode()).hexdigest()
        deadline = monotonic() + self._address.timeout_s
        link = self._links.take(deadline)

        def ask(statement: str) -> pq.abc.PGresult:
            return link.exchange(lambda: link.pgconn.send_query(statement.encode()), deadline)

        try:
            schema = self._address.schema
            found = ask("select number, digest from edition")
            if not makes and _sqlstate(found) in _NO_SUCH_TABLE:
                raise StoreUnavailable(f"there is no ledger in the schema `{schema}`")
            if not self._is_current(found, digest):
                _checked(ask(f"begin; select pg_advisory_xact_lock(hashtextextended('otb.{schema}', 0))"))
                is_there = _checked(ask(f"select to_regnamespace('{schema}') is not null")).get_value(0, 0)
                if is_there != b"t":
                    _checked(ask(f'create schema "{schema}"'))
                has_tables = _checked(ask(f"select to_regclass('{schema}.edition') is not null")).get_value(
                    0, 0
                )
                if has_tables != b"t" or not self._is_current(
                    ask("select number, digest from edition"), digest
                ):
                    _checked(ask(text))
                    _checked(ask(f"delete from edition; insert into edition values ({EDITION}, '{digest}')"))
                _checked(ask("commit"))
        except BaseException:
            self._links.drop(link)
            raise
        self._links.give_back(link)

    def _is_current(self, result: pq.abc.PGresult, digest: str) -> bool:
        if _sqlstate(result) in _NO_SUCH_TABLE or _checked(result).ntuples == 0:
            return False
        number = int(result.get_value(0, 0) or b"0")
        if number > EDITION:
            raise StoreUnavailable(
                f"the ledger was made by a later version: its tables are of edition {number},"
                f" this program knows {EDITION}"
            )
        return number == EDITION and result.get_value(0, 1) == digest.encode()


def _sqlstate(result: pq.abc.PGresult) -> str | None:
    code = result.error_field(pq.DiagnosticField.SQLSTATE)
    return None if code is None else code.decode()


def _checked(result: pq.abc.PGresult) -> pq.abc.PGresult:
    """Return `result`, or raise what it complains of."""
    if result.status in (pq.ExecStatus.TUPLES_OK, pq.ExecStatus.COMMAND_OK):
        return result
    code = _sqlstate(result)
    if code == "57014":
        raise StoreUnavailable("PostgreSQL did not finish in time")
    said = result.error_field(pq.DiagnosticField.MESSAGE_PRIMARY) or b""
    raise StoreUnavailable(f"PostgreSQL answers {code}: {said.decode(errors='replace')}")


def _json(result: pq.abc.PGresult) -> Any:
    return json.loads(_checked(result).get_value(0, 0) or b"null")
