"""Files of rows that are read more than once, so that memory need not hold them."""

from __future__ import annotations

import os
import shutil
import stat
import sys
from contextlib import ExitStack
from pathlib import Path
from tempfile import NamedTemporaryFile

from ..opening import CannotOpen


def file_to_reread(name: str, stack: ExitStack) -> tuple[Path, str]:
    """Return the path of the regular file `name`, and what to call it; standard input (`-`) is spooled to one.

    Raises:
        CannotOpen: there is none, or it is something that can be read once alone.
    """
    if name == "-":
        if sys.stdin is None:
            raise CannotOpen(name, "standard input is closed")
        spool = stack.enter_context(NamedTemporaryFile(prefix="otb-", suffix=".jsonl"))  # noqa: SIM115
        shutil.copyfileobj(sys.stdin.buffer, spool)
        spool.flush()
        return Path(spool.name), "<stdin>"
    try:
        with open(os.open(name, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0)), "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise CannotOpen(
                    name, "not a regular file: it is read twice; `-` takes JSON Lines from a pipe"
                )
            return Path(name), name
    except (OSError, ValueError) as wrong:
        raise CannotOpen(name, (getattr(wrong, "strerror", None) or "not a usable name").lower()) from None
