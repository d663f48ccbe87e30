"""What every store must do with callers in error and figures too large, when it is closed, and in a child."""

from __future__ import annotations

import os
import re
import signal
import threading
from collections import Counter

import pytest

from opentokenbudget.pools.orders import Bucket, Reserved
from opentokenbudget.pools.stores.store import Store, StoreUnavailable
from store_orders import HOUR_US, PICO, balance_of, entry, order


def answered_in_a_child(store: Store, id_: str) -> int:
    """Return 0 when a child of this process is answered by `store`, in time."""
    child = os.fork()
    if child:
        return os.waitpid(child, 0)[1]
    try:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(8)
        answer = store.reserve(order(id_, entry("child", limit=None)))
        os._exit(0 if isinstance(answer, Reserved) else 1)
    except BaseException:
        os._exit(2)


class TroubleContract:
    """Inherited by `StoreContract`."""

    def test_a_fault_is_its_callers_alone(self, store: Store) -> None:
        """Of threads that work together, one whose calls cannot be carried out fails alone; the others are answered."""
        store.reserve(order("bad#1", entry("bad")))
        stop = threading.Event()
        faults: list[Exception] = []

        def err() -> None:
            while not stop.is_set():
                try:
                    store.extend("bad#1", "soon")  # type: ignore[arg-type]
                except Exception as fault:
                    faults.append(fault)

        def work(name: int) -> None:
            try:
                for number in range(20):
                    id_ = f"{name}-{number}#1"
                    answers.append(type(store.reserve(order(id_, entry(limit=None)))).__name__)
                    answers.append(store.settle(id_, {"pool": 1}).status)
            except Exception as fault:
                answers.append(repr(fault))

        answers: list[str] = []
        bad = threading.Thread(target=err)
        good = [threading.Thread(target=work, args=(name,)) for name in range(6)]
        bad.start()
        for thread in good:
            thread.start()
        for thread in good:
            thread.join()
        stop.set()
        bad.join()
        assert faults
        assert Counter(answers) == {"Reserved": 120, "settled": 120}
        assert balance_of(store, "pool").settled == 120

    @pytest.mark.parametrize("amount", [10**15 * PICO, 10**40, -(10**40)])
    def test_what_cannot_be_counted_is_not_answered(self, store: Store, amount: int) -> None:
        """An amount of any size is counted exactly, or the store is unavailable for it and for nothing else."""
        asked = (
            lambda: store.reserve(order("a#1", entry("a", abs(amount), None))),
            lambda: store.reserve(order("b#1", entry("b", 1, abs(amount)))),
            lambda: store.reserve(order("c#1", entry("c", 1, period=Bucket(abs(amount), HOUR_US)))),
            lambda: store.grant(entry("d", amount)),
            lambda: store.settle("e#1", {"e": abs(amount)}),
        )
        store.reserve(order("e#1", entry("e", 1)))
        said = []
        for ask in asked:
            try:
                ask()
            except StoreUnavailable as away:
                said.append(str(away))
        assert all(re.search("more than .* can count", each) for each in said), said
        assert isinstance(store.reserve(order("z#1", entry("z"))), Reserved)
        found = {each.name: each.balance for each in store.accounts()}
        assert "a" not in found or found["a"].reserved == abs(amount)
        assert "b" not in found or found["b"].limit == abs(amount)
        assert "d" not in found or found["d"].granted == amount
        assert (found["e"].settled, found["e"].reserved) in [(abs(amount), 0), (0, 1)]

    def test_a_closed_store_answers_nobody(self, store: Store) -> None:
        """Whatever is asked of it, it is unavailable and says why; to close it again does nothing."""
        store.reserve(order("a#1", entry()))
        store.close()
        store.close()
        for ask in (
            lambda: store.reserve(order("a#2", entry())),
            lambda: store.look([entry()]),
            lambda: store.settle("a#1", {}),
            lambda: store.release("a#1"),
            lambda: store.extend("a#1", 1),
            lambda: store.grant(entry()),
            store.sweep,
            lambda: list(store.accounts()),
            lambda: list(store.reservations()),
        ):
            with pytest.raises(StoreUnavailable, match="the store is closed"):
                ask()

    @pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no forks")
    def test_a_child_is_answered(self, store: Store) -> None:
        """A process that forks while its threads work leaves to the child nothing that somebody holds for ever."""
        stop = threading.Event()

        def work(name: int) -> None:
            number = 0
            while not stop.is_set():
                number += 1
                store.reserve(order(f"{name}-{number}#1", entry(limit=None)))

        threads = [threading.Thread(target=work, args=(name,)) for name in range(3)]
        for thread in threads:
            thread.start()
        codes = [answered_in_a_child(store, f"child-{number}#1") for number in range(8)]
        stop.set()
        for thread in threads:
            thread.join()
        assert codes == [0] * 8
        assert isinstance(store.reserve(order("parent#1", entry(limit=None))), Reserved)
