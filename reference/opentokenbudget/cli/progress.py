"""A progress bar on standard error: only on a terminal, only for what takes longer than a second."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Any, Self

_EVERY = 2000


class Progress:
    """Counts; after a second the count appears."""

    def __init__(self, what: str, *, quiet: bool) -> None:
        self._what = what
        self._shown = not quiet and sys.stderr.isatty()
        self._begun = time.monotonic()
        self._count = 0
        self._bar: Any = None
        self._task: Any = None

    def advance(self) -> None:
        """Count one more."""
        self._count += 1
        if self._shown and self._count % _EVERY == 0:
            self._draw()

    def _draw(self) -> None:
        if self._bar is None:
            if time.monotonic() - self._begun < 1:
                return
            from rich.console import Console
            from rich.progress import Progress as Bar
            from rich.progress import SpinnerColumn, TextColumn, TimeElapsedColumn

            columns = (
                SpinnerColumn(),
                TextColumn("{task.description} {task.completed:,.0f}"),
                TimeElapsedColumn(),
            )
            self._bar = Bar(*columns, console=Console(stderr=True), transient=True)
            self._bar.start()
            self._task = self._bar.add_task(self._what, total=None)
        self._bar.update(self._task, completed=self._count)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()
