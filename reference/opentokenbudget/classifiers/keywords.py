"""Phrases looked for in a text, all of them in one pass, whatever they are and however many.

Text and phrases are read as units: a longest run of word characters, a run of white space, any other byte.
A phrase occurs where its units stand one after the other. So it matches at word boundaries without asking for
them: its first and last word are whole words of the text.
Word characters are the letters and digits of ASCII, `_`, and every code point from U+0080 on;
white space is that of ASCII, and one run is like another.
Letters of ASCII match in either case; every other character matches only itself.

The automaton is Aho and Corasick's, over units: its time grows with the text alone.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple, final

SPACE = " \t\n\r\f\v"

_UNIT = re.compile(rb"[0-9A-Za-z_\x80-\xff]+|.", re.DOTALL)
_NOTHING = 1 << 62


class Entry(NamedTuple):
    """A value, and the phrases of which any one stands for it."""

    of: str
    any: tuple[str, ...]


@final
class Keywords:
    """Entries in order: the first of which a phrase occurs gives its value."""

    __slots__ = ("_after", "_found", "_shorter", "_starts", "_values")

    def __init__(self, entries: Sequence[Entry]) -> None:
        """Prepare `entries`; a phrase has neither white space at its ends nor is it empty."""
        self._values = tuple(entry.of for entry in entries)
        # State 0 has read nothing; by state: the next one by unit, the least entry that ends there,
        # and the state of the longest shorter beginning that is still open.
        self._after: list[dict[bytes, int]] = [{}]
        self._found: list[int] = [_NOTHING]
        self._shorter: list[int] = [0]
        for position, entry in enumerate(entries):
            for phrase in entry.any:
                self._add(units(phrase), position)
        self._link()
        self._starts = frozenset(self._after[0])

    def first(self, text: str) -> str | None:
        """Return the value of the first entry, in their order, that occurs in `text`, or None."""
        read = units(text)
        # Most texts hold not one first word of a phrase.
        if self._starts.isdisjoint(read):
            return None
        after, found, shorter = self._after, self._found, self._shorter
        state, best = 0, _NOTHING
        for unit in read:
            while state and unit not in after[state]:
                state = shorter[state]
            state = after[state].get(unit, 0)
            if found[state] < best:
                best = found[state]
                if not best:
                    break
        return None if best == _NOTHING else self._values[best]

    def _add(self, phrase: Sequence[bytes], position: int) -> None:
        state = 0
        for unit in phrase:
            following = self._after[state].setdefault(unit, len(self._after))
            if following == len(self._after):
                self._after.append({})
                self._found.append(_NOTHING)
                self._shorter.append(0)
            state = following
        self._found[state] = min(self._found[state], position)

    def _link(self) -> None:
        """Fill in the shorter beginnings, those of short states first."""
        row = list(self._after[0].values())
        while row:
            below: list[int] = []
            for state in row:
                for unit, following in self._after[state].items():
                    shorter = self._shorter[state]
                    while shorter and unit not in self._after[shorter]:
                        shorter = self._shorter[shorter]
                    shorter = self._after[shorter].get(unit, 0)
                    self._shorter[following] = shorter
                    self._found[following] = min(self._found[following], self._found[shorter])
                    below.append(following)
            row = below


def units(text: str) -> list[bytes]:
    """Return the units of `text`, letters of ASCII in lower case, every run of white space as one blank."""
    # A lone surrogate is no character; like all that is not ASCII it counts as part of a word.
    read: list[bytes] = _UNIT.findall(_blanks(text.encode("utf-8", "surrogatepass").lower()))
    return read


def _blanks(text: bytes) -> bytes:
    """Return `text` with every run of white space as one blank, but for those at its ends."""
    return b" ".join(text.split())
