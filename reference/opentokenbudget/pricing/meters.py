"""Meters: what is counted. A meter is an unordered set of tags, written with dots.

A meter with more tags is part of every meter with fewer of the same:
`input` includes `input.cache_read`, `output` includes `output.reasoning`.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import final

from msgspec import Struct

MAX_QUANTITY = 2**53 - 1
MODALITIES = frozenset(("audio", "image", "video"))

_METER = re.compile(r"[a-z0-9][a-z0-9_]*(?:\.[a-z0-9][a-z0-9_]*){0,7}", re.ASCII)
_MAX_LENGTH = 256


class BadMeter(ValueError):
    """A text is not a meter: bad letters, a tag twice, more than 8 tags, or both `input` and `output`."""


@final
class Meter(Struct, frozen=True, eq=False):
    """One meter. `meter_named` answers the same object for every spelling, so identity would do.

    Attributes:
        name: the canonical writing.
        tags: the set that it is.
        is_token: counts tokens (has the tag `input` or `output`), so its rate is per 1,000,000.
    """

    name: str
    tags: frozenset[str]
    is_token: bool

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Meter) and self.tags == other.tags

    def __hash__(self) -> int:
        return hash(self.name)

    def __str__(self) -> str:
        return self.name

    @property
    def order(self) -> tuple[int, str]:
        """The canonical order of lines: input, output, everything else, each by name."""
        return (0 if "input" in self.tags else 1 if "output" in self.tags else 2, self.name)

    @property
    def default_per(self) -> int:
        """How many units a plain rate is for: 1,000,000 tokens, or one unit."""
        return 1_000_000 if self.is_token else 1


@lru_cache(maxsize=8192)
def meter_named(text: str) -> Meter:
    """Return the meter that `text` spells, its tags in any order.

    Raises:
        BadMeter: not the grammar of a meter.

    Source: spec/20-catalog.md, meters.
    """
    if not isinstance(text, str) or len(text) > _MAX_LENGTH or _METER.fullmatch(text) is None:
        raise BadMeter(f"`{str(text)[:64]}` is not a meter: 1 to 8 tags of a-z, 0-9 and `_`, joined by dots")
    written = text.split(".")
    tags = frozenset(written)
    if len(tags) < len(written):
        raise BadMeter(f"`{text[:64]}` has a tag twice")
    if "input" in tags and "output" in tags:
        raise BadMeter(f"`{text[:64]}` is both `input` and `output`")
    return meter_of(tags)


def meter_of(tags: frozenset[str]) -> Meter:
    """Return the meter that is the set `tags`, written canonically.

    `input` or `output` comes first, then tags that begin with a letter, then those that begin with a digit.
    """
    ordered = sorted(tags, key=lambda tag: (tag not in ("input", "output"), tag[0].isdigit(), tag))
    return Meter(".".join(ordered), tags, bool(tags & {"input", "output"}))


INPUT = meter_named("input")
OUTPUT = meter_named("output")
REQUEST = meter_named("request")
