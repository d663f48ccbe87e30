"""Which policy the desk had at which time: models come and go."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from ..amounts import parse_date

_HERE = Path(__file__).parent


class Era(NamedTuple):
    """A stretch of time with a policy of its own; it begins at `since`, nanoseconds since 1970."""

    name: str
    since: int


ERAS = tuple(Era(name, parse_date(f"{name}-{day}")) for name, day in (("2024-08", "12"), ("2026-10", "13")))


def era_at(at: int) -> Era | None:
    """Return the era of the instant `at`, None before the first."""
    begun = [era for era in ERAS if era.since <= at]
    return begun[-1] if begun else None


def read_bundled(era: Era) -> dict[str, bytes]:
    """Return the desk's policy and value rules in `era`, by the file name under which they refer to each other."""
    return {
        "policy.yaml": (_HERE / era.name / "policy.yaml").read_bytes(),
        "value.yaml": (_HERE / "value.yaml").read_bytes(),
    }
