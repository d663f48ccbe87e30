"""Plain scalars read as JSON: its numbers, true, false, null; all else is a string (`no`, `017`, `~`)."""

from __future__ import annotations

import re
from typing import NamedTuple

LARGEST_INTEGER = 2**53 - 1
_DIGITS_OF_LARGEST = 16

_NUMBER = re.compile(r"(-?(?:0|[1-9][0-9]*))((?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)", re.ASCII)
_WORDS: dict[str, bool | None] = {"true": True, "false": False, "null": None}
_STARTS_A_NUMBER = frozenset("-0123456789")


class ScalarFlaw(NamedTuple):
    """A plain scalar that has no JSON reading; `value` stands in for it while the rest is read."""

    code: str
    message: str
    requirement: str
    value: str | int | None


def resolved(text: str) -> str | int | bool | ScalarFlaw | None:
    """Return what the plain scalar `text` is in JSON, or what is wrong with it.

    Source: spec/10-documents.md OTB-DOC-010, OTB-DOC-014.
    """
    if text[:1] in _STARTS_A_NUMBER and text:
        match = _NUMBER.fullmatch(text)
        if match is None:
            return text
        whole, rest = match.groups()
        if rest:
            return _unquoted(text)
        if len(whole) > _DIGITS_OF_LARGEST + 1 or abs(number := int(whole)) > LARGEST_INTEGER:
            return _too_large(whole)
        return number
    if text in _WORDS:
        return _WORDS[text]
    if not text:
        return ScalarFlaw(
            "empty-value",
            'nothing stands here: write `null`, `""`, or leave the field out',
            "OTB-DOC-010",
            None,
        )
    return text


def _unquoted(text: str) -> ScalarFlaw:
    short = text if len(text) <= 40 else f"{text[:40]}…"
    return ScalarFlaw(
        "unquoted-decimal",
        f'`{short}` has a fraction or an exponent: write the decimal as a string, `"{short}"`',
        "OTB-DOC-010",
        text,
    )


def _too_large(text: str) -> ScalarFlaw:
    short = text if len(text) <= 40 else f"{text[:40]}…"
    return ScalarFlaw(
        "integer-too-large",
        f"`{short}` lies outside ±{LARGEST_INTEGER}, what every language counts exactly",
        "OTB-DOC-014",
        0,
    )
