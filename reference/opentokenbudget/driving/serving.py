"""The driver's protocol (spec/90-conformance.md): messages as lines of JSON, one answer to each."""

from __future__ import annotations

import json
import traceback
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from typing import Any, BinaryIO, TextIO

from .session import OPS, Session

PROTOCOL = "1.0"
PROFILES = ("documents", "pricing", "value", "classifiers", "routing", "cascade", "usage-log")
FEATURES = ("yaml",)

Message = Mapping[str, Any]


class BadMessage(Exception):
    """A line that is no message of the protocol: what is wrong with it."""


def serve(lines: BinaryIO, answers: BinaryIO, faults: TextIO) -> None:
    """Answer each line of `lines` until `stop`, or their end; where a step fails, `faults` is told."""
    session = Session()
    for answer in _answered(session, lines, faults):
        answers.write(json.dumps(answer, separators=(",", ":")).encode("ascii") + b"\n")
        answers.flush()


def _answered(session: Session, lines: BinaryIO, faults: TextIO) -> Iterator[dict[str, Any]]:
    for line in lines:
        id_: object = None
        try:
            message = _message(line)
            id_ = message["id"]
            yield {"id": id_, **_answer(session, message)}
        except BadMessage as bad:
            yield {"id": id_, "errored": {"message": str(bad)}}
        except Exception as fault:  # the last wall: what fails in a step is the answer to it
            traceback.print_exc(file=faults)
            yield {"id": id_, "errored": {"message": f"{type(fault).__name__}: {fault}"}}
        else:
            if message["command"] == "stop":
                return


def _message(line: bytes) -> Message:
    try:
        message = json.loads(line)
    except (ValueError, RecursionError):
        raise BadMessage("a line is not JSON") from None
    if not isinstance(message, dict) or not isinstance(message.get("command"), str) or "id" not in message:
        raise BadMessage("a message is a mapping with `command` and `id`")
    return message


def _answer(session: Session, message: Message) -> dict[str, Any]:
    command = message["command"]
    if command == "step":
        return _step(session, message)
    if command == "configure":
        session.configure(_mapping(message, "given"))
    elif command == "reset":
        session.reset()
    elif command == "start":
        return {"result": _started()}
    elif command != "stop":
        raise BadMessage(f"no command is called `{command}`")
    return {"result": {}}


def _step(session: Session, message: Message) -> dict[str, Any]:
    op = message.get("op")
    if op not in OPS:
        return {"skipped": {"reason": f"no op is called `{op}`"}}
    return {"result": session.step(op, _mapping(message, "args"))}


def _started() -> dict[str, Any]:
    return {
        "protocol": PROTOCOL,
        "implementation": {
            "name": "opentokenbudget",
            "version": version("opentokenbudget"),
            "language": "python",
        },
        "profiles": list(PROFILES),
        "features": list(FEATURES),
    }


def _mapping(message: Message, name: str) -> Mapping[str, Any]:
    found = message.get(name, {})
    if not isinstance(found, dict):
        raise BadMessage(f"`{name}` is not a mapping")
    return found
