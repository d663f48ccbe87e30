"""The engine for programs with an event loop: the same operations, awaited."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from ..pools import Reserved
from ..routing import SERVES, Decision, Request
from .engine import Engine
from .holding import Observed
from .recording import AttemptRecord


class AsyncEngine:
    """An engine whose operations do not hold up the event loop: those that ask a store wait for it in a thread."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        # The event loop keeps no task alive by itself.
        self._releasing: set[asyncio.Future[AttemptRecord]] = set()

    async def decide(self, request: Request | Mapping[str, Any], **told: Any) -> Decision:
        """Return the decision for `request`, see `Engine.decide`; for who is cancelled nothing stays held."""
        return await self._kept(partial(self.engine.decide, request, **told))

    async def next(self, decision: Decision, **told: Any) -> Decision:
        """Return what follows the attempt of `decision`, see `Engine.next`; it is as with `decide` when cancelled."""
        return await self._kept(partial(self.engine.next, decision, **told))

    async def settle(self, decision: Decision, **told: Any) -> AttemptRecord:
        """Return the record of the attempt of `decision`, see `Engine.settle`."""
        return await asyncio.to_thread(self.engine.settle, decision, **told)

    async def release(self, decision: Decision) -> AttemptRecord:
        """Return the record of an attempt that was not made, see `Engine.release`."""
        return await asyncio.to_thread(self.engine.release, decision)

    async def extend(self, decision: Decision, seconds: int) -> int | None:
        """Let what is held live longer, see `Engine.extend`."""
        return await asyncio.to_thread(self.engine.extend, decision, seconds)

    async def _kept(self, decide: Callable[[], Decision]) -> Decision:
        running = asyncio.ensure_future(asyncio.to_thread(decide))
        try:
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            # The thread cannot be stopped: what it decides, nobody will call for.
            running.add_done_callback(self._give_back)
            raise

    def _give_back(self, running: asyncio.Future[Decision]) -> None:
        if running.cancelled() or running.exception() is not None:
            return
        decision = running.result()
        if decision.action in SERVES and not decision.final and not _was_held_before(decision):
            task = asyncio.ensure_future(asyncio.to_thread(self.engine.release, decision))
            self._releasing.add(task)
            task.add_done_callback(self._releasing.discard)

    async def close(self) -> None:
        """Let go of the store, when what was cancelled has been given back."""
        await asyncio.gather(*self._releasing)
        await asyncio.to_thread(self.engine.close)


def _was_held_before(decision: Decision) -> bool:
    """Return whether somebody who asked the same before may be calling for what is held."""
    answers = decision.observed.answers if isinstance(decision.observed, Observed) else ()
    return any(isinstance(each, Reserved) and each.replayed for each in answers)
