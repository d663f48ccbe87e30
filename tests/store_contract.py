"""What every store must do, as tests that each store's own module inherits.

A subclass gives the fixture `store`: an empty one, whose clock runs. Time is never waited for: windows are cut around
the store's own instant, and grains and ticks last a few microseconds.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from opentokenbudget.pools import ledger
from opentokenbudget.pools.balances import Balance
from opentokenbudget.pools.ledger import Reservation
from opentokenbudget.pools.orders import (
    Bucket,
    Conflict,
    Entry,
    Idle,
    Order,
    Refused,
    Reserved,
    Rolling,
    Seen,
    Span,
    StalePolicy,
    WrongWindow,
)
from opentokenbudget.pools.stores.store import Store

ALWAYS = Span(0, None)
HOUR_US = 3600 * 1_000_000
PICO = 10**12
LARGEST = 10**9 * PICO


def entry(account: str = "pool", amount: int = 1, limit: int | None = 10, **more: Any) -> Entry:
    """Return an entry that most tests can use."""
    return Entry(account, amount, limit, more.pop("gate", "reserve"), more.pop("period", ALWAYS), **more)


def order(
    id_: str, *entries: Entry, digest: str = "d", expires_after_us: int = HOUR_US, **more: Any
) -> Order:
    """Return an order that lives for an hour."""
    return Order(id_, digest, entries, expires_after_us, **more)


def now_of(store: Store) -> int:
    """Return the store's own instant."""
    answer = store.reserve(order("now", entry("now", 1, 0)))
    assert isinstance(answer, Refused)
    return answer.at_us


def balance_of(store: Store, account: str) -> Balance:
    """Return the only window of `account`."""
    (found,) = [each.balance for each in store.accounts(account) if each.name == account]
    return found


class StoreContract:
    """Every rule of a store, in one sentence each."""

    def test_what_fits_is_held_until_it_is_settled(self, store: Store) -> None:
        """A bound is reserved, its settlement is charged, and the rest comes back."""
        answer = store.reserve(order("a#1", entry(amount=7)))
        assert isinstance(answer, Reserved)
        assert answer.seen == (Seen("pool", 0, 0, 0, 0, None),)
        assert answer.expires_us == answer.at_us + HOUR_US
        assert (balance_of(store, "pool").settled, balance_of(store, "pool").reserved) == (0, 7)
        ended = store.settle("a#1", {"pool": 5})
        assert (ended.status, ended.charged, ended.overrun) == ("settled", {"pool": 5}, {})
        assert (balance_of(store, "pool").settled, balance_of(store, "pool").reserved) == (5, 0)

    def test_what_does_not_fit_changes_nothing(self, store: Store) -> None:
        """One pool without room refuses the whole order, at whatever position it stands, and all such are named."""
        store.reserve(order("a#1", entry("b", 8), entry("d", 9)))
        before = list(store.accounts())
        names = ["a", "b", "c", "d"]
        answer = store.reserve(order("a#2", *(entry(name, 3) for name in names)))
        assert isinstance(answer, Refused)
        assert [(seen.account, seen.settled, seen.reserved) for seen in answer.refusals] == [
            ("b", 0, 8),
            ("d", 0, 9),
        ]
        assert list(store.accounts()) == before
        assert isinstance(store.reserve(order("a#2", entry("a", 3))), Reserved), "a refusal is not remembered"

    @pytest.mark.parametrize(
        ("limit", "amount", "is_held"),
        [
            (10, 10, True),
            (10, 11, False),
            (0, 1, False),
            (0, 0, True),
            (None, LARGEST * 1000, True),
            (1, 1, True),
            (LARGEST, LARGEST, True),
            (LARGEST, LARGEST + 1, False),
        ],
    )
    def test_the_limit_itself_is_within(
        self, store: Store, limit: int | None, amount: int, is_held: bool
    ) -> None:
        """What fills a limit exactly fits, from 10⁻¹² to 10⁹; null is unlimited, and 0 takes nothing but nothing."""
        answer = store.reserve(order("a#1", entry(amount=amount, limit=limit)))
        assert isinstance(answer, Reserved) is is_held
        if is_held:
            assert balance_of(store, "pool").reserved == amount
            store.settle("a#1", {"pool": amount})
            assert balance_of(store, "pool").settled == amount

    def test_the_same_id_is_the_same_reservation(self, store: Store) -> None:
        """Asked again it is replayed with its memo and holds nothing twice; with another digest it is a conflict."""
        first = store.reserve(order("a#1", entry(amount=6), memo="large"))
        again = store.reserve(order("a#1", entry(amount=6), memo="small"))
        assert isinstance(first, Reserved)
        assert isinstance(again, Reserved)
        assert (again.replayed, again.memo, again.state, again.accounts) == (True, "large", "open", ("pool",))
        assert again.expires_us == first.expires_us
        assert isinstance(store.reserve(order("a#1", entry(amount=6), digest="other")), Conflict)
        assert balance_of(store, "pool").reserved == 6

    def test_an_id_is_charged_once(self, store: Store) -> None:
        """The same settlement is replayed, another is a conflict, and neither charges anything."""
        store.reserve(order("a#1", entry(amount=6)))
        store.settle("a#1", {"pool": 4})
        assert store.settle("a#1", {"pool": 4}).status == "replayed"
        assert store.settle("a#1", {"pool": 5}).status == "conflict"
        assert store.release("a#1").status == "conflict"
        assert store.extend("a#1", HOUR_US).status == "conflict"
        assert store.settle("b#1", {"pool": 5}).status == "unknown"
        assert store.release("b#1").status == "unknown"
        assert balance_of(store, "pool").settled == 4

    def test_what_exceeds_the_bound_is_overrun(self, store: Store) -> None:
        """It is charged openly, above the limit too, and counted beside."""
        store.reserve(order("a#1", entry(amount=6)))
        ended = store.settle("a#1", {"pool": 16})
        assert (ended.charged, ended.overrun) == ({"pool": 16}, {"pool": 10})
        found = balance_of(store, "pool")
        assert (found.settled, found.reserved, found.overrun) == (16, 0, 10)
        assert isinstance(store.reserve(order("a#2", entry(amount=1))), Refused)
        assert isinstance(store.reserve(order("a#3", entry(amount=0))), Reserved)

    def test_a_release_gives_all_back(self, store: Store) -> None:
        """Twice is once; what is settled after it is late, and all of it overrun."""
        store.reserve(order("a#1", entry(amount=6)))
        assert store.release("a#1").status == "released"
        assert store.release("a#1").status == "replayed"
        assert balance_of(store, "pool").reserved == 0
        ended = store.settle("a#1", {"pool": 4})
        assert (ended.status, ended.charged, ended.overrun) == ("late", {"pool": 4}, {"pool": 4})
        assert store.settle("a#1", {"pool": 4}).status == "replayed"
        found = balance_of(store, "pool")
        assert (found.settled, found.reserved, found.overrun) == (4, 0, 4)

    @pytest.mark.parametrize(("on_expiry", "charged"), [("charge", 6), ("release", 0)])
    def test_every_reservation_ends(self, store: Store, on_expiry: Any, charged: int) -> None:
        """One that nobody ends expires, and is charged its bound unless the pool releases it; more comes late."""
        store.reserve(order("a#1", entry(amount=6, on_expiry=on_expiry), expires_after_us=0))
        store.sweep()
        found = balance_of(store, "pool")
        assert (found.settled, found.reserved, found.overrun) == (charged, 0, 0)
        assert store.release("a#1").status == "expired"
        assert store.extend("a#1", HOUR_US).status == "expired"
        assert store.settle("a#1", {"pool": 8}).status == "late"
        found = balance_of(store, "pool")
        assert (found.settled, found.overrun) == (8, 8 - charged)
        assert store.settle("a#1", {"pool": 8}).status == "replayed"

    def test_a_late_settlement_below_the_charge_gives_nothing_back(self, store: Store) -> None:
        """What expired was charged; a smaller figure afterwards changes nothing."""
        store.reserve(order("a#1", entry(amount=6), expires_after_us=0))
        assert store.settle("a#1", {"pool": 2}).status == "late"
        found = balance_of(store, "pool")
        assert (found.settled, found.overrun) == (6, 0)
        assert store.settle("a#1", {"pool": 2}).status == "replayed"

    def test_an_extension_keeps_it_alive(self, store: Store) -> None:
        """It counts from now, and never shortens."""
        first = store.reserve(order("a#1", entry(), expires_after_us=HOUR_US))
        assert isinstance(first, Reserved)
        longer = store.extend("a#1", 2 * HOUR_US)
        assert longer.status == "extended"
        assert longer.expires_us == longer.at_us + 2 * HOUR_US
        assert store.extend("a#1", 0).expires_us == longer.expires_us

    def test_a_window_is_half_open_by_the_clock_of_the_store(self, store: Store) -> None:
        """A window that has ended or has not begun is the wrong one, and the answer says what time it is."""
        now = now_of(store)
        for period in (
            Span(now - HOUR_US, now),
            Span(now + HOUR_US, now + 2 * HOUR_US),
            Span(now + HOUR_US, None),
        ):
            answer = store.reserve(order("a#1", entry(period=period)))
            assert isinstance(answer, WrongWindow)
            assert answer.at_us >= now
        assert isinstance(store.reserve(order("a#1", entry(period=Span(now, now + HOUR_US)))), Reserved)

    def test_windows_are_counted_apart(self, store: Store) -> None:
        """A reservation settles in the window that it was made in."""
        now = now_of(store)
        store.reserve(order("a#1", entry(amount=6, period=Span(now - 1, now + HOUR_US))))
        answer = store.reserve(order("a#2", entry(amount=6, period=Span(now, now + HOUR_US))))
        assert isinstance(answer, Reserved)
        store.settle("a#1", {"pool": 5})
        assert [
            (each.start_us, each.balance.settled, each.balance.reserved) for each in store.accounts()
        ] == [
            (now - 1, 5, 0),
            (now, 0, 6),
        ]

    def test_what_was_left_is_handed_on_up_to_the_cap(self, store: Store) -> None:
        """A window begins with what the one before did not use, no more than the cap; reserved is used."""
        now = now_of(store)
        early = Span(now - HOUR_US, now + HOUR_US, rollover=5)
        store.reserve(order("a#1", entry(amount=3, period=early)))
        late = Span(now, now + 2 * HOUR_US, rollover=5)
        answer = store.reserve(order("a#2", entry(amount=1, period=late)))
        assert isinstance(answer, Reserved)
        assert answer.seen[0].granted == 5, "a window between was not used at all"
        fresh = store.reserve(order("a#3", entry("new", amount=1, period=late)))
        assert isinstance(fresh, Reserved)
        assert fresh.seen[0].granted == 0, "there was nothing before"

    @pytest.mark.parametrize(
        ("actual", "rollover", "carry", "granted"),
        [
            (4, 5, False, 5),
            (8, 5, False, 2),
            (8, None, False, 0),
            (13, 5, False, 0),
            (13, 5, True, -3),
            (10, 5, True, 0),
        ],
    )
    def test_a_window_hands_on_to_the_next(
        self, store: Store, actual: int, rollover: int | None, carry: bool, granted: int
    ) -> None:
        """Of a limit of 10: what was left up to the cap, or, where overruns are carried, what was spent above it."""
        end = 0
        for number in range(100):
            # The window lasts for a moment: long enough to be used, short enough to be over soon.
            end = now_of(store) + 1000 * (number + 1)
            before = Span(end - HOUR_US, end, rollover, carry)
            if isinstance(store.reserve(order("a#1", entry(amount=1, period=before))), Reserved):
                break
        store.settle("a#1", {"pool": actual})
        while now_of(store) < end:
            pass
        after = Span(end, end + HOUR_US, rollover, carry)
        answer = store.reserve(order("a#2", entry(amount=0, period=after)))
        assert isinstance(answer, Reserved)
        assert answer.seen[0].granted == granted

    def test_a_rolling_window_counts_whole_grains(self, store: Store) -> None:
        """All grains that the period touches count, the oldest in full."""
        period = Rolling(HOUR_US, 2)
        now = now_of(store)
        grain = now - now % HOUR_US
        store.reserve(order("a#1", entry(amount=4, period=period)))
        answer = store.reserve(order("a#2", entry(amount=7, period=period)))
        assert isinstance(answer, Refused)
        assert (answer.refusals[0].reserved, answer.refusals[0].start_us) == (4, grain)
        assert answer.refusals[0].retry_us == grain + HOUR_US

    def test_a_bucket_is_refilled_at_whole_ticks(self, store: Store) -> None:
        """It is charged at once; what comes back is what was not used and has not flowed back anyway."""
        slow = Bucket(1, 100 * 24 * HOUR_US)
        store.reserve(order("a#1", entry(amount=8, period=slow)))
        assert (balance_of(store, "pool").settled, balance_of(store, "pool").reserved) == (8, 0)
        answer = store.reserve(order("a#2", entry(amount=4, period=slow)))
        assert isinstance(answer, Refused)
        tick = answer.at_us // slow.per_us
        assert answer.refusals[0].retry_us == (tick + 2) * slow.per_us
        store.settle("a#1", {"pool": 3})
        assert balance_of(store, "pool").settled == 3
        quick = Bucket(LARGEST, 1)
        store.reserve(order("b#1", entry("quick", 8, period=quick)))
        assert isinstance(store.reserve(order("b#2", entry("quick", 8, period=quick))), Reserved | Refused)
        while isinstance(store.reserve(order("b#3", entry("quick", 10, period=quick))), Refused):
            pass
        store.release("b#1")
        assert balance_of(store, "quick").settled >= 0

    def test_a_session_ends_when_nothing_happens(self, store: Store) -> None:
        """Until then it is one window; after it another begins at the first reservation."""
        store.reserve(order("a#1", entry(amount=6, period=Idle(HOUR_US))))
        assert isinstance(store.reserve(order("a#2", entry(amount=6, period=Idle(HOUR_US)))), Refused)
        answer = store.reserve(order("a#2", entry(amount=6, period=Idle(0))))
        assert isinstance(answer, Reserved)
        assert [each.balance.reserved for each in store.accounts("pool")] == [6, 6]

    def test_a_check_looks_at_what_is_settled(self, store: Store) -> None:
        """It holds nothing, so what runs at once may go above the limit together."""
        for number in range(3):
            answer = store.reserve(order(f"a#{number}", entry(amount=6, gate="check")))
            assert isinstance(answer, Reserved)
        assert balance_of(store, "pool").reserved == 0
        assert store.settle("a#0", {"pool": 6}).overrun == {}
        assert isinstance(store.reserve(order("a#9", entry(amount=6, gate="check"))), Refused)
        store.release("a#1")
        found = balance_of(store, "pool")
        assert (found.settled, found.reserved) == (6, 0)

    def test_an_open_gate_counts_and_never_refuses(self, store: Store) -> None:
        """What does not fit is held all the same, and the answer says what stood before."""
        store.reserve(order("a#1", entry(amount=9, gate="open")))
        answer = store.reserve(order("a#2", entry(amount=9, gate="open")))
        assert isinstance(answer, Reserved)
        assert answer.seen[0].reserved == 9
        assert balance_of(store, "pool").reserved == 18

    def test_an_older_policy_spends_no_more(self, store: Store) -> None:
        """Once somebody has spent under a newer revision, an order under an older one changes nothing."""
        store.reserve(order("a#1", entry(amount=1), policy="p", revision="2"))
        answer = store.reserve(order("a#2", entry(amount=1), policy="p", revision="1"))
        assert isinstance(answer, StalePolicy)
        assert answer.revision == "2"
        assert isinstance(store.reserve(order("a#3", entry(amount=1), policy="q", revision="1")), Reserved)
        assert isinstance(store.reserve(order("a#4", entry(amount=1), policy="p", revision="3")), Reserved)

    def test_a_lowered_limit_waits_for_room(self, store: Store) -> None:
        """Nothing is taken back from who holds it, and nothing more is admitted until there is room."""
        store.reserve(order("a#1", entry(amount=8, limit=10)))
        assert isinstance(store.reserve(order("a#2", entry(amount=1, limit=5))), Refused)
        store.settle("a#1", {"pool": 4})
        assert isinstance(store.reserve(order("a#2", entry(amount=1, limit=5))), Reserved)

    def test_a_grant_belongs_to_its_window(self, store: Store) -> None:
        """It raises what may be spent in the current window, or lowers it."""
        assert store.grant(entry(amount=5)).status == "granted"
        assert isinstance(store.reserve(order("a#1", entry(amount=15))), Reserved)
        store.grant(entry(amount=-3))
        found = balance_of(store, "pool")
        assert (found.granted, found.reserved) == (2, 15)

    def test_looking_changes_nothing(self, store: Store) -> None:
        """What is seen is what the next order would be held against."""
        entries = (
            entry("a", 3),
            entry("b", 4, period=Rolling(HOUR_US, 3)),
            entry("c", 5, period=Bucket(0, HOUR_US)),
        )
        store.reserve(order("a#1", *entries))
        seen = store.look(entries)
        assert not isinstance(seen, WrongWindow)
        assert [(each.settled, each.reserved) for each in seen] == [(0, 3), (0, 4), (5, 0)]
        assert store.look((entry("z"),)) == (Seen("z", 0, 0, 0, 0, None),)
        assert [each.name for each in store.accounts()] == ["a", "b", "c"]
        now = now_of(store)
        assert isinstance(store.look((entry(period=Span(now + HOUR_US, None)),)), WrongWindow)

    def test_names_and_memos_may_hold_any_text(self, store: Store) -> None:
        """Whatever stands in an attribute names a balance of its own."""
        texts = ["a", "a:b", "a b", "ä", "é\u0301", "{}", "'\";--", "\\", "%s", "x" * 500, "😀", "*?[a]"]
        for number, text in enumerate(texts):
            store.reserve(order(f"{text}#{number}", entry(text, amount=number + 1, limit=100), memo=text))
        assert {each.name: each.balance.reserved for each in store.accounts()} == {
            text: number + 1 for number, text in enumerate(texts)
        }
        for number, text in enumerate(texts):
            again = store.reserve(order(f"{text}#{number}", entry(text, limit=100)))
            assert isinstance(again, Reserved)
            assert again.memo == text
        assert [each.name for each in store.accounts("a")] == sorted(
            text for text in texts if text.startswith("a")
        )

    def test_who_runs_at_once_is_never_over(self, store: Store) -> None:
        """Of 8 threads that ask for a tenth each, ten orders are held and no more, at every interleaving."""
        results: Counter[type] = Counter()
        lock = threading.Lock()

        def spend(name: int) -> None:
            for number in range(10):
                answer = store.reserve(order(f"{name}-{number}#1", entry(amount=PICO, limit=10 * PICO)))
                with lock:
                    results[type(answer)] += 1

        threads = [threading.Thread(target=spend, args=(name,)) for name in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert results == {Reserved: 10, Refused: 70}
        assert balance_of(store, "pool").reserved == 10 * PICO

    def test_what_is_remembered_tells_what_was_counted(self, store: Store) -> None:
        """The balances are the sums over the reservations that are remembered."""
        for number in range(12):
            store.reserve(order(f"{number}#1", entry("a", 3, None), entry("b", 2, None)))
            if number % 3 == 0:
                store.settle(f"{number}#1", {"a": 5, "b": 1})
            if number % 3 == 1:
                store.release(f"{number}#1")
        audit(store)

    def test_the_store_does_what_the_ledger_says(self, empty: Callable[[], Store]) -> None:
        """Whatever is asked in whatever order, the answers are those of the plain ledger at the same instants."""
        machine = _machine(empty)
        run_state_machine_as_test(  # type: ignore[no-untyped-call]
            machine,
            settings=settings(
                max_examples=self.EXAMPLES,
                stateful_step_count=25,
                deadline=None,
                suppress_health_check=list(HealthCheck),
            ),
        )

    EXAMPLES = 40

    @pytest.fixture
    def store(self, empty: Callable[[], Store]) -> Iterator[Store]:
        """An empty store."""
        found = empty()
        yield found
        found.close()


def audit(store: Store) -> None:
    """Assert that every balance is the sum over the reservations that are remembered; buckets apart, which drain."""
    settled: Counter[tuple[str, int]] = Counter()
    reserved: Counter[tuple[str, int]] = Counter()
    buckets = set()
    for known in store.reservations():
        for held in known.held:
            where = (held.account, held.start_us)
            if held.bucket is not None:
                buckets.add(where)
            settled[where] += held.charged or 0
            reserved[where] += held.amount if known.state == "open" and held.gate != "check" else 0
    for each in store.accounts():
        where = (each.name, each.start_us)
        if where not in buckets:
            assert (each.balance.settled, each.balance.reserved) == (settled[where], reserved[where]), where


class PlainBooks:
    """Books that keep everything, as plainly as can be: the model of all stores."""

    def __init__(self) -> None:
        self.windows: dict[tuple[str, int], Balance] = {}
        self.kept: dict[str, Reservation] = {}
        self.revisions: dict[str, str] = {}

    def balance(self, account: str, start_us: int) -> Balance | None:
        return self.windows.get((account, start_us))

    def latest(self, account: str) -> int | None:
        return max((start for name, start in self.windows if name == account), default=None)

    def since(self, account: str, start_us: int) -> list[Balance]:
        return [
            found for (name, start), found in self.windows.items() if name == account and start >= start_us
        ]

    def put(self, account: str, start_us: int, balance: Balance) -> None:
        self.windows[account, start_us] = balance

    def reservation(self, id_: str) -> Reservation | None:
        return self.kept.get(id_)

    def keep(self, reservation: Reservation) -> None:
        self.kept[reservation.id] = reservation

    def due(self, now_us: int) -> list[Reservation]:
        found = [each for each in self.kept.values() if each.state == "open" and each.expires_us <= now_us]
        return sorted(found, key=lambda each: (each.expires_us, each.id))

    def revision(self, policy: str) -> str:
        return self.revisions.get(policy, "")

    def revise(self, policy: str, revision: str) -> None:
        self.revisions[policy] = revision


_AMOUNTS = st.sampled_from([0, 1, 2, 3, 5, PICO - 1, PICO, PICO + 1, 7 * PICO, LARGEST])
_LIMITS = st.sampled_from([None, 0, 1, 5, 3 * PICO, 10 * PICO, LARGEST, 2 * LARGEST])
_PERIODS = st.sampled_from(
    [
        ALWAYS,
        Span(0, 2**52),
        Rolling(500, 3),
        Rolling(HOUR_US, 2),
        Bucket(2, 700),
        Bucket(PICO // 3, 1500),
        Bucket(1, HOUR_US),
        Idle(400),
        Idle(HOUR_US),
    ]
)


@st.composite
def _orders(draw: st.DrawFn) -> tuple[Entry, ...]:
    names = draw(st.lists(st.sampled_from(["a", "b", "c", "d"]), min_size=1, max_size=3, unique=True))
    return tuple(
        Entry(
            # A pool keeps its window: each kind has accounts of its own.
            f"{name}/{type(period).__name__}/{getattr(period, 'per_us', 0)}/{getattr(period, 'grain_us', 0)}",
            draw(_AMOUNTS),
            draw(_LIMITS),
            draw(st.sampled_from(["reserve", "reserve", "check", "open"])),
            period,
            draw(st.sampled_from(["charge", "release"])),
        )
        for name in names
        for period in [draw(_PERIODS)]
    )


def _machine(empty: Callable[[], Store]) -> type[RuleBasedStateMachine]:
    class Machine(RuleBasedStateMachine):
        made = Bundle("made")

        def __init__(self) -> None:
            super().__init__()
            self.store = empty()
            self.model = PlainBooks()

        def teardown(self) -> None:
            self.store.close()

        @rule(
            target=made,
            id_=st.sampled_from("pqrstuvw"),
            entries=_orders(),
            digest=st.sampled_from("xxy"),
            life=st.sampled_from([0, 300, HOUR_US, HOUR_US]),
            revision=st.sampled_from("1112"),
        )
        def reserve(
            self, id_: str, entries: tuple[Entry, ...], digest: str, life: int, revision: str
        ) -> Order:
            asked = order(
                id_, *entries, digest=digest, expires_after_us=life, memo=id_, policy="p", revision=revision
            )
            answer = self.store.reserve(asked)
            assert answer == ledger.reserve(self.model, asked, answer.at_us)
            return asked

        @rule(asked=made, actuals=st.lists(_AMOUNTS, min_size=3, max_size=3), count=st.integers(0, 3))
        def settle(self, asked: Order, actuals: list[int], count: int) -> None:
            named = {
                one.account: amount for one, amount in list(zip(asked.entries, actuals, strict=False))[:count]
            }
            ended = self.store.settle(asked.id, named)
            assert ended == ledger.settle(self.model, asked.id, named, ended.at_us)

        @rule(asked=made)
        def release(self, asked: Order) -> None:
            ended = self.store.release(asked.id)
            assert ended == ledger.release(self.model, asked.id, ended.at_us)

        @rule(asked=made, life=st.sampled_from([0, 300, HOUR_US]))
        def extend(self, asked: Order, life: int) -> None:
            ended = self.store.extend(asked.id, life)
            assert ended == ledger.extend(self.model, asked.id, life, ended.at_us)

        @precondition(lambda self: self.model.kept)
        @rule(entries=_orders(), sign=st.sampled_from([1, -1]))
        def grant(self, entries: tuple[Entry, ...], sign: int) -> None:
            asked = Entry(
                entries[0].account, sign * entries[0].amount, entries[0].limit, "open", entries[0].period
            )
            ended = self.store.grant(asked)
            assert ended == ledger.grant(self.model, asked, ended.at_us)

        @invariant()
        def agree(self) -> None:
            at_us = now_of(self.store)
            ledger.expire(self.model, at_us)
            windows = {(each.name, each.start_us): each.balance for each in self.store.accounts()}
            assert windows == self.model.windows
            assert {each.id: each for each in self.store.reservations()} == self.model.kept

    return Machine
