"""The store in Redis or Valkey: the contract of all stores, and what is its own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opentokenbudget.pools.balances import Balance, drained, handed_on
from opentokenbudget.pools.orders import Bucket, Conflict, Idle, Reserved, Rolling, Span, StalePolicy
from opentokenbudget.pools.stores import redis as redis_store
from opentokenbudget.pools.stores.redis import RedisStore
from opentokenbudget.pools.stores.redis_forms import LARGEST
from opentokenbudget.pools.stores.redis_links import Links, address_of
from opentokenbudget.pools.stores.redis_replies import answer_of, ended_of
from opentokenbudget.pools.stores.store import StoreUnavailable
from store_contract import StoreContract
from store_orders import HOUR_US, PICO, audit, balance_of, entry, now_of, order

if TYPE_CHECKING:
    from redis_server import RedisServer

pytest_plugins = ["redis_server"]


class TestRedisStore(StoreContract):
    """The contract, in Valkey."""

    @pytest.fixture
    def empty(self, redis_server: RedisServer) -> Callable[[], RedisStore]:
        """A store in a namespace of its own."""
        return lambda: RedisStore.open(redis_server.url(timeout=20))


@pytest.fixture
def store(redis_server: RedisServer) -> Iterator[RedisStore]:
    """An empty store."""
    found = RedisStore.open(redis_server.url(timeout=20))
    yield found
    found.close()


def brief(redis_server: RedisServer, horizon_us: int) -> RedisStore:
    """Return an empty store that remembers ended reservations for `horizon_us`."""
    return RedisStore(address_of(redis_server.url(timeout=20)), horizon_us)


def sweep_until(store: RedisStore, is_done: Callable[[], bool]) -> None:
    """Sweep until it is so; what takes more than a few milliseconds never happens."""
    for _ in range(10_000):
        if is_done():
            return
        store.sweep()
    raise AssertionError("it is never so")


def size_of(store: RedisStore) -> int:
    """Return how many fields the hash of `store` has."""
    (found,) = store._links.ask((b"HLEN", store.forms.hash))
    return int(found)


def test_however_many_are_due_all_end(store: RedisStore) -> None:
    """Among many reservations of many lives exactly those have expired whose time had come at the last operation."""
    made = {}
    for number in range(150):
        life = (0, 200, HOUR_US, 1000)[number % 4]
        answer = store.reserve(order(f"{number}#1", entry(f"a{number % 7}", 1, None), expires_after_us=life))
        assert isinstance(answer, Reserved)
        made[f"{number}#1"] = answer.expires_us
        if number % 25 == 24:
            now = now_of(store)
            assert {known.id for known in store.reservations() if known.state == "expired"} == {
                id_ for id_, expires_us in made.items() if expires_us <= now
            }
    audit(store)


def test_one_sweep_ends_all(store: RedisStore) -> None:
    """However many have expired while nobody asked, a sweep ends and counts them."""
    commands = [
        store.forms.reserve(order(f"{number:032d}#1", entry("a", 1, None), expires_after_us=200_000))
        for number in range(400)
    ]
    answers = [answer_of(order("", entry("a")), reply) for reply in store.stream(commands)]
    last = max(answer.expires_us for answer in answers if isinstance(answer, Reserved))
    now = 0
    while now <= last:
        ((seconds, micros),) = store._links.ask((b"TIME",))
        now = int(seconds) * 10**6 + int(micros)
    before = sum(known.state == "expired" for known in store.reservations())
    assert store.sweep() == 400 - before
    assert {known.state for known in store.reservations()} == {"expired"}
    assert store.sweep() == 0
    assert (balance_of(store, "a").settled, balance_of(store, "a").reserved) == (400, 0)


def test_what_has_ended_is_forgotten_after_the_horizon(redis_server: RedisServer) -> None:
    """Then the id is new again and nothing of it stays; what is open is never forgotten."""
    store = brief(redis_server, 2000)
    store.reserve(order("open#1", entry(limit=None)))
    ids = [f"{number:032d}#1" for number in range(60)]
    for id_ in ids:
        store.reserve(order(id_, entry(limit=None), expires_after_us=1000))
        store.settle(id_, {"pool": 1})
    # Those that stand beside one that is open are kept for its sake.
    sweep_until(store, lambda: len(list(store.reservations())) <= 20)
    remembered = {known.id for known in store.reservations()}
    assert "open#1" in remembered
    forgotten = next(id_ for id_ in ids if id_ not in remembered)
    assert isinstance(store.reserve(order(forgotten, entry(limit=None), digest="other")), Reserved)
    assert balance_of(store, "pool").settled == 60


def test_nothing_stays_of_what_is_forgotten(redis_server: RedisServer) -> None:
    """When all have ended and the horizon has passed, the hash holds the balances and nothing else of them."""
    store = brief(redis_server, 100)
    for number in range(60):
        store.reserve(order(f"{number:032d}#1", entry(limit=None), expires_after_us=100))
    sweep_until(store, lambda: not list(store.reservations()))
    assert size_of(store) == 2, "the balance, and the chunk that has room"


def test_a_chunk_that_ends_before_it_is_full_is_forgotten_too(redis_server: RedisServer) -> None:
    """Whether the reservations that are written down together end before others follow or after, none is left over."""
    store = brief(redis_server, 1000)
    ids = [f"{number:032d}#1" for number in range(40)]
    for number, id_ in enumerate(ids):
        store.reserve(order(id_, entry(limit=None), expires_after_us=HOUR_US if number == 0 else 0))
        store.look([entry()])
    sweep_until(store, lambda: len(list(store.reservations())) <= 17)
    assert [known.state for known in store.reservations()].count("open") == 1


def test_older_windows_are_forgotten_after_the_horizon(redis_server: RedisServer) -> None:
    """Once they count nowhere and nobody holds anything in them; the latest stays, and what has no end."""
    store = brief(redis_server, 500)
    short = Rolling(50, 3)
    store.reserve(order("held#1", entry("rolling", 1, None, period=short)))
    for number in range(12):
        store.reserve(order(f"{number}#1", entry("rolling", 1, None, period=short)))
        store.settle(f"{number}#1", {})
        store.reserve(order(f"{number}#2", entry("session", 1, None, period=Idle(0))))
        store.settle(f"{number}#2", {})
    store.reserve(order("whole#1", entry("whole", 1, None)))
    store.reserve(order("whole#2", entry("whole", 1, None, period=Span(now_of(store), None))))
    sweep_until(
        store, lambda: len(list(store.accounts("rolling"))) <= 2 and len(list(store.accounts("session"))) == 1
    )
    assert sum(each.balance.reserved for each in store.accounts("rolling")) == 1
    store.release("held#1")
    sweep_until(store, lambda: len(list(store.accounts("rolling"))) == 1)
    assert len(list(store.accounts("whole"))) == 2


def test_grains_that_count_are_not_forgotten(redis_server: RedisServer) -> None:
    """A rolling window may be longer than the horizon: its oldest grain counts to the end."""
    store = brief(redis_server, 1)
    period = Rolling(1000, 1_000_000_000)
    for number in range(20):
        store.reserve(order(f"{number}#1", entry(amount=1, limit=None, period=period)))
        store.settle(f"{number}#1", {})
        store.sweep()
    while len(list(store.accounts())) < 3:
        store.reserve(order("more#1", entry(amount=0, limit=None, period=period)))
        store.release("more#1")
        store.sweep()
    (seen,) = store.look([entry(period=period)])
    assert not isinstance(seen, str)
    assert seen.settled == 20


def test_many_windows_are_read_in_order(store: RedisStore) -> None:
    """However many there are, each is yielded once, by name and start, those of a prefix alone."""
    now = now_of(store)
    names = ["a", "a\0", "a\0b", "a\x01", "ab", "é", "\ud800", "😀", *(f"n{number}" for number in range(600))]
    commands = [
        store.forms.reserve(order(f"{name}{start}#1", entry(name, 1, None, period=Span(start, None))))
        for name in names
        for start in (now - 5, now - 900, now - 2)
    ]
    for _ in store.stream(commands):
        pass
    found = [(each.name, each.start_us) for each in store.accounts()]
    assert found == sorted((name, start) for name in names for start in (now - 900, now - 5, now - 2))
    assert [each.name for each in store.accounts("a\0")] == ["a\0"] * 3 + ["a\0b"] * 3
    assert len(list(store.reservations())) == 3 * len(names)


def test_many_orders_may_be_under_way(store: RedisStore) -> None:
    """A stream of commands is answered in its order, as each alone would be."""
    orders = [order(f"{number}#1", entry(amount=1, limit=30), entry("b", 1, None)) for number in range(101)]
    replies = list(store.stream(map(store.forms.reserve, orders), depth=10))
    answers = [answer_of(asked, reply) for asked, reply in zip(orders, replies, strict=True)]
    assert [isinstance(answer, Reserved) for answer in answers] == [True] * 30 + [False] * 71
    settled = [store.forms.settle(asked.id, {"pool": 1, "b": 0}) for asked in orders]
    ended = [ended_of({"pool": 1, "b": 0}, reply).status for reply in store.stream(settled, depth=1)]
    assert ended == ["settled"] * 30 + ["unknown"] * 71


def test_revisions_compare_by_their_bytes(store: RedisStore) -> None:
    """The server's locale has no say: small letters come after capitals, and nothing is skipped."""
    for number, (older, newer) in enumerate(
        [("B", "a"), ("1-", "1."), ("1", "1~"), ("_a", "a"), ("Z", "é"), ("1.10", "1.2")]
    ):
        policy = f"p{number}"
        for revision, is_stale in ((newer, False), (older, True), (newer, False)):
            answer = store.reserve(order(f"{policy}{revision}#1", entry(), policy=policy, revision=revision))
            assert isinstance(answer, StalePolicy) is (is_stale and older < newer), (older, newer)


def test_an_amount_that_cannot_be_counted_is_refused(store: RedisStore) -> None:
    """Beyond 10¹⁵ nothing is sent, and up to it everything is exact."""
    with pytest.raises(StoreUnavailable, match="more than Redis can count"):
        store.reserve(order("a#1", entry(amount=LARGEST + 1)))
    assert isinstance(store.reserve(order("a#1", entry(amount=LARGEST - 1, limit=LARGEST))), Reserved)
    assert not isinstance(store.reserve(order("a#2", entry(amount=2, limit=LARGEST))), Reserved)
    assert isinstance(store.reserve(order("a#3", entry(amount=1, limit=LARGEST))), Reserved)
    assert balance_of(store, "pool").reserved == LARGEST


@pytest.mark.parametrize(
    "digest", ["sha256:" + "0a" * 32, "sha256:" + "0A" * 32, "", "#", "=", "\0", "x" * 32]
)
def test_a_digest_comes_back_as_it_was(store: RedisStore, digest: str) -> None:
    """However it is kept, the same is replayed and another is a conflict."""
    for _ in range(2):
        assert isinstance(store.reserve(order("a#1", entry(), digest=digest)), Reserved)
    assert isinstance(store.reserve(order("a#1", entry(), digest=f"{digest}a")), Conflict)
    assert [known.digest for known in store.reservations()] == [digest]


def test_a_child_has_connections_of_its_own(redis_server: RedisServer) -> None:
    """After a fork both use the store, and neither reads what the other was answered."""
    program = """
import os, sys
from opentokenbudget.pools.orders import Entry, Order, Reserved, Span
from opentokenbudget.pools.stores.redis import RedisStore
store = RedisStore.open(sys.argv[1])
store.sweep()
child = os.fork()
for number in range(50):
    id_ = f"{child == 0}-{number}#1"
    answer = store.reserve(Order(id_, "d", (Entry("a", 1, None, "reserve", Span(0, None)),), 10**9, id_))
    assert isinstance(answer, Reserved) and not answer.replayed and store.settle(id_, {"a": 1}).charged == {"a": 1}
if child == 0:
    os._exit(0)
sys.exit(os.waitpid(child, 0)[1])
"""
    url = redis_server.url()
    done = subprocess.run([sys.executable, "-c", program, url], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert balance_of(RedisStore.open(url), "a").settled == 100


_AMOUNTS = st.one_of(
    st.integers(0, 3), st.integers(0, 5 * PICO), st.integers(0, LARGEST), st.just(PICO), st.just(PICO - 1)
)


@pytest.fixture(scope="session")
def reckoned(redis_server: RedisServer) -> Callable[..., list[int]]:
    """Arithmetic of the server's functions, as a call from numbers to numbers."""
    folder = Path(redis_store.__file__).parent / "redis_lua"
    text = "\n".join((folder / f"{name}.lua").read_text(encoding="utf-8") for name in ("rows", "windows"))
    text = f"""#!lua name=reckoned
local LIBRARY = 'reckoned'
{text}
local function answer(...)
  local found = {{ ... }}
  for i = 1, #found do found[i] = format('%.0f', found[i]) end
  return found
end
local function reckon(operation)
  return function(keys, argv)
    bind()
    local given = {{}}
    for i = 1, #argv do given[i] = tonumber(argv[i]) end
    return answer(operation(unpack(given)))
  end
end
redis.register_function('flowed', reckon(flowed))
redis.register_function('handed_on', reckon(function(from, sw, sp, rw, rp, gw, gp, bw, bp, till, lw, lp, cw, cp, carry)
  local latest = row_of(0, sw, sp, rw, rp, 0, 0, gw, gp, bw, bp, till, 0)
  return handed_on(latest, from, lw, lp, cw, cp, carry)
end))
"""
    links = Links(address_of(redis_server.url(timeout=20)))
    links.ask((b"FUNCTION", b"LOAD", b"REPLACE", text.encode()))

    def call(name: str, *numbers: float) -> list[int]:
        (found,) = links.ask((b"FCALL", name.encode(), b"0", *[repr(number).encode() for number in numbers]))
        return [int(number) for number in found]

    return call


@given(_AMOUNTS, _AMOUNTS, st.one_of(st.integers(-2, 5), st.integers(0, 2**51)))
@settings(max_examples=300)
def test_what_flows_back_is_exact(reckoned: Any, settled: int, refill: int, ticks: int) -> None:
    """A bucket is drained by its refill times the ticks, to the last 10⁻¹² and never below nothing."""
    whole, parts = reckoned("flowed", *divmod(settled, PICO), *divmod(refill, PICO), ticks)
    assert whole * PICO + parts == drained(Balance(settled), Bucket(refill, 1), ticks).settled


@given(
    settled=_AMOUNTS,
    reserved=_AMOUNTS,
    granted=st.one_of(_AMOUNTS, _AMOUNTS.map(lambda amount: -amount)),
    limits=st.tuples(st.none() | _AMOUNTS, st.none() | _AMOUNTS),
    rollover=st.none() | _AMOUNTS,
    carry=st.booleans(),
    gap=st.booleans(),
)
@settings(max_examples=300)
def test_what_is_handed_on_is_exact(
    reckoned: Any,
    settled: int,
    reserved: int,
    granted: int,
    limits: tuple[int | None, int | None],
    rollover: int | None,
    carry: bool,
    gap: bool,
) -> None:
    """A window hands on what the ledger says, to the last 10⁻¹²."""

    def limbs(amount: int | None) -> tuple[float, float]:
        return (float("inf"), 0) if amount is None else divmod(amount, PICO)

    before, limit = limits
    whole, parts = reckoned(
        "handed_on",
        7,
        *limbs(settled),
        *limbs(reserved),
        *limbs(granted),
        *limbs(before),
        6 if gap else 7,
        *limbs(limit),
        *limbs(rollover or 0),
        int(carry),
    )
    balance = Balance(settled, reserved, 0, granted, before)
    assert whole * PICO + parts == handed_on(None if gap else balance, gap, limit, rollover, carry)


@given(amount=_AMOUNTS, actual=_AMOUNTS, granted=_AMOUNTS.map(lambda amount: -amount) | _AMOUNTS)
@settings(max_examples=100)
def test_amounts_are_exact(redis_server: RedisServer, amount: int, actual: int, granted: int) -> None:
    """What is reserved, settled and granted is counted to the last 10⁻¹², and so is the room that is left."""
    store = RedisStore.open(redis_server.url())
    store.grant(entry("a", granted, LARGEST))
    room = LARGEST + granted
    assert isinstance(store.reserve(order("a#1", entry("a", amount, LARGEST))), Reserved) is (
        amount == 0 or amount <= room
    )
    store.reserve(order("a#2", entry("a", amount, None, gate="open")))
    ended = store.settle("a#2", {"a": actual})
    assert ended.overrun == ({"a": actual - amount} if actual > amount else {})
    found = balance_of(store, "a")
    assert (found.settled, found.granted, found.overrun) == (actual, granted, max(0, actual - amount))
    left = room - actual - found.reserved
    if 0 < left < LARGEST:
        assert not isinstance(store.reserve(order("a#3", entry("a", left + 1, LARGEST))), Reserved)
        assert isinstance(store.reserve(order("a#3", entry("a", left, LARGEST))), Reserved)
    store.close()
