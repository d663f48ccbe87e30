"""The store in PostgreSQL in trouble: servers that stop, crash or refuse, settings that lose, URLs that are wrong."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from opentokenbudget.pools.orders import Refused, Reserved
from opentokenbudget.pools.stores import open_store
from opentokenbudget.pools.stores.postgres import EDITION, PostgresStore, address_of
from opentokenbudget.pools.stores.store import StoreUnavailable
from store_orders import audit, balance_of, entry, order

if TYPE_CHECKING:
    from postgres_server import PostgresServer

pytest_plugins = ["postgres_server"]


@pytest.fixture
def url(postgres: PostgresServer) -> str:
    """Of a schema that is not there yet."""
    return postgres.url(timeout=20)


def schema_of(url: str) -> str:
    return address_of(url).schema


def asked(postgres: PostgresServer, statement: str) -> Any:
    """Return what the server answers to somebody else."""
    writing = "-c default_transaction_read_only=off"
    with psycopg.connect(postgres.conninfo(), autocommit=True, options=writing) as connection:
        cursor = connection.execute(statement)
        return cursor.fetchone() if cursor.description else None


def test_a_server_that_answers_nothing_keeps_nobody(postgres: PostgresServer) -> None:
    """While it is stopped every operation ends unavailable, and so does who opens; then ids tell what was done."""
    url = postgres.url(timeout=0.3)
    store = PostgresStore.open(url)
    store.reserve(order("a#1", entry(amount=3)))
    postgres.freeze()
    try:
        for act in (
            lambda: store.reserve(order("a#2", entry(amount=3))),
            lambda: store.settle("a#1", {}),
            lambda: store.look((entry(),)),
            lambda: list(store.accounts()),
            store.sweep,
            store.unfit_for_reserve,
            lambda: PostgresStore.open(url),
        ):
            with pytest.raises(StoreUnavailable):
                act()
    finally:
        postgres.thaw()
    store.close()
    store = PostgresStore.open(postgres.url(schema_of(url), timeout=20))
    assert isinstance(store.reserve(order("a#2", entry(amount=3))), Reserved)
    assert store.settle("a#1", {}).status in ("settled", "replayed")
    found = balance_of(store, "pool")
    assert (found.settled, found.reserved) == (3, 3)
    store.close()


def test_what_was_answered_survives_a_crash(postgres: PostgresServer) -> None:
    """A server that is killed in the midst of its work has on its disk whatever anybody was told."""
    url = postgres.url(timeout=20)
    stores = [PostgresStore.open(url) for _ in range(4)]
    for cycle in range(3):
        told: list[tuple[str, str]] = []
        begun = threading.Semaphore(0)

        def spend(place: int, cycle: int = cycle, told: list[Any] = told, begun: Any = begun) -> None:
            try:
                for number in range(100_000):
                    id_ = f"{cycle}-{place}-{number}#1"
                    stores[place].reserve(
                        order(id_, entry("root", limit=None), entry(f"own-{place}", limit=None))
                    )
                    told.append((id_, "open"))
                    begun.release()
                    stores[place].settle(id_, {})
                    told.append((id_, "settled"))
            except StoreUnavailable:
                begun.release()

        threads = [threading.Thread(target=spend, args=(place,)) for place in range(4)]
        for thread in threads:
            thread.start()
        for _ in range(60):
            begun.acquire()
        postgres.kill()
        for thread in threads:
            thread.join()
        postgres.start()
        found = {each.id: each.state for each in stores[0].reservations()}
        for id_, state in told:
            assert found.get(id_) in (state, "settled"), f"{id_} was {state}"
        audit(stores[0])
    for store in stores:
        store.close()


def test_a_standby_that_does_not_confirm_is_no_success(postgres: PostgresServer) -> None:
    """Where a commit has to reach a standby, nobody is told that it did when it did not."""
    url = postgres.url(timeout=0.5)
    store = PostgresStore.open(url)
    asked(postgres, "alter system set synchronous_standby_names = 'nobody'")
    try:
        asked(postgres, "select pg_reload_conf()")
        while asked(postgres, "show synchronous_standby_names") != ("nobody",):
            pass
        with pytest.raises(StoreUnavailable):
            store.reserve(order("a#1", entry()))
    finally:
        asked(postgres, "alter system reset synchronous_standby_names")
        asked(postgres, "select pg_reload_conf()")
    while asked(postgres, "show synchronous_standby_names") != ("",):
        pass
    answer = store.reserve(order("a#1", entry()))
    assert isinstance(answer, Reserved)
    assert answer.replayed
    store.close()


def test_a_connection_that_ended_meanwhile_is_replaced(postgres: PostgresServer, url: str) -> None:
    """Nobody is refused for a connection that the server closed while nobody used it."""
    store = PostgresStore.open(url)
    others = "from pg_stat_activity where pid <> pg_backend_pid() and usename = 'otb'"
    while asked(postgres, f"select count(pg_terminate_backend(pid)) {others}") != (0,):
        pass
    assert isinstance(store.reserve(order("a#1", entry())), Reserved)
    store.close()


def test_a_server_that_is_not_there_is_unavailable_at_once(tmp_path: Any) -> None:
    """Whoever is refused a connection does not wait, and is told why; no password is in the message."""
    with pytest.raises(StoreUnavailable) as caught:
        PostgresStore.open(f"postgresql://who:s3cret@/db?host={tmp_path}&timeout=1000")
    assert "s3cret" not in str(caught.value)
    assert "No such file or directory" in str(caught.value)
    assert caught.value.__suppress_context__


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"user": "n0body"}, 'role "n0body" does not exist'),
        ({"dbname": "nowhere"}, 'database "nowhere" does not exist'),
        ({"port": "1"}, "No such file or directory"),
    ],
)
def test_why_no_connection_is_taken_is_told(
    postgres: PostgresServer, changed: dict[str, str], said: str
) -> None:
    """In the words of the server or the driver, without the password."""
    query = urlencode({"host": conninfo_to_dict(postgres.conninfo())["host"], **changed})
    with pytest.raises(StoreUnavailable, match=said) as caught:
        PostgresStore.open(f"postgresql://otb:s3cret@/postgres?{query}")
    assert "s3cret" not in str(caught.value)


def test_a_ledger_that_is_not_there_is_not_made_for_who_looks(postgres: PostgresServer, url: str) -> None:
    """Nothing is created in the database where nothing is to be made."""
    with pytest.raises(StoreUnavailable, match=f"no ledger in the schema `{schema_of(url)}`"):
        open_store(url, lambda: 0, makes=False)
    assert asked(postgres, f"select to_regnamespace('{schema_of(url)}')") == (None,)
    PostgresStore.open(url).close()
    open_store(url, lambda: 0, makes=False).close()


@pytest.mark.parametrize("table", ["balances", "reservations"])
def test_a_table_that_is_gone_is_unavailable(postgres: PostgresServer, url: str, table: str) -> None:
    """What the server complains of is said by whoever lists, too."""
    store = PostgresStore.open(url)
    asked(postgres, f"drop table {schema_of(url)}.{table} cascade")
    with pytest.raises(StoreUnavailable, match=table):
        list(store.accounts() if table == "balances" else store.reservations())
    store.close()


def test_a_schema_that_is_gone_is_unavailable(postgres: PostgresServer, url: str) -> None:
    """What the server complains of is said, with its code."""
    store = PostgresStore.open(url)
    asked(postgres, f"drop schema {schema_of(url)} cascade")
    with pytest.raises(StoreUnavailable, match="PostgreSQL answers"):
        store.reserve(order("a#1", entry()))
    store.close()


def test_who_is_late_for_a_connection_is_told(postgres: PostgresServer) -> None:
    """When all connections are busy for longer than the timeout, that is what is said; the server gives up as well."""
    url = postgres.url(timeout=0.5, connections=1)
    store = PostgresStore.open(url)
    store.reserve(order("a#1", entry()))
    with psycopg.connect(postgres.conninfo()) as other:
        other.execute(f"set search_path = {schema_of(url)}")
        other.execute("select lock_all(array['pool'])")
        errors = []

        def ask() -> None:
            with pytest.raises(StoreUnavailable) as caught:
                store.settle("a#1", {})
            errors.append(str(caught.value))

        threads = [threading.Thread(target=ask) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert "PostgreSQL did not finish in time" in errors
    assert store.settle("a#1", {}).status in ("settled", "replayed")
    store.close()
    with pytest.raises(StoreUnavailable, match="closed"):
        store.settle("a#1", {})


def test_a_fork_has_connections_of_its_own(url: str) -> None:
    """A process that was forked with an open store can use it, and so can its parent."""
    code = (
        "import os, sys; sys.path.insert(0, sys.argv[2])\n"
        "from opentokenbudget.pools.stores.postgres import PostgresStore\n"
        "from store_orders import entry, order\n"
        "store = PostgresStore.open(sys.argv[1])\n"
        "child = os.fork()\n"
        "for number in range(20): store.reserve(order(f'{child == 0}-{number}#1', entry(limit=None)))\n"
        "if child == 0: store.close(); os._exit(0)\n"
        "assert os.waitpid(child, 0)[1] == 0\n"
        "store.reserve(order('last#1', entry(limit=None)))\n"
    )
    subprocess.run([sys.executable, "-W", "ignore", "-c", code, url, os.path.dirname(__file__)], check=True)
    store = PostgresStore.open(url)
    assert balance_of(store, "pool").reserved == 41
    store.close()


def test_a_server_that_loses_what_it_acknowledged_is_unfit(postgres: PostgresServer, url: str) -> None:
    """Without fsync or synchronous commits no `reserve` pool is kept, unless the URL takes the server as it is."""
    store = PostgresStore.open(url)
    assert store.unfit_for_reserve() is None
    store.close()
    asked(postgres, "alter role otb set synchronous_commit = off")
    try:
        store, careless = PostgresStore.open(url), PostgresStore.open(url + "&durability=server")
        assert "`synchronous_commit`" in (store.unfit_for_reserve() or "")
        assert careless.unfit_for_reserve() is None
        assert isinstance(store.reserve(order("a#1", entry())), Reserved)
        store.close()
        careless.close()
    finally:
        asked(postgres, "alter role otb reset synchronous_commit")


def test_settings_of_the_database_change_nothing(postgres: PostgresServer, url: str) -> None:
    """Operations run as they must, whatever a role has as its defaults."""
    odd = {
        "default_transaction_isolation": "serializable",
        "default_transaction_read_only": "on",
        "search_path": "pg_catalog",
        "client_encoding": "latin1",
        "bytea_output": "escape",
        "standard_conforming_strings": "on",
        "extra_float_digits": "0",
        "timezone": "'Asia/Kathmandu'",
    }
    for name, value in odd.items():
        asked(postgres, f"alter role otb set {name} = {value}")
    try:
        store = PostgresStore.open(url)
        assert isinstance(store.reserve(order("é#1", entry("é"))), Reserved)
        assert isinstance(store.reserve(order("é#2", entry("é", 10))), Refused)
        store.close()
    finally:
        asked(postgres, "alter role otb reset all")


def test_another_encoding_is_refused(postgres: PostgresServer) -> None:
    """A database that cannot keep every name is none for a ledger."""
    asked(postgres, "create database latin encoding 'LATIN1' template template0")
    with pytest.raises(StoreUnavailable, match="UTF8"):
        PostgresStore.open(postgres.url(database="latin", timeout=20))


def test_functions_follow_their_text_and_tables_their_edition(postgres: PostgresServer, url: str) -> None:
    """A text of the same edition replaces what stands there, under whoever uses it; a later edition is left alone."""
    store = PostgresStore.open(url)
    store.reserve(order("a#1", entry()))
    schema = schema_of(url)
    asked(postgres, f"update {schema}.edition set digest = 'other'")
    asked(postgres, f"drop function {schema}.clock_us")
    again = PostgresStore.open(url)
    assert store.settle("a#1", {}).status == "settled"
    assert again.settle("a#1", {}).status == "replayed"
    asked(postgres, f"update {schema}.edition set number = {EDITION + 1}")
    with pytest.raises(StoreUnavailable, match="a later version"):
        PostgresStore.open(url)
    store.close()
    again.close()


@pytest.mark.parametrize(
    ("query", "what"),
    [
        ("tiemout=3", "no parameter `tiemout`"),
        ("schema=A-b", "schema"),
        ("schema=" + "x" * 64, "schema"),
        ("timeout=0", "timeout"),
        ("timeout=1&timeout=2", "`timeout` stands in the URL twice"),
        ("timeout=-1", "timeout"),
        ("timeout=nan", "timeout"),
        ("timeout=", "timeout"),
        ("durability=none", "durability"),
        ("connections=0", "connections"),
        ("connections=many", "connections"),
    ],
)
def test_a_url_that_says_what_nobody_knows_is_refused(query: str, what: str) -> None:
    """The message names the parameter, and no part of the password."""
    with pytest.raises(ValueError, match=what) as caught:
        address_of(f"postgresql://who:s3cret@host/db?{query}")
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://who:s3cr[et@host/db",
        "postgresql://who:s3cret\u2100@host/db",
        "postgresql:who:s3cret",
        "postgresql://who:s3cret@localhost:abc/x",
        "postgresql://who:s3cret@localhost:99999/x",
        "postgresql://who:s3cret@one:5432,two:x/x",
        "postgresql://who:p@s3cret@host/x",
        "postgresql://who:p/s3cret@host/x",
        "postgresql://who:p@p/s3cret@host/x",
        "postgresql://who:p?s3cret@host/x",
        "postgresql://who:p#s3cret@host/x",
    ],
)
def test_a_url_that_is_none_is_refused(url: str) -> None:
    """Nothing of it is repeated."""
    with pytest.raises(ValueError, match="URL") as caught:
        address_of(url)
    assert "s3cr" not in str(caught.value)


def test_an_address_shows_no_password() -> None:
    """Not where a traceback shows its variables either; what libpq knows is left to it."""
    address = address_of("postgresql://who:s3cret@host/db?sslmode=require&schema=mine&timeout=0.5")
    assert "s3cret" not in repr(address)
    assert (address.schema, address.timeout_s) == ("mine", 0.5)
    assert address.conninfo == "postgresql://who:s3cret@host/db?sslmode=require"
