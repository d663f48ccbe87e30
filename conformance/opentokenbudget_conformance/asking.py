"""Questions and answers: what a suite asks of a router, and what may come back, whoever carries it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol, runtime_checkable

from .visible import visible

FAULTS = (
    "answered-errored",
    "bad-answer",
    "bad-exit",
    "bad-start",
    "closed-output",
    "ended",
    "left-behind",
    "not-ended",
    "not-json",
    "not-started",
    "timed-out",
    "too-deep",
    "too-long",
    "unasked",
    "wrong-id",
)
"""The closed list of what a driver can do instead of answering."""


class Question(NamedTuple):
    """One message: `configure` with what is given, `step` with an op and its arguments, or `reset`."""

    command: str
    args: Mapping[str, Any] = {}
    op: str = ""

    def message(self) -> dict[str, Any]:
        """Return the message of the protocol, but for its id."""
        if self.command == "step":
            return {"command": "step", "op": self.op, "args": self.args}
        if self.command == "configure":
            return {"command": "configure", "given": self.args}
        return {"command": self.command}


class Result(NamedTuple):
    """An answer: JSON data; problems are an answer too."""

    value: Any


class Skipped(NamedTuple):
    """The driver does not do this."""

    reason: str


class Fault(NamedTuple):
    """What a driver did that is no answer.

    Attributes:
        code: one of `FAULTS`.
        message: what was seen, in a sentence.
        stderr: the end of what it wrote to standard error since the case began.
        early: it showed before the first answer of a case, in a process that had answered another case:
            that one may be to blame.
    """

    code: str
    message: str
    stderr: str = ""
    early: bool = False


Answer = Result | Skipped | Fault


class Driven(Protocol):
    """A router behind the suite's protocol. Answers are JSON data; a refusal is `{"problems": [...]}`."""

    def configure(self, given: Mapping[str, Any]) -> None:
        """Forget everything, and take the documents, the clock and the seed that `given` holds."""

    def reset(self) -> None:
        """Forget what was asked since `configure`; keep what was given."""

    def step(self, op: str, args: Mapping[str, Any]) -> Any:
        """Return the answer to one question.

        Raises:
            NotImplementedError: this is not done here.
        """


@runtime_checkable
class Asked(Protocol):
    """A router that takes many questions at once."""

    def ask_all(self, questions: Sequence[Question]) -> list[Answer]:
        """Return an answer to each question, in order; after a fault that ended the router, no more."""


def ask_all(driven: Driven | Asked, questions: Sequence[Question]) -> list[Answer]:
    """Return the answers of `driven`; what it raises is a fault, after which it is asked no more."""
    if isinstance(driven, Asked):
        return driven.ask_all(questions)
    answers: list[Answer] = []
    for question in questions:
        try:
            answers.append(Result(_asked(driven, question)))
        except NotImplementedError as missing:
            answers.append(Skipped(visible(str(missing))))
        except Exception as raised:  # whatever a router does is a result of the suite
            message = visible(f"{type(raised).__name__}: {raised}")
            return [*answers, Fault("answered-errored", message)]
    return answers


def _asked(driven: Driven, question: Question) -> Any:
    if question.command == "step":
        return driven.step(question.op, question.args)
    if question.command == "configure":
        driven.configure(question.args)
    else:
        driven.reset()
    return {}
