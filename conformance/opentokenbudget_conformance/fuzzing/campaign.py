"""A campaign: ranges of sequences, each asked of two programs of its own, on as many cores as are given."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from itertools import islice
from multiprocessing import active_children, get_context
from types import FrameType
from typing import NamedTuple

from ..asking import Fault
from ..launching import Limits, end_all
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
        compared: how many answers to steps both programs gave.
        fault: why a program could not be started, if it could not.
    """

    numbers: range
    found: tuple[Difference, ...]
    compared: int = 0
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
    chunks = (numbers[start : start + CHUNK] for start in range(0, len(numbers), CHUNK))
    if jobs == 1:
        yield from (_compared(programs, seed, chunk, most, limits) for chunk in chunks)
        return
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn"), initializer=_wait_to_be_told) as pool:
        waiting: set[Future[Chunk]] = set()
        try:
            while True:
                more = islice(chunks, jobs + 1 - len(waiting))
                waiting |= {pool.submit(_compared, programs, seed, chunk, most, limits) for chunk in more}
                if not waiting:
                    return
                done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                yield from (one.result() for one in done)
        except BaseException:
            # Others would ask to the end of what they were told to ask.
            for child in active_children():
                child.terminate()
            raise


def _wait_to_be_told() -> None:
    """In another process: end when we are told by the one that began, not when all hear the same Ctrl-C."""
    signal.signal(signal.SIGINT, _go_on)
    signal.signal(signal.SIGHUP, _go_on)
    signal.signal(signal.SIGTERM, _leave)


def _go_on(_number: int, _frame: FrameType | None) -> None:
    pass


def _leave(_number: int, _frame: FrameType | None) -> None:
    # Told twice, by the one that began and with all of its group, it would leave before it has cleared up.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    end_all()
    os._exit(128 + signal.SIGTERM)


def _compared(programs: Programs, seed: str, numbers: range, most: int, limits: Limits | None) -> Chunk:
    with Program(programs.first, limits=limits) as first, Program(programs.second, limits=limits) as second:
        for program in (first, second):
            started = program.start()
            if isinstance(started, Fault):
                return Chunk(numbers, (), fault=started)
        found: list[Difference] = []
        both: list[int] = []
        asked = ((number, sequence(seed, number)) for number in numbers)
        for difference in differences(asked, first, second, both.append):
            found.append(smallest(difference, first, second))
            if len(found) >= most:
                break
    return Chunk(numbers, tuple(found), sum(both))
