"""Attributes that the past does not tell, drawn for a what-if: synthetic, seeded, and called so."""

from __future__ import annotations

from hashlib import sha256
from typing import NamedTuple

from ..problems import Problem, ProblemError


class Assignment(NamedTuple):
    """Values of one attribute with their integer weights."""

    attribute: str
    values: tuple[tuple[str, int], ...]

    def value_for(self, seed: str, request_id: str) -> str:
        """Return the value for a request: a function of seed, attribute and request id alone."""
        head = sha256(f"{seed}\n{self.attribute}\n{request_id}".encode()).digest()[:8]
        target = int.from_bytes(head) * sum(weight for _, weight in self.values) >> 64
        for value, weight in self.values:
            target -= weight
            if target < 0:
                return value
        raise AssertionError("weights are positive")

    def __str__(self) -> str:
        return f"{self.attribute} = {', '.join(f'{value}:{weight}' for value, weight in self.values)}"


def parse_assignment(text: str) -> Assignment:
    """Return the assignment that `task=balance:70,dispute:20,fraud:10` states.

    Raises:
        ProblemError: `bad-assignment`.
    """
    attribute, equals, rest = text.partition("=")
    values = []
    for part in rest.split(","):
        value, colon, weight = part.rpartition(":")
        if not colon:
            value, weight = part, "1"
        is_number = weight.isascii() and weight.isdigit() and len(weight) <= 7
        if not value or not is_number or not 0 < int(weight) <= 1_000_000:
            equals = ""
        else:
            values.append((value, int(weight)))
    if not equals or not attribute:
        message = f"`{text}` does not read like `task=balance:70,dispute:20,fraud:10`"
        raise ProblemError(Problem("bad-assignment", "", message))
    return Assignment(attribute, tuple(values))
