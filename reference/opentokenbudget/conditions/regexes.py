"""I-Regexp (RFC 9485): the regular expressions on which RE2, JavaScript and Java agree, as whole matches.

Refused beyond the RFC, because engines differ on them: `^` and `$` outside a class (literal there in the RFC,
anchors nearly everywhere else), the class `[^]`, and the categories `C` and `Cn` (unassigned: they differ by
Unicode version). A pattern has at most 256 bytes, groups at most 32 deep, and at most 1000 places after its
repetitions are written out.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import re2

PATTERN_BYTES = 256
PATTERN_PLACES = 1000
# A category is a large class: it counts as much more than a character in what an automaton needs.
_CATEGORY_PLACES = 20
_DEPTH = 32
_SET_PLACES = 5000

_QUANTIFIER = re.compile(r"[*+?]|\{([0-9]+)(?:(,)([0-9]+)?)?\}", re.ASCII)
_CATEGORY = re.compile(r"\\[pP]\{(L[lmotu]?|M[cen]?|N[dlo]?|P[c-fios]?|Z[lps]?|S[ckmo]?|C[cfo])\}", re.ASCII)
_ESCAPED = frozenset("()*+-.?[\\]^{|}nrt")


class InvalidRegex(ValueError):
    """A pattern is not an I-Regexp of the spec."""


@lru_cache(maxsize=4096)
def regex_test(pattern: str) -> Callable[[str], bool]:
    """Return a function that tells whether a whole text matches the I-Regexp `pattern`, in linear time.

    Raises:
        InvalidRegex: not an I-Regexp, or larger than the caps.
    """
    options = re2.Options()
    options.log_errors = False
    options.never_capture = True
    form = translated(pattern)
    try:
        regex = re2.compile(form, options)
    except re2.error:
        raise InvalidRegex("it is too large") from None
    if regex.programsize > _SET_PLACES:
        return _guarded(lambda text: regex.fullmatch(text) is not None)
    # A set of one answers the same five times faster: it builds no match object. (For a large automaton it
    # could run out of memory, which it does not tell.)
    single: Any = re2.Set.FullMatchSet(options)
    single.Add(form)
    single.Compile()
    return _guarded(lambda text: single.Match(text) is not None)


def _guarded(test: Callable[[str], bool]) -> Callable[[str], bool]:
    def guarded(text: str) -> bool:
        try:
            return test(text)
        except UnicodeEncodeError:  # a lone surrogate is no character, so nothing matches it
            return False

    return guarded


def translated(pattern: str) -> str:
    """Return the I-Regexp `pattern` in the syntax of RE2.

    Raises:
        InvalidRegex: what is wrong and at which character.
    """
    try:
        size = len(pattern.encode())
    except UnicodeEncodeError:
        raise InvalidRegex("it has a lone surrogate") from None
    if size > PATTERN_BYTES:
        raise InvalidRegex(f"it has {size} bytes, the most is {PATTERN_BYTES}")
    reading = _Reading(pattern)
    places = reading.alternatives(0)
    if reading.at < len(pattern):
        raise reading.wrong("`)` closes nothing")
    if places > PATTERN_PLACES:
        raise InvalidRegex(f"its repetitions write out to more than {PATTERN_PLACES} places")
    return "".join(reading.parts)


class _Reading:
    """A pass over one pattern: `parts` is the RE2 form so far; each method returns the places it has read."""

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.at = 0
        self.parts: list[str] = []

    def wrong(self, what: str) -> InvalidRegex:
        return InvalidRegex(f"{what} (character {self.at + 1})")

    def alternatives(self, depth: int) -> int:
        if depth > _DEPTH:
            raise self.wrong("it is nested too deep")
        places = 0
        while self.at < len(self.pattern) and self.pattern[self.at] != ")":
            if self.pattern[self.at] == "|":
                self.parts.append("|")
                self.at += 1
            else:
                places += self.piece(depth)
        return places

    def piece(self, depth: int) -> int:
        places = self.atom(depth)
        match = _QUANTIFIER.match(self.pattern, self.at)
        if match is None:
            return places
        least, comma, most = match.groups()
        if most is not None and int(most) < int(least):
            raise self.wrong("a range ends before it starts")
        self.at = match.end()
        if self.at < len(self.pattern) and self.pattern[self.at] in "*+?{":
            raise self.wrong("a quantifier follows a quantifier")
        count = max(int(most or 0), int(least or 0), 1)
        if count > PATTERN_PLACES:
            raise self.wrong(f"a count is above {PATTERN_PLACES}")
        # Zeros before a count mean nothing here, but RE2 would take `{03}` literally.
        if least is not None:
            self.parts.append(f"{{{int(least)}{comma or ''}{int(most) if most else ''}}}")
        else:
            self.parts.append(match.group())
        return places * count

    def atom(self, depth: int) -> int:
        char = self.pattern[self.at]
        if char == "(":
            return self.group(depth)
        if char == "[":
            return self.character_class()
        if char == "\\":
            return self.escape()
        if char in "*+?{":
            raise self.wrong(f"`{char}` repeats nothing")
        if char in "]}":
            raise self.wrong(f"`{char}` closes nothing")
        if char in "^$":
            literal = "\\^" if char == "^" else "[$]"
            raise self.wrong(f"`{char}` is no anchor, every match is whole; the character is `{literal}`")
        self.at += 1
        self.parts.append("[^\\n\\r]" if char == "." else re2.escape(char))
        return 1

    def group(self, depth: int) -> int:
        self.at += 1
        if self.pattern.startswith("?", self.at):
            raise self.wrong("groups have no options, names or look-around")
        self.parts.append("(?:")
        places = self.alternatives(depth + 1)
        if self.at >= len(self.pattern):
            raise self.wrong("a `(` is not closed")
        self.at += 1
        self.parts.append(")")
        return max(places, 1)

    def escape(self) -> int:
        """Read `\\.`, `\\n` or a category, in or outside a class."""
        match = _CATEGORY.match(self.pattern, self.at)
        if match is not None:
            self.at = match.end()
            self.parts.append(match.group())
            return _CATEGORY_PLACES
        self.parts.append(self.escaped_character())
        return 1

    def escaped_character(self) -> str:
        char = self.pattern[self.at + 1 : self.at + 2]
        if not char or char not in _ESCAPED:
            raise self.wrong(f"`\\{char}` is not an escape of an I-Regexp")
        self.at += 2
        return f"\\{char}"

    def character_class(self) -> int:
        """Read `[...]` or `[^...]`: single characters, ranges and categories; `-` only first or last."""
        self.at += 1
        self.parts.append("[")
        if self.pattern.startswith("^", self.at):
            self.at += 1
            self.parts.append("^")
        first, places = True, 1
        while True:
            char = self.pattern[self.at : self.at + 1]
            if not char:
                raise self.wrong("a `[` is not closed")
            if char == "]":
                if first:
                    raise self.wrong("a class is empty")
                self.at += 1
                self.parts.append("]")
                return places
            if char == "-":
                if not first and self.pattern[self.at + 1 : self.at + 2] != "]":
                    raise self.wrong("`-` stands in the middle of a class")
                self.at += 1
                self.parts.append("\\-")
            elif _CATEGORY.match(self.pattern, self.at):
                places = max(places, self.escape())
            else:
                self.class_range()
            first = False

    def class_range(self) -> None:
        low = self.class_character()
        self.parts.append(low)
        if self.pattern.startswith("-", self.at) and self.pattern[self.at + 1 : self.at + 2] != "]":
            self.at += 1
            high = self.class_character()
            if _code(high) < _code(low):
                raise self.wrong("a range ends before it starts")
            self.parts.append(f"-{high}")

    def class_character(self) -> str:
        char = self.pattern[self.at : self.at + 1]
        if char == "\\":
            return self.escaped_character()
        if not char or char in "-[]":
            raise self.wrong(f"`{char}` must be escaped in a class" if char else "a `[` is not closed")
        self.at += 1
        return f"\\{char}" if char in "^&~" else char


def _code(character: str) -> int:
    """Return the code point of a character as it is written in a class."""
    controls = {"\\n": 10, "\\r": 13, "\\t": 9}
    return controls.get(character, ord(character[-1]))
