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
from hypothesis.stateful import run_state_machine_as_test

from opentokenbudget.pools.orders import (
    Bucket,
    Conflict,
    Idle,
    Refused,
    Reserved,
    Rolling,
    Seen,
    Span,
    StalePolicy,
    WrongWindow,
)
from opentokenbudget.pools.stores.store import Store
from store_machine import machine_of
from store_orders import HOUR_US, LARGEST, PICO, audit, balance_of, entry, now_of, order
from store_troubles import TroubleContract
from store_windows import WindowContract


class StoreContract(WindowContract, TroubleContract):
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

    def test_a_grant_begins_a_session(self, store: Store) -> None:
        """What is granted to a pool of sessions while none runs is there for the one that it begins."""
        session = Idle(HOUR_US)
        assert store.grant(entry(amount=5, period=session)).status == "granted"
        answer = store.reserve(order("a#1", entry(amount=15, period=session)))
        assert isinstance(answer, Reserved)
        assert answer.seen[0].granted == 5

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
        machine = machine_of(empty)
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
