"""JSON (RFC 8259) as events, with the offset of each."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from json.decoder import scanstring  # type: ignore[attr-defined]
from typing import Any

from .events import END, MAPPING, PLAIN, QUOTED, SEQUENCE, Flaw, MalformedText, Source
from .wording import escaped

_SPACE = re.compile(r"[ \t\n\r]*", re.ASCII)
_WORD = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|true|false|null", re.ASCII)
_RUN = re.compile(r"[^\s,:{}\[\]\"]{1,60}|.", re.DOTALL)
_LINE_BREAK = re.compile(r"\r\n|\n|\r")

_VALUE, _VALUE_OR_END, _KEY, _KEY_OR_END, _COMMA_OR_END = (
    "a value",
    "a value or `]`",
    "a key",
    "a key or `}`",
    "",
)


def json_source(text: str) -> Source:
    """Return the events of the JSON `text`; their marks are offsets.

    Raises, while the events are read:
        MalformedText: not JSON.

    Source: spec/10-documents.md OTB-DOC-001.
    """
    starts = [0]
    scanned = 0

    def position(at: int) -> tuple[int, int]:
        nonlocal scanned
        if at > scanned:
            starts.extend(match.end() for match in _LINE_BREAK.finditer(text, scanned, at))
            scanned = at
        line = bisect_right(starts, at)
        return line, at - starts[line - 1] + 1

    return Source(_events(text), position)


def _events(text: str) -> Iterator[tuple[int, Any, int]]:
    skip, word = _SPACE.match, _WORD.match
    open_mappings: list[bool] = []
    at, expected = 0, _VALUE
    if skip(text, at).end() == len(text):  # type: ignore[union-attr]
        return
    while True:
        at = skip(text, at).end()  # type: ignore[union-attr]
        character = text[at : at + 1]
        if expected is _COMMA_OR_END:
            if not open_mappings:
                if character:
                    raise _unexpected(text, at, "the end of the document")
                return
            in_mapping = open_mappings[-1]
            if character == ",":
                at, expected = at + 1, _KEY if in_mapping else _VALUE
            elif character == ("}" if in_mapping else "]"):
                yield END, None, at
                open_mappings.pop()
                at += 1
            else:
                raise _unexpected(text, at, "`,` or `}`" if in_mapping else "`,` or `]`")
        elif character == '"':
            string, end = _string(text, at)
            yield QUOTED, string, at
            if expected is _KEY or expected is _KEY_OR_END:
                at = skip(text, end).end()  # type: ignore[union-attr]
                if text[at : at + 1] != ":":
                    raise _unexpected(text, at, "`:`")
                at, expected = at + 1, _VALUE
            else:
                at, expected = end, _COMMA_OR_END
        elif (character == "}" and expected is _KEY_OR_END) or (
            character == "]" and expected is _VALUE_OR_END
        ):
            yield END, None, at
            open_mappings.pop()
            at, expected = at + 1, _COMMA_OR_END
        elif expected is _KEY or expected is _KEY_OR_END:
            raise _unexpected(text, at, expected)
        elif character == "{" or character == "[":
            in_mapping = character == "{"
            yield (MAPPING if in_mapping else SEQUENCE), None, at
            open_mappings.append(in_mapping)
            at, expected = at + 1, _KEY_OR_END if in_mapping else _VALUE_OR_END
        else:
            match = word(text, at)
            if match is None:
                raise _unexpected(text, at, expected)
            yield PLAIN, match[0], at
            at, expected = match.end(), _COMMA_OR_END


def _string(text: str, at: int) -> tuple[str, int]:
    try:
        string, end = scanstring(text, at + 1, True)
        return string, end
    except ValueError as error:
        where = min(getattr(error, "pos", at), len(text))
        reason = str(getattr(error, "msg", "a string that does not end"))
    wording = {
        "Unterminated string starting at": "the string that begins here does not end",
        "Invalid control character at": "a control character stands in a string: write it as an escape",
    }
    message = next(
        (words for start, words in wording.items() if reason.startswith(start)), "a bad escape in a string"
    )
    raise MalformedText(Flaw("syntax-error", message, "OTB-DOC-001"), where)


def _unexpected(text: str, at: int, expected: str) -> MalformedText:
    run = _RUN.match(text, at)
    found = f"`{escaped(run[0])}`" if run else "the end of the file"
    return MalformedText(Flaw("syntax-error", f"found {found}, expected {expected}", "OTB-DOC-001"), at)
