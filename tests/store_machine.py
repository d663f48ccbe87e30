"""A store beside the plain ledger: whatever is asked, both answer alike."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, precondition, rule

from opentokenbudget.pools import ledger
from opentokenbudget.pools.balances import Balance
from opentokenbudget.pools.ledger import Reservation
from opentokenbudget.pools.orders import Bucket, Entry, Idle, Order, Rolling, Span
from opentokenbudget.pools.stores.store import Store
from store_orders import ALWAYS, HOUR_US, LARGEST, PICO, now_of, order


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


def machine_of(empty: Callable[[], Store]) -> type[RuleBasedStateMachine]:
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
