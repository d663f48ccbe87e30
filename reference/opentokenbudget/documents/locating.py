"""Where in a text the things are that JSON pointers name: asked for problems only, reading keeps none."""

from __future__ import annotations

import contextlib
from collections.abc import Collection
from typing import Any, NamedTuple

from .events import END, FLAW, MAPPING, MalformedText, Source
from .pointers import escaped_step


class Spot(NamedTuple):
    """Line and column, from 1, of a member's value and of its key; an item of a list has the same twice."""

    value: tuple[int, int]
    key: tuple[int, int]


def spots(source: Source, pointers: Collection[str]) -> dict[str, Spot]:
    """Return where each of `pointers` stands; one that names nothing is left out.

    A value that begins on a later line than its key is placed at its key.
    """
    found: dict[str, Spot] = {}
    with contextlib.suppress(MalformedText):  # What stands before it is found; the reader reported the rest.
        _collect(source, frozenset(pointers), found)
    return found


def _collect(source: Source, wanted: frozenset[str], found: dict[str, Spot]) -> None:
    # A frame per open container: its pointer, the number of its next item (-1 in a mapping), the key's mark.
    frames: list[list[Any]] = []
    pending: str | None = None
    for what, text, at in source.events:
        if what == FLAW:
            continue
        if what == END:
            frames.pop()
            pending = None
            continue
        key_at = None
        if not frames:
            pointer = ""
        elif frames[-1][1] < 0:
            if pending is None:
                if text is None:
                    return
                pending = f"{frames[-1][0]}/{escaped_step(text)}"
                frames[-1][2] = at
                continue
            pointer, key_at = pending, frames[-1][2]
        else:
            pointer = f"{frames[-1][0]}/{frames[-1][1]}"
            frames[-1][1] += 1
        if pointer in wanted:
            value = source.position(at)
            key = source.position(key_at) if key_at is not None else value
            found[pointer] = Spot(value if value[0] == key[0] else key, key)
        pending = None
        if text is None:
            frames.append([pointer, -1 if what == MAPPING else 0, None])
