"""What a store does when its process forks: a lock that a thread of the parent holds is never given back in the child.

Before the fork the lock under which a store works is taken, so that the child sees no operation half done; whoever
keeps it for longer than that is not waited for. In the child every lock is a new one.
"""

from __future__ import annotations

import os
import threading
from typing import Protocol
from weakref import WeakSet

_PATIENCE_S = 2.0


class Forked(Protocol):
    """A store, or what a store has, that outlives a fork."""

    def still(self, timeout_s: float) -> bool:
        """Take the lock of whoever works, before a fork; return whether that was possible in time."""

    def go_on(self) -> None:
        """Give it back, in the parent."""

    def begin_anew(self) -> None:
        """Make all locks anew, in the child, where no other thread is."""


_alive: WeakSet[Forked] = WeakSet()
_forking = threading.RLock()
_stilled: list[Forked] = []


def survives_forks(store: Forked) -> None:
    """Tell `store` of forks for as long as it is alive."""
    _alive.add(store)


def _before() -> None:
    _forking.acquire()
    _stilled[:] = [store for store in list(_alive) if store.still(_PATIENCE_S)]


def _in_parent() -> None:
    while _stilled:
        _stilled.pop().go_on()
    _forking.release()


def _in_child() -> None:
    global _forking
    _forking = threading.RLock()
    _stilled.clear()
    for store in list(_alive):
        store.begin_anew()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before, after_in_parent=_in_parent, after_in_child=_in_child)
