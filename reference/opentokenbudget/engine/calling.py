"""A call to a model within a `with`: decided at its beginning, ended or left to expire at its end, see `Call`."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import Any

from ..routing import SERVES, Decision, Request
from .engine import Engine
from .recording import AttemptRecord


class Call:
    """One request from its decision to the end of its last attempt.

    Leaving the `with` without `settle` or `release` ends the attempt too: without an exception its usage is unknown,
    and what it held is charged; with one it is given back. It is held until it expires where the upstream may have
    worked: after a timeout, a cancellation, an interrupt, a stream that is closed, and after a `settle` or `next` that
    failed, for then there was an answer.

        with Call(engine, request) as call:
            if call.allowed:
                answer = upstream(call.decision.model, ...)
                call.settle(usage={"input": 912, "output": 380})
    """

    def __init__(self, engine: Engine, request: Request | Mapping[str, Any]) -> None:
        self._engine = engine
        self._request = request
        self._decision: Decision | None = None
        self._is_open = False
        self._was_answered = False

    @property
    def decision(self) -> Decision:
        """The last decision.

        Raises:
            RuntimeError: outside of the `with`.
        """
        if self._decision is None:
            raise RuntimeError("a call is decided when its `with` begins")
        return self._decision

    @property
    def allowed(self) -> bool:
        """Whether there is an attempt to make."""
        return self.decision.action in SERVES and not self.decision.final

    def next(
        self, *, error: str | None = None, score: str | None = None, usage: Mapping[str, Any] | None = None
    ) -> Decision:
        """Return what follows the attempt, see `Engine.next`; the attempt before is ended by it."""
        self._was_answered = True
        self._decision = self._engine.next(self.decision, error=error, score=score, usage=usage)
        self._is_open, self._was_answered = self.allowed, False
        return self._decision

    def settle(self, **told: Any) -> AttemptRecord:
        """Return the record of the attempt, see `Engine.settle`."""
        self._was_answered = True
        record = self._engine.settle(self.decision, **told)
        self._is_open = False
        return record

    def release(self) -> AttemptRecord:
        """Return the record of an attempt that was not made, see `Engine.release`."""
        record = self._engine.release(self.decision)
        self._is_open = False
        return record

    def __enter__(self) -> Call:
        self._decision = self._engine.decide(self._request)
        self._is_open = self.allowed
        return self

    def __exit__(
        self, kind: type[BaseException] | None, raised: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._is_open:
            return
        if raised is None:
            self.settle()
        elif (
            isinstance(raised, Exception) and not isinstance(raised, TimeoutError) and not self._was_answered
        ):
            self.release()
