"""The engine for programs with an event loop: the same operations, awaited."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from ..routing import Decision, Request
from .engine import Engine
from .recording import AttemptRecord


class AsyncEngine:
    """An engine whose operations do not hold up the event loop: those that ask a store wait for it in a thread."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    async def decide(self, request: Request | Mapping[str, Any], **told: Any) -> Decision:
        """Return the decision for `request`, see `Engine.decide`."""
        return await asyncio.to_thread(self.engine.decide, request, **told)

    async def next(self, decision: Decision, **told: Any) -> Decision:
        """Return what follows the attempt of `decision`, see `Engine.next`."""
        return await asyncio.to_thread(self.engine.next, decision, **told)

    async def settle(self, decision: Decision, **told: Any) -> AttemptRecord:
        """Return the record of the attempt of `decision`, see `Engine.settle`."""
        return await asyncio.to_thread(self.engine.settle, decision, **told)

    async def release(self, decision: Decision) -> AttemptRecord:
        """Return the record of an attempt that was not made, see `Engine.release`."""
        return await asyncio.to_thread(self.engine.release, decision)

    async def extend(self, decision: Decision, seconds: int) -> int | None:
        """Let what is held live longer, see `Engine.extend`."""
        return await asyncio.to_thread(self.engine.extend, decision, seconds)

    async def close(self) -> None:
        """Let go of the store."""
        await asyncio.to_thread(self.engine.close)
