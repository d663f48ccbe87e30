"""Which characters a document may hold.

Keys are compared byte by byte in every language, so they hold no control character, no mark that changes the
reading direction, and are in normal form C. Other strings may hold line breaks and tabs; the member `text`,
a caller's own prose, may hold any character that UTF-8 can carry.
"""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

_SURROGATE = re.compile("[\ud800-\udfff]")
_NOT_IN_KEYS = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff]"
)
_NOT_IN_STRINGS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufffe\uffff]")
_FREE_MEMBER = "text"

BAD_CHARACTER = "bad-character"
NOT_NORMALIZED = "not-normalized"


class CharacterFlaw(NamedTuple):
    """What is wrong with a string: a problem code and a message."""

    code: str
    message: str


def well_formed(text: str) -> str:
    """Return `text` with U+FFFD for each half of a surrogate pair, which no answer can carry."""
    return _SURROGATE.sub("\ufffd", text)


def is_plain(text: str) -> bool:
    """Return whether `text` is printable ASCII: then nothing else needs to be asked."""
    return text.isascii() and text.isprintable()


def key_flaw(key: str) -> CharacterFlaw | None:
    """Return what is wrong with the characters of `key`, or None.

    Source: spec/10-documents.md OTB-DOC-017.
    """
    return _flaw(key, _NOT_IN_KEYS, "key")


def string_flaw(text: str, member: str | None) -> CharacterFlaw | None:
    """Return what is wrong with the string `text` that stands under the key `member`, or None.

    Source: spec/10-documents.md OTB-DOC-017.
    """
    if member == _FREE_MEMBER:
        surrogate = _SURROGATE.search(text)
        return _named(surrogate[0], "string") if surrogate else None
    return _flaw(text, _NOT_IN_STRINGS, "string")


def _flaw(text: str, refused: re.Pattern[str], what: str) -> CharacterFlaw | None:
    match = _SURROGATE.search(text) or refused.search(text)
    if match:
        return _named(match[0], what)
    if not unicodedata.is_normalized("NFC", text):
        return CharacterFlaw(NOT_NORMALIZED, f"the {what} is not in Unicode normal form C")
    return None


def _named(character: str, what: str) -> CharacterFlaw:
    if "\ud800" <= character <= "\udfff":
        return CharacterFlaw(
            BAD_CHARACTER, f"the {what} holds half of a surrogate pair, `U+{ord(character):04X}`"
        )
    return CharacterFlaw(
        BAD_CHARACTER, f"the {what} holds the character `U+{ord(character):04X}`, which is not allowed"
    )
