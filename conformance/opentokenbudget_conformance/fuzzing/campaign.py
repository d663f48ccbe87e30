"""A campaign: ranges of sequences, each asked of two programs of its own, on as many cores as are given."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from typing import NamedTuple

from ..asking import Fault
from ..launching import Limits
from ..program import Program
from .comparing import Difference, differences, smallest
from .sequences import sequence

CHUNK = 1000


class Programs(NamedTuple):
    """The commands of two implementations."""

    first: tuple[str, ...]
    second: tuple[str, ...]


class Chunk(NamedTuple):
    """What a range of sequences showed.

    Attributes:
        numbers: of the sequences that were asked.
        found: differences, each as small as it goes, by number.
        fault: why a program could not be started, if it could not.
    """

    numbers: range
    found: tuple[Difference, ...]
    fault: Fault | None = None


def run_campaign(
    programs: Programs,
    *,
    seed: str,
    numbers: range,
    jobs: int = 1,
    most: int = 10,
    limits: Limits | None = None,
) -> Iterator[Chunk]:
    """Yield what each range of `numbers` showed, as they come.

    Args:
        programs: what is compared.
        seed: of the sequences.
        numbers: of the sequences.
        jobs: how many ranges are asked at once.
        most: after so many differences in a range the rest of it is left out.
        limits: of each program.
    """
    chunks = [numbers[start : start + CHUNK] for start in range(0, len(numbers), CHUNK)]
    if jobs == 1:
        yield from (_compared(programs, seed, chunk, most, limits) for chunk in chunks)
        return
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        waiting: list[Future[Chunk]] = [
            pool.submit(_compared, programs, seed, chunk, most, limits) for chunk in chunks
        ]
        yield from (done.result() for done in as_completed(waiting))


def _compared(programs: Programs, seed: str, numbers: range, most: int, limits: Limits | None) -> Chunk:
    with Program(programs.first, limits=limits) as first, Program(programs.second, limits=limits) as second:
        for program in (first, second):
            started = program.start()
            if isinstance(started, Fault):
                return Chunk(numbers, (), started)
        found: list[Difference] = []
        for difference in differences(
            ((number, sequence(seed, number)) for number in numbers), first, second
        ):
            found.append(smallest(difference, first, second))
            if len(found) >= most:
                break
    return Chunk(numbers, tuple(found))
