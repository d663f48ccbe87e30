"""Time order in constant memory: a stream that is in order passes, another is sorted on disk first."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from .sources import RawRow

RUN_ROWS = 100_000


def in_time_order(
    read: Callable[[], Iterable[tuple[int, RawRow]]], *, run_rows: int = RUN_ROWS
) -> Iterator[tuple[int, RawRow]]:
    """Yield what `read` yields, by ascending instant, rows of one instant in their order of reading.

    Args:
        read: starts reading from the beginning, each time that it is called; called twice, first to look whether
            sorting is needed at all.
        run_rows: how many rows are sorted in memory at a time.
    """
    if _ordered(read()):
        yield from read()
        return
    with TemporaryDirectory(prefix="otb-sort-") as folder:
        runs = list(_runs(read(), Path(folder), run_rows))
        for instant, _, file, line, values in heapq.merge(*(_rows(run) for run in runs)):
            yield instant, RawRow(file, line, msgspec.json.decode(values))


def _ordered(rows: Iterable[tuple[int, RawRow]]) -> bool:
    last = None
    for instant, _ in rows:
        if last is not None and instant < last:
            return False
        last = instant
    return True


_Entry = tuple[int, int, str, int, bytes]


def _runs(rows: Iterable[tuple[int, RawRow]], folder: Path, run_rows: int) -> Iterator[Path]:
    """Write sorted runs of at most `run_rows` rows and yield where they lie."""
    # What a Parquet file may hold beside JSON's values is judged as text.
    encode = msgspec.json.Encoder(enc_hook=str).encode
    run: list[_Entry] = []
    for sequence, (instant, raw) in enumerate(rows):
        run.append((instant, sequence, raw.file, raw.line, encode(raw.values)))
        if len(run) >= run_rows:
            yield _written(run, folder / f"{sequence}.run")
            run = []
    if run:
        yield _written(run, folder / "last.run")


def _written(run: list[_Entry], path: Path) -> Path:
    run.sort()
    with path.open("wb") as file:
        for instant, sequence, name, line, values in run:
            file.write(msgspec.json.encode((instant, sequence, name, line)) + b"\t" + values + b"\n")
    return path


def _rows(path: Path) -> Iterator[_Entry]:
    with path.open("rb") as file:
        yield from map(_entry, file)


def _entry(line: bytes) -> _Entry:
    head, _, values = line.partition(b"\t")
    instant, sequence, name, number = msgspec.json.decode(head)
    return instant, sequence, name, number, values
