"""Reads the lines that a driver writes: strict JSON with an id, and one of `result`, `skipped`, `errored`."""

from __future__ import annotations

import json
from typing import Any, NoReturn

from .asking import Answer, Fault, Result, Skipped
from .visible import as_json, visible

DEEPEST = 100
"""How many containers of an answer may stand inside each other."""

_KINDS = ("result", "skipped", "errored")


class NotJson(Exception):
    """A line is not the JSON of this protocol, and why."""


def read_answer(line: bytes, number: int | None) -> Answer:
    """Return the answer on `line` to the message with the id `number`, or the fault that it is.

    A line that is no message has no id: it is answered with null.

    Source: spec/90-conformance.md OTB-CONF-001, OTB-CONF-002.
    """
    # What opens no hundred containers is not deep; only the rest is measured, before a parser recurses.
    if line.count(b"[") + line.count(b"{") > DEEPEST and _depth(line) > DEEPEST:
        return Fault("too-deep", f"an answer has more than {DEEPEST} containers inside each other")
    try:
        answer = _READ(line.decode("utf-8"))
    except UnicodeDecodeError:
        return Fault("not-json", f"a line is not UTF-8: {_shown(line)}")
    except NotJson as wrong:
        return Fault("not-json", f"a line is not JSON of this protocol, {wrong}: {_shown(line)}")
    except (ValueError, RecursionError):
        return Fault("not-json", f"a line is not JSON: {_shown(line)}")
    if not isinstance(answer, dict):
        return Fault("bad-answer", f"an answer is a mapping, found {_shown(line)}")
    id_ = answer.get("id")
    if type(id_) is not type(number) or id_ != number:
        found = as_json(id_, 100) if "id" in answer else "none"
        return Fault("wrong-id", f"an answer with the id {as_json(number)} was expected, found {found}")
    said = [kind for kind in _KINDS if kind in answer]
    if len(said) != 1 or len(answer) != 2:
        found = ", ".join(visible(key, 40) for key in answer)
        return Fault("bad-answer", f"an answer has `id` and one of {', '.join(_KINDS)}, found {found}")
    return _answer(said[0], answer[said[0]])


def _answer(kind: str, said: Any) -> Answer:
    if kind == "result":
        return Result(said)
    field = "reason" if kind == "skipped" else "message"
    text = said.get(field) if isinstance(said, dict) else None
    if not isinstance(text, str):
        return Fault(
            "bad-answer", f"`{kind}` holds a mapping with the text `{field}`, found {as_json(said, 200)}"
        )
    return (
        Skipped(visible(text))
        if kind == "skipped"
        else Fault("answered-errored", visible(text) or "no message")
    )


def _depth(line: bytes) -> int:
    """Return how deep the containers of `line` go, whatever stands in its strings."""
    deepest = depth = 0
    inside = escaped = False
    for byte in line:
        if inside:
            if escaped:
                escaped = False
            elif byte == 0x5C:
                escaped = True
            elif byte == 0x22:
                inside = False
        elif byte == 0x22:
            inside = True
        elif byte in b"[{":
            depth += 1
            deepest = max(deepest, depth)
        elif byte in b"]}":
            depth -= 1
    return deepest


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [key for key, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise NotJson(f"the key {as_json(twice, 100)} stands twice")
    return found


def _no_fraction(text: str) -> NoReturn:
    raise NotJson(f"`{text[:40]}` is a number with a fraction or an exponent")


def _no_constant(text: str) -> NoReturn:
    raise NotJson(f"`{text}` is no value")


def _integer(text: str) -> int:
    # Longer ones are no integer of any document, and Python refuses to read the longest.
    if len(text) > 400:
        raise NotJson(f"`{text[:40]}…` has {len(text)} digits")
    return int(text)


def _shown(line: bytes) -> str:
    return "`" + visible(line[:200].decode("utf-8", "backslashreplace"), 200) + "`"


_READ = json.JSONDecoder(
    object_pairs_hook=_pairs, parse_float=_no_fraction, parse_constant=_no_constant, parse_int=_integer
).decode
