"""Named pipes: opening one plainly would wait for a writer for ever."""

from __future__ import annotations

import os
import time

from opentokenbudget.problems import CannotOpen

# How long a pipe may be without a writer: who starts us and the writer together needs a moment.
PATIENCE_S = 0.5
_PAUSE_S = 0.02


def read_pipe(name: str, most: int) -> bytes:
    """Return what comes through the named pipe `name` until its writers close it: at most `most` bytes.

    Raises:
        CannotOpen: nobody writes to it.
        OSError: it cannot be opened or read.
    """
    descriptor = os.open(name, os.O_RDONLY | os.O_NONBLOCK)
    with open(descriptor, "rb", buffering=0) as stream:
        begun = b""
        deadline = time.monotonic() + PATIENCE_S
        while not begun:
            # Nothing is the end of the text when nobody writes, None when a writer has said nothing yet.
            chunk = stream.read(1)
            if chunk is None:
                break
            if not chunk and time.monotonic() > deadline:
                raise CannotOpen(name, "nobody writes to this pipe")
            if not chunk:
                time.sleep(_PAUSE_S)
            begun = chunk
        os.set_blocking(descriptor, True)
        chunks = [begun]
        size = len(begun)
        while size < most and (chunk := stream.read(min(1 << 16, most - size))):
            chunks.append(chunk)
            size += len(chunk)
    return b"".join(chunks)
