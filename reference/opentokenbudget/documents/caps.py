"""How much a document may hold: limits on events, so that nothing large is built before it is refused."""

from __future__ import annotations

from typing import NamedTuple


class Caps(NamedTuple):
    """The most that one document may hold.

    Attributes:
        size_bytes: bytes of the file.
        depth: containers inside containers.
        nodes: keys, values and containers.
        key_length: characters of a key.
        problems: problems that are reported; reading stops there.
    """

    size_bytes: int = 32 * 1024 * 1024
    depth: int = 64
    nodes: int = 2_000_000
    key_length: int = 1_024
    problems: int = 1_000


CAPS = Caps()
