"""Input as it is shown in messages: short, in backticks, with nothing that a terminal would obey."""

from __future__ import annotations

import json
from collections.abc import Iterable

_LONGEST = 60
_LARGEST_BITS = 200
_FEWEST_TO_CUT = 12


def shown(value: object) -> str:
    """Return `value` as a message shows it: a scalar in backticks, cut; a container by name."""
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, (list, tuple)):
        return "a list"
    if isinstance(value, str):
        return f"`{escaped(value)}`"
    if isinstance(value, int) and value.bit_length() > _LARGEST_BITS:
        return "an integer of very many digits"
    if value is None or isinstance(value, (bool, int, float)):
        return f"`{json.dumps(value)}`"
    return f"a value of type `{type(value).__name__}`"


def escaped(text: str) -> str:
    """Return `text` cut to 60 characters, with what cannot be printed, and backticks, as escapes."""
    cut = text if len(text) <= _LONGEST else text[:_LONGEST] + "…"
    if cut.isprintable() and "`" not in cut:
        return cut
    return "".join(
        character if character.isprintable() and character != "`" else _escape(character) for character in cut
    )


def listed(words: Iterable[str], *, joined_by: str = "or") -> str:
    """Return `` `a`, `b` or `c` ``; a long list is cut."""
    shown_words = [f"`{escaped(word)}`" for word in words]
    if len(shown_words) > _FEWEST_TO_CUT:
        return ", ".join([*shown_words[:_FEWEST_TO_CUT], "…"])
    if len(shown_words) < 2:
        return "".join(shown_words)
    return f"{', '.join(shown_words[:-1])} {joined_by} {shown_words[-1]}"


def _escape(character: str) -> str:
    code = ord(character)
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
