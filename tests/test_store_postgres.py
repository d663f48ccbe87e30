"""The store in PostgreSQL: the contract of all stores, and what is its own."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from opentokenbudget.pools.orders import Bucket, Refused, Reserved, Rolling, Span
from opentokenbudget.pools.stores.postgres import PostgresStore
from opentokenbudget.pools.stores.postgres_forms import plain_of, text_of
from opentokenbudget.pools.stores.store import HORIZON_US, StoreUnavailable
from store_contract import StoreContract
from store_histories import assert_ledger_says_so, history_of
from store_orders import HOUR_US, audit, balance_of, entry, now_of, order

if TYPE_CHECKING:
    from postgres_server import PostgresServer

pytest_plugins = ["postgres_server"]


class TestPostgresStore(StoreContract):
    """The contract, in PostgreSQL."""

    @pytest.fixture
    def empty(self, postgres: PostgresServer) -> Callable[[], PostgresStore]:
        """A store in a schema of its own."""
        return lambda: PostgresStore.open(postgres.url(timeout=20))


@pytest.fixture
def url(postgres: PostgresServer) -> str:
    """Of a schema that is not there yet."""
    return postgres.url(timeout=20)


@pytest.fixture
def store(url: str) -> Iterator[PostgresStore]:
    """An empty store."""
    found = PostgresStore.open(url)
    yield found
    found.close()


class Aside:
    """Somebody else in the schema of `url`, with two connections: one to ask, one to be in the way."""

    def __init__(self, postgres: PostgresServer, url: str) -> None:
        self._asking, self._holding = (
            psycopg.connect(postgres.conninfo(), autocommit=True) for _ in range(2)
        )
        schema = dict(parse_qsl(urlsplit(url).query))["schema"]
        for connection in (self._asking, self._holding):
            connection.execute(f"set search_path = {schema}")

    def do(self, statement: str) -> None:
        self._asking.execute(statement)

    def ask(self, statement: str) -> Any:
        (row,) = self._asking.execute(statement).fetchall()
        return row[0]

    def let_expire(self, condition: str) -> None:
        """Let reservations end a second after 1970."""
        self.do(f"update deadlines set expires_us = 1000000 where {condition}")
        self.do(f"update reservations set expires_us = 1000000 where {condition}")

    @contextmanager
    def holding(self, *accounts: str) -> Iterator[None]:
        """Be in the midst of an operation on `accounts`."""
        with self._holding.transaction():
            self._holding.execute("select lock_all(%s)", (list(accounts),))
            yield

    def wait_for_who_waits(self) -> None:
        """Return as soon as somebody waits for the lock of an account."""
        while not self.ask(
            "select exists (select from pg_locks where locktype = 'advisory' and not granted)"
        ):
            pass

    def close(self) -> None:
        self._asking.close()
        self._holding.close()


@pytest.fixture
def aside(postgres: PostgresServer, url: str, store: PostgresStore) -> Iterator[Aside]:
    """Somebody else in the schema of `store`."""
    found = Aside(postgres, url)
    yield found
    found.close()


def test_who_opens_an_empty_database_at_once_finds_one_ledger(postgres: PostgresServer) -> None:
    """Eight open it together; each can use it, and it was made once."""
    url = postgres.url(timeout=20)
    barrier = threading.Barrier(8)

    def spend(number: int) -> object:
        barrier.wait()
        store = PostgresStore.open(url)
        answer = store.reserve(order(f"{number}#1", entry(limit=5)))
        store.close()
        return type(answer)

    with ThreadPoolExecutor(8) as pool:
        found = Counter(pool.map(spend, range(8)))
    assert found == {Reserved: 5, Refused: 3}


def test_one_id_is_made_once_whoever_asks(url: str) -> None:
    """Of those who reserve one id together, on whatever accounts, one makes it and the others are told so."""
    stores = [PostgresStore.open(url) for _ in range(4)]
    for number in range(20):
        barrier = threading.Barrier(4)

        def ask(place: int, number: int = number, barrier: threading.Barrier = barrier) -> object:
            barrier.wait()
            answer = stores[place].reserve(
                order(f"{number}#1", entry(f"{place % 2}", limit=None), entry("common", limit=None))
            )
            assert isinstance(answer, Reserved)
            return answer.replayed

        with ThreadPoolExecutor(4) as pool:
            assert Counter(pool.map(ask, range(4))) == {False: 1, True: 3}
    audit(stores[0])
    for store in stores:
        store.close()


def test_orders_that_cross_never_block_each_other(url: str) -> None:
    """Accounts named in any order are locked in one: nobody is refused for a deadlock, and the sums are right."""
    stores = [PostgresStore.open(url) for _ in range(4)]
    names = ["a", "b", "c", "d"]

    def spend(place: int) -> None:
        mine = names[place:] + names[:place]
        for number in range(25):
            id_ = f"{place}-{number}#1"
            stores[place].reserve(order(id_, *(entry(name, limit=None) for name in mine)))
            stores[place].settle(id_, {mine[0]: 2})

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(spend, range(4)))
    assert [balance_of(stores[0], name).settled for name in names] == [125] * 4
    audit(stores[0])
    for store in stores:
        store.close()


@pytest.mark.parametrize("seed", range(5))
def test_who_asks_at_once_is_told_what_the_ledger_says(url: str, seed: int) -> None:
    """The answers of eight threads are those of the plain ledger, asked in the order of their instants."""
    stores = [PostgresStore.open(url) for _ in range(2)]
    assert_ledger_says_so(history_of(stores, seed), stores[0])
    for store in stores:
        store.close()


def test_what_is_due_on_an_account_counts_before_anything_else(store: PostgresStore, aside: Aside) -> None:
    """It is waited for while somebody is at another of its accounts."""
    store.reserve(order("a#1", entry("a", 10, on_expiry="release"), entry("b", 10)))
    with ThreadPoolExecutor(1) as pool:
        with aside.holding("b"):
            aside.let_expire("id = 'a#1'")
            waiting = pool.submit(store.reserve, order("a#2", entry("a", 10)))
            aside.wait_for_who_waits()
        answer = waiting.result()
    assert isinstance(answer, Reserved)
    assert answer.seen[0].reserved == 0
    audit(store)


def test_what_is_due_elsewhere_is_left_to_who_is_at_it(store: PostgresStore, aside: Aside) -> None:
    """Nobody waits for an account that is not his own."""
    store.reserve(order("a#1", entry("a", 10)))
    with aside.holding("a"):
        aside.let_expire("id = 'a#1'")
        assert isinstance(store.reserve(order("b#1", entry("b", 10))), Reserved)
        assert {each.id: each.state for each in store.reservations()} == {"a#1": "open", "b#1": "open"}
        assert store.look((entry("b"),)) == store.look((entry("b"),))
    assert store.sweep() == 1
    assert balance_of(store, "a").settled == 10


def test_a_backlog_is_worked_off(store: PostgresStore, aside: Aside) -> None:
    """One operation ends a hundred at most, and its own first; a sweep ends all that is left."""
    for number in range(130):
        store.reserve(order(f"{number}#1", entry("many", limit=None)))
    store.reserve(order("own#1", entry("own", 10, on_expiry="release")))
    aside.let_expire("true")
    aside.do("update deadlines set expires_us = 2000000 where id = 'own#1'")
    aside.do("update reservations set expires_us = 2000000 where id = 'own#1'")
    assert isinstance(store.reserve(order("own#2", entry("own", 10))), Reserved)
    assert store.sweep() == 31
    assert (balance_of(store, "many").settled, balance_of(store, "many").reserved) == (130, 0)
    audit(store)


def test_a_sweep_forgets_what_is_over(store: PostgresStore, aside: Aside) -> None:
    """After the horizon an ended id is new, and of the windows that nothing reaches only the latest stays."""
    now = now_of(store)
    long_ago = now - HORIZON_US - HOUR_US
    for number in range(3):
        store.reserve(
            order(f"{number}#1", entry(amount=number, period=Span(now - 3 + number, now + HOUR_US)))
        )
    store.reserve(order("rolling#1", entry("rolling", period=Rolling(HOUR_US, 100))))
    store.settle("0#1", {})
    store.settle("1#1", {})
    aside.do(f"update balances set over_us = {long_ago} where account = 'pool'")
    aside.do(f"update reservations set made_us = {long_ago}, expires_us = {long_ago} where state = 'settled'")
    assert store.sweep() == 0
    assert [(each.name, each.balance.reserved) for each in store.accounts()] == [("pool", 2), ("rolling", 1)]
    assert {each.id for each in store.reservations()} == {"2#1", "rolling#1"}
    again = store.reserve(order("0#1", entry(), digest="other"))
    assert isinstance(again, Reserved)
    assert not again.replayed


def test_a_rolling_window_is_kept_while_a_view_reaches_it(store: PostgresStore, aside: Aside) -> None:
    """A grain that is over for longer than the horizon still counts while the window is longer."""
    store.reserve(order("a#1", entry(period=Rolling(HOUR_US, 100))))
    reach = aside.ask("select over_us - start_us from balances")
    assert reach == 101 * HOUR_US


@pytest.mark.parametrize(
    "text", ["\0", "\1", "a\0b", "\ud800", "\ud7ff", "\ue000", "\x01\x02", "\ud7ff\u1000"]
)
def test_names_that_postgresql_cannot_keep_are_kept(store: PostgresStore, text: str) -> None:
    """No attribute that a caller can write makes the store fail, for failing may let a request pass."""
    answer = store.reserve(order(text, entry(text), memo=text, policy=text, revision=text))
    assert isinstance(answer, Reserved)
    assert answer.accounts == (text,)
    assert [each.name for each in store.accounts(text)] == [text]
    assert [(each.id, each.memo) for each in store.reservations()] == [(text, text)]
    assert store.settle(text, {text: 3}).charged == {text: 3}


@given(st.lists(st.text(st.characters(codec=None)), min_size=2, max_size=2))
def test_names_keep_their_order_and_come_back(texts: list[str]) -> None:
    """Texts are kept so that they compare and begin as they did."""
    first, second = texts
    assert plain_of(text_of(first)) == first
    assert (first < second) == (text_of(first).encode() < text_of(second).encode())
    assert text_of(first + second).startswith(text_of(first))


def test_a_name_that_no_index_takes_is_refused(store: PostgresStore) -> None:
    """Above 2000 bytes, before anything is asked."""
    store.reserve(order("a#1", entry("é" * 1000)))
    with pytest.raises(StoreUnavailable, match="longer than the 2000 bytes"):
        store.reserve(order("a#2", entry("é" * 1001)))


def test_large_figures_are_exact(store: PostgresStore) -> None:
    """Nothing passes through a binary fraction, not even the instant at which a bucket has room again."""
    vast = 10**30 + 1
    store.reserve(order("a#1", entry(amount=vast, limit=vast, period=Bucket(1, 1))))
    answer = store.reserve(order("a#2", entry(amount=vast, limit=vast, period=Bucket(1, 1))))
    assert isinstance(answer, Refused)
    (seen,) = answer.refusals
    assert seen.retry_us == answer.at_us + seen.settled
    assert vast - seen.settled < HOUR_US


def test_a_large_memo_is_kept(store: PostgresStore) -> None:
    """What does not fit into the buffers of a connection is sent and read in pieces."""
    memo = "é" * 2_000_000
    store.reserve(order("a#1", entry(), memo=memo))
    again = store.reserve(order("a#1", entry()))
    assert isinstance(again, Reserved)
    assert again.memo == memo
