"""A program under test: started when it is asked, ended when it does anything but answer, and started afresh."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, NamedTuple, Self, final

from .asking import Answer, Fault, Question, Result, Skipped
from .claims import PROTOCOL, Claims, read_claims
from .conversation import Conversation
from .launching import Launched, Limits
from .visible import visible

REFERENCE = (sys.executable, "-m", "opentokenbudget", "drive")
"""The command of the reference."""
_STARTS = 3
"""After so many starts that failed, one after another, nothing more is tried."""

_TIMEOUTS = 10
"""After so many time-outs, with not one answer in between, nothing more is asked."""


class Faulted(Exception):
    """A single question that has no answer."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(f"{fault.code}: {fault.message}")
        self.fault = fault


class Ending(NamedTuple):
    """How a program ended after `stop`: its exit code (negative: a signal), and what was wrong with that."""

    exit_code: int | None
    fault: Fault | None


@final
class Program:
    """A program behind the suite's protocol.

    with Program(["./driver"], suite={"version": "0.1.0", "digest": "sha256:…"}) as program:
        claims = program.start()
        answers = program.ask_all(questions)
        ending = program.stop()
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        suite: Mapping[str, str] | None = None,
        limits: Limits | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._command = tuple(command)
        self._suite = dict(suite or {})
        self._limits = limits or Limits()
        self._environment = dict(environment or {})
        self._talk: Conversation | None = None
        self._number = 0
        self._failures: list[Fault] = []
        self._timeouts = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def start(self) -> Claims | Fault:
        """Start the program afresh, and return what it claims, or why it could not be started."""
        self.close()
        if len(self._failures) >= _STARTS:
            return self._failures[-1]
        try:
            self._talk = Conversation(Launched(self._command, self._limits, self._environment), self._limits)
        except (OSError, ValueError) as world:
            return self._not_started(Fault("not-started", f"it cannot be started: {visible(str(world))}"))
        self._number = 0
        message = {"command": "start", "protocol": PROTOCOL, "suite": self._suite}
        answer = self._exchange([message], self._limits.start_s)[0]
        if isinstance(answer, Skipped):
            answer = Fault("bad-start", f"it skipped `start`: {answer.reason}")
        claims = read_claims(answer.value) if isinstance(answer, Result) else answer
        if isinstance(claims, Fault):
            return self._not_started(claims)
        self._failures.clear()
        return claims

    def ask_all(self, questions: Sequence[Question]) -> list[Answer]:
        """Return an answer to each question; after a fault that ended the program, no more."""
        if self._timeouts >= _TIMEOUTS:
            return [
                Fault("timed-out", f"not asked: {_TIMEOUTS} times before no answer came, and nothing else")
            ]
        if self._talk is None:
            started = self.start()
            if isinstance(started, Fault):
                return [started]
        answers = self._exchange([question.message() for question in questions], self._limits.answer_s)
        waited = isinstance(answers[0], Fault) and answers[0].code == "timed-out"
        self._timeouts = self._timeouts + 1 if waited else 0
        return answers

    def send(self, line: bytes) -> Answer:
        """Return the answer to `line`, which is no message; the id of that answer is null."""
        if self._talk is None:
            started = self.start()
            if isinstance(started, Fault):
                return started
        return self._answers(line + b"\n", [None], self._limits.answer_s)[0]

    def stop(self) -> Ending:
        """Ask the program to stop, wait until it has, and say how it went; nothing when it does not run."""
        if self._talk is None:
            return Ending(None, None)
        answer = self._exchange([{"command": "stop"}], self._limits.answer_s)[0]
        if self._talk is None or not isinstance(answer, Result):
            self.close()
            fault = answer if isinstance(answer, Fault) else Fault("bad-answer", "it skipped `stop`")
            return Ending(None, fault._replace(early=False))
        ending = Ending(*self._talk.leave())
        self._talk = None
        return ending

    def close(self) -> None:
        """End the program, if it runs, and everything that it started."""
        if self._talk is not None:
            self._talk.close()
            self._talk = None

    def configure(self, given: Mapping[str, Any]) -> None:
        """Ask `configure` alone; raises as `step` does."""
        self._ask(Question("configure", given))

    def reset(self) -> None:
        """Ask `reset` alone; raises as `step` does."""
        self._ask(Question("reset"))

    def step(self, op: str, args: Mapping[str, Any]) -> Any:
        """Return the answer to one step, asked alone.

        Raises:
            NotImplementedError: it was skipped.
            Faulted: there is no answer.
        """
        return self._ask(Question("step", args, op))

    def _ask(self, question: Question) -> Any:
        answer = self.ask_all([question])[-1]
        if isinstance(answer, Result):
            return answer.value
        if isinstance(answer, Skipped):
            raise NotImplementedError(answer.reason)
        raise Faulted(answer)

    def _exchange(self, messages: Sequence[Mapping[str, Any]], limit_s: float) -> list[Answer]:
        numbers = range(self._number + 1, self._number + 1 + len(messages))
        self._number += len(messages)
        lines = [
            line_of({**message, "id": number}) for message, number in zip(messages, numbers, strict=True)
        ]
        return self._answers(b"".join(lines), numbers, limit_s)

    def _answers(self, raw: bytes, ids: Sequence[int | None], limit_s: float) -> list[Answer]:
        assert self._talk is not None
        answers = self._talk.exchange(raw, ids, limit_s)
        if self._talk.over:
            self._talk = None
        return answers

    def _not_started(self, fault: Fault) -> Fault:
        self.close()
        if fault.code == "ended":
            fault = fault._replace(
                code="not-started", message=fault.message.replace("an answer", "`start` to be answered")
            )
        self._failures.append(fault)
        return fault


def line_of(message: Mapping[str, Any]) -> bytes:
    """Return `message` as a line of ASCII without spaces: its own keys sorted, documents in their own order.

    Sorted throughout it would be canonical, but the order of a document is that of its problems (OTB-DOC-008).
    """
    in_order = {key: message[key] for key in sorted(message)}
    return json.dumps(in_order, separators=(",", ":")).encode("ascii") + b"\n"
