"""Half-open stretches `[from, until)` of time, and what holds in each."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from typing import Generic, NamedTuple, TypeVar, final

from msgspec import Struct

T = TypeVar("T")

# Instants are integers of nanoseconds without end: a bound that no instant passes stands for "ever".
SINCE_EVER = -(2**80)
FOR_EVER = 2**80


class Stretch(NamedTuple):
    """`[since, until)` in nanoseconds since 1970."""

    since: int
    until: int

    def meets(self, other: Stretch) -> bool:
        """Return whether both have an instant in common."""
        return self.since < other.until and other.since < self.until


@final
class Timeline(Struct, Generic[T], frozen=True):
    """What holds when: `values[i]` from `starts[i]` until `starts[i + 1]`, None where nothing does."""

    starts: tuple[int, ...]
    values: tuple[T | None, ...]

    def at(self, instant: int) -> T | None:
        """Return what holds at `instant`."""
        return self.values[bisect_right(self.starts, instant) - 1]

    def between(self, at: int, until: int) -> Iterable[tuple[int, int, T]]:
        """Yield each value that holds somewhere in `[at, until]`, with the first and last instant in it."""
        for index in range(bisect_right(self.starts, at) - 1, bisect_right(self.starts, until)):
            value = self.values[index]
            if value is not None:
                ends = self.starts[index + 1] if index + 1 < len(self.starts) else FOR_EVER
                yield max(at, self.starts[index]), min(until, ends - 1), value

    def stretch_at(self, instant: int) -> Stretch:
        """Return the stretch around `instant` in which the same holds."""
        index = bisect_right(self.starts, instant)
        return Stretch(self.starts[index - 1], self.starts[index] if index < len(self.starts) else FOR_EVER)


def timeline(pieces: Iterable[tuple[Stretch, T]]) -> Timeline[T]:
    """Return the timeline of `pieces`; where they meet, the first in order of their beginning wins."""
    starts: list[int] = [SINCE_EVER]
    values: list[T | None] = [None]
    for (since, until), value in sorted(pieces, key=lambda piece: piece[0]):
        since = max(since, starts[-1])
        if since >= until:
            continue
        if starts[-1] == since:
            values[-1] = value
        else:
            starts.append(since)
            values.append(value)
        starts.append(until)
        values.append(None)
    return Timeline(tuple(starts), tuple(values))


def overlay(lower: Timeline[T], upper: Sequence[tuple[Stretch, Timeline[T]]]) -> Timeline[T]:
    """Return `lower`, replaced inside each stretch of `upper` by what its timeline says, gaps included."""
    edges = {*lower.starts}
    for stretch, other in upper:
        edges |= {stretch.since, stretch.until}
        edges |= {start for start in other.starts if stretch.since < start < stretch.until}
    starts = tuple(sorted(edge for edge in edges if SINCE_EVER <= edge < FOR_EVER))

    def value_at(instant: int) -> T | None:
        for stretch, other in upper:
            if stretch.since <= instant < stretch.until:
                return other.at(instant)
        return lower.at(instant)

    return Timeline(starts, tuple(value_at(start) for start in starts))
