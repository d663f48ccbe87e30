"""Dice: what generation draws from; a seed and a number give the same throws everywhere."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import Any, TypeVar, final

from opentokenbudget.amounts import format_instant, parse_instant

_T = TypeVar("_T")

DECIMALS = (
    "0",
    "1",
    "2",
    "0.5",
    "10",
    "0.25",
    "1.1",
    "3.75",
    "0.3333",
    "50",
    "0.000001",
    "0.000000000001",
    "7",
)
INSTANTS = (
    "2025-12-31T23:59:59.999999999Z",
    "2026-01-01T00:00:00Z",
    "2026-03-29T00:59:59Z",
    "2026-03-29T03:30:00+02:00",
    "2026-06-01T00:00:00Z",
    "2026-06-01T12:00:00.5Z",
    "2026-07-04T23:15:00-04:00",
    "2026-10-25T01:30:00Z",
    "2026-11-01T01:30:00-05:00",
    "2026-11-23T12:00:00Z",
    "2027-01-01T00:00:00Z",
)
ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe")
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@final
class Dice:
    """Throws; small pools are drawn from on purpose, so that names meet and bounds are hit."""

    def __init__(self, seed: str, number: int) -> None:
        self._random = Random(f"{seed}/{number}")

    def chance(self, percent: int) -> bool:
        """Return true in `percent` of a hundred throws."""
        return self._random.random() * 100 < percent

    def pick(self, pool: Sequence[_T]) -> _T:
        """Return one of `pool`."""
        return pool[int(self._random.random() * len(pool))]

    def some(self, pool: Sequence[_T], least: int = 0, most: int | None = None) -> list[_T]:
        """Return from `least` to `most` different members of `pool`, in any order."""
        top = len(pool) if most is None else min(most, len(pool))
        return self._random.sample(pool, self.number(min(least, top), top))

    def number(self, least: int, most: int) -> int:
        """Return an integer from `least` to `most`, both inside."""
        return self._random.randint(least, most)

    def times(self, least: int, most: int, make: Callable[[], _T]) -> list[_T]:
        """Return from `least` to `most` of what `make` makes."""
        return [make() for _ in range(self.number(least, most))]

    def maybe(self, percent: int, form: dict[str, Any], name: str, make: Callable[[], Any]) -> None:
        """Put what `make` makes into `form` under `name`, in `percent` of a hundred throws."""
        if self.chance(percent):
            form[name] = make()

    def decimal(self) -> str:
        """Return a decimal from 0 on: often a familiar one, sometimes of many digits."""
        if self.chance(75):
            return self.pick(DECIMALS)
        whole = str(self.number(0, 10 ** self.number(0, 5)))
        fraction = "".join(str(self.number(0, 9)) for _ in range(self.number(0, 12)))
        return f"{whole}.{fraction}" if fraction else whole

    def share(self) -> str:
        """Return a decimal from 0 to 1."""
        return self.pick(("0", "0.1", "0.5", "0.75", "0.8", "0.9", "0.95", "1"))

    def quantity(self) -> int:
        """Return a number of tokens, often one beside a threshold."""
        if self.chance(70):
            return self.pick((0, 1, 3, 99, 100, 101, 1000, 999, 1001, 200_000, 200_001, 1_000_000))
        return self.number(0, 10 ** self.number(1, 12))

    def instant(self) -> str:
        """Return an instant: often one at an edge."""
        if self.chance(80):
            return self.pick(INSTANTS)
        day = f"{self.number(2025, 2027)}-{self.number(1, 12):02}-{self.number(1, 28):02}"
        return f"{day}T{self.number(0, 23):02}:{self.pick((0, 15, 30, 59)):02}:00Z"

    def later(self, instant: str) -> str:
        """Return an instant up to some 31 days after another one."""
        seconds = self.pick(
            (0, 1, 3600, 86_400, 86_400 * 3 + 1800, 86_400 * 30, 86_400 * 31, 86_400 * 31 + 1)
        )
        return format_instant(parse_instant(instant) + seconds * 10**9)
