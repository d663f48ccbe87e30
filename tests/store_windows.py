"""What every store must do with windows; part of the contract in store_contract.py."""

from __future__ import annotations

import pytest

from opentokenbudget.pools.orders import Bucket, Idle, Refused, Reserved, Rolling, Span, WrongWindow
from opentokenbudget.pools.stores.store import Store
from store_orders import HOUR_US, LARGEST, balance_of, entry, now_of, order


class WindowContract:
    """Every rule about windows, in one sentence each."""

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
