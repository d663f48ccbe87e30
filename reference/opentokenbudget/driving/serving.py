"""The driver's protocol (spec/90-conformance.md): messages as lines of JSON, one answer to each."""

from __future__ import annotations

import json
import os
import traceback
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from typing import Any, BinaryIO, NoReturn, TextIO

from .session import OPS, BadArguments, Session

PROTOCOL = "1.0"
PROFILES = ("documents", "pricing", "value", "classifiers", "routing", "cascade", "usage-log", "pools")
FEATURES = ("yaml",)

Message = Mapping[str, Any]


class BadMessage(Exception):
    """A line that is no message of the protocol: what is wrong with it."""


def serve(lines: BinaryIO, answers: BinaryIO, faults: TextIO) -> None:
    """Answer each line of `lines` until `stop`, or their end; where a step fails, `faults` is told.

    With OTB_DEBUG in the environment it is told where, too.
    """
    session = Session()
    for answer in _answered(session, lines, faults):
        answers.write(answer)
        answers.flush()


def _answered(session: Session, lines: BinaryIO, faults: TextIO) -> Iterator[bytes]:
    for line in lines:
        id_: object = None
        try:
            message = _message(line)
            id_ = message["id"]
            yield _line({"id": id_, **_answer(session, message)})
        except (BadMessage, BadArguments) as bad:
            yield _line({"id": id_, "errored": {"message": str(bad)}})
        except Exception as fault:  # the last wall: what fails in a step is the answer to it
            said = f"{type(fault).__name__}: {fault}"
            if os.environ.get("OTB_DEBUG"):
                traceback.print_exc(file=faults)
            else:
                print(said.encode("unicode_escape").decode("ascii"), file=faults)
            yield _line({"id": id_, "errored": {"message": said}})
        else:
            if message["command"] == "stop":
                return


def _line(answer: Mapping[str, Any]) -> bytes:
    return json.dumps(answer, separators=(",", ":"), allow_nan=False).encode("ascii") + b"\n"


def _message(line: bytes) -> Message:
    try:
        message = json.loads(line.decode("utf-8"), parse_constant=_no_constant)
    except UnicodeDecodeError:
        raise BadMessage("a line is not UTF-8") from None
    except RecursionError:
        raise BadMessage("a line has too many containers inside each other") from None
    except ValueError:
        raise BadMessage("a line is not JSON") from None
    if not isinstance(message, dict) or not isinstance(message.get("command"), str) or "id" not in message:
        raise BadMessage("a message is a mapping with `command` and `id`")
    if not isinstance(message["id"], int | str | None) or isinstance(message["id"], bool):
        raise BadMessage("the `id` of a message is an integer or text")
    return message


def _no_constant(text: str) -> NoReturn:
    raise ValueError(text)


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
    if not isinstance(op, str):
        raise BadMessage("the `op` of a step is text")
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
