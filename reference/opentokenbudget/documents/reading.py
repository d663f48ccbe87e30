"""Bytes of JSON, or of YAML read as JSON, to plain data; every problem with its place.

Which syntax: a name that ends in `.json`, `.jsonl` or `.ndjson` is JSON, `.yaml` and `.yml` are YAML;
any other name (standard input) is JSON if it is JSON, else YAML.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from functools import partial
from typing import Any, NamedTuple, NoReturn

from opentokenbudget.problems import Place, Problem

from .building import Built, build
from .caps import CAPS, Caps
from .events import Source
from .json_events import json_source
from .locating import Spot, spots
from .scalars import LARGEST_INTEGER

_BYTE_ORDER_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
_OPENINGS = ("{", "[")


class Reading(NamedTuple):
    """What a text says; with problems `data` is a best guess, or None when not even `complete`."""

    data: Any
    problems: tuple[Problem, ...]
    complete: bool


def read(raw: bytes, *, file: str, caps: Caps = CAPS) -> Reading:
    """Return the data in `raw`, with every problem of its text, placed, in document order.

    Args:
        raw: the bytes of one document.
        file: its name, for places, and to tell JSON from YAML.
        caps: the most that it may hold.

    Source: spec/10-documents.md OTB-DOC-001, OTB-DOC-010 to OTB-DOC-017.
    """
    if len(raw) > caps.size_bytes:
        message = f"more than the {caps.size_bytes} bytes that a document may have"
        return _unread("too-large", message, "OTB-DOC-013", Place(file, 1, 1))
    text = _decoded(raw, file)
    if isinstance(text, Reading):
        return text
    if _may_be_json(text, file):
        data = _quickly(text, caps)
        if data is not _UNSURE:
            return Reading(data, (), complete=True)
    built = _built(text, file, caps)
    problems = tuple(
        Problem(flaw.code, pointer, flaw.message, flaw.requirement, place=Place(file, line, column))
        for flaw, pointer, line, column in built.flaws
    )
    return Reading(built.data, problems, built.complete)


def locate(raw: bytes, pointers: Collection[str], *, file: str) -> dict[str, Spot]:
    """Return where in `raw`, a text that `read` can read, the values at `pointers` stand."""
    text = raw.decode("utf-8", "replace")
    if not _may_be_json(text, file):
        return spots(_yaml(text), pointers)
    if file.endswith(_JSON_NAMES) or build(json_source(text), CAPS).complete:
        return spots(json_source(text), pointers)
    return spots(_yaml(text), pointers)


_JSON_NAMES = (".json", ".jsonl", ".ndjson")
_YAML_NAMES = (".yaml", ".yml")


def _may_be_json(text: str, file: str) -> bool:
    if file.endswith(_JSON_NAMES):
        return True
    return not file.endswith(_YAML_NAMES) and text.lstrip(" \t\r\n").startswith(_OPENINGS)


def _built(text: str, file: str, caps: Caps) -> Built:
    if not _may_be_json(text, file):
        return build(_yaml(text), caps)
    as_json = build(json_source(text), caps)
    if file.endswith(_JSON_NAMES) or as_json.complete:
        return as_json
    as_yaml = build(_yaml(text), caps)
    return as_yaml if as_yaml.complete else as_json


def _yaml(text: str) -> Source:
    # The YAML parser is imported when YAML is read: a JSON request must not wait for it.
    from .yaml_events import yaml_source

    return yaml_source(text)


def _decoded(raw: bytes, file: str) -> str | Reading:
    if raw.startswith(_BYTE_ORDER_MARKS):
        message = "the file begins with a byte order mark: save it as UTF-8 without one"
        return _unread("byte-order-mark", message, "OTB-DOC-015", Place(file, 1, 1))
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        before = raw[: error.start]
        line = before.count(b"\n") + 1
        column = len(before[before.rfind(b"\n") + 1 :].decode("utf-8", "replace")) + 1
        message = f"byte `0x{raw[error.start]:02x}` at offset {error.start} is not UTF-8"
        return _unread("not-utf-8", message, "OTB-DOC-015", Place(file, line, column))


def _unread(code: str, message: str, requirement: str, place: Place) -> Reading:
    return Reading(None, (Problem(code, "", message, requirement, place=place),), complete=False)


# The quick path: the C parser of the standard library for JSON texts in which nothing can be doubtful.
# Whatever it is unsure of is read again by `build`, which says what is wrong, and where.


class _Doubt(ValueError):
    """The quick path cannot vouch for the text."""


_UNSURE: Any = object()


def _quickly(text: str, caps: Caps) -> Any:
    if not text.isascii() or "\\" in text or "\x7f" in text:
        return _UNSURE
    if text.count(",") + text.count("{") + text.count("[") + text.count(":") + 1 > caps.nodes:
        return _UNSURE
    try:
        data = json.loads(
            text,
            object_pairs_hook=partial(_members, caps.key_length),
            parse_float=_doubtful,
            parse_constant=_doubtful,
            parse_int=_integer,
        )
    except (ValueError, RecursionError):
        return _UNSURE
    level: list[Any] = [data] if type(data) in (dict, list) else []
    for _ in range(caps.depth):
        level = [
            child
            for container in level
            for child in (container.values() if type(container) is dict else container)
            if type(child) is dict or type(child) is list
        ]
        if not level:
            return data
    return _UNSURE


def _members(key_length: int, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    mapping = dict(pairs)
    if len(mapping) != len(pairs) or "" in mapping or max(map(len, mapping), default=0) > key_length:
        raise _Doubt
    return mapping


def _doubtful(text: str) -> NoReturn:
    raise _Doubt


def _integer(text: str) -> int:
    if len(text) > 17 or abs(number := int(text)) > LARGEST_INTEGER:
        raise _Doubt
    return number
