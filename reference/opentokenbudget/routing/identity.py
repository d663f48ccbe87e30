"""Ids and draws: functions of the operator's seed, the subject and the request's id, which no caller can grind.

Source: spec/60-decision.md OTB-DEC-010, OTB-DEC-011.
"""

from __future__ import annotations

from hashlib import sha256


class Identity:
    """Draws decision ids under one seed; the seed itself cannot be read back."""

    __slots__ = ("_state",)

    def __init__(self, seed: str) -> None:
        self._state = sha256(_netstring(seed))

    def decision_id(self, subject: str | None, request_id: str) -> str:
        """Return the first 128 bits of SHA-256 over the netstrings of seed, subject and request id, in hex."""
        state = self._state.copy()
        name = request_id.encode()
        if subject is None:
            state.update(b"0:,%d:%b," % (len(name), name))
        else:
            who = subject.encode()
            state.update(b"%d:%b,%d:%b," % (len(who), who, len(name), name))
        return state.hexdigest()[:32]


def draw(decision_id: str, label: str) -> int:
    """Return 64 bits, from 0 to 2⁶⁴ − 1: the head of SHA-256 over `<decision id>/<label>`."""
    return int.from_bytes(sha256(f"{decision_id}/{label}".encode()).digest()[:8])


def _netstring(text: str) -> bytes:
    raw = text.encode()
    return b"%d:%b," % (len(raw), raw)
