"""Documents from disk and from standard input.

What a document refers to must lie in the folder of the first document or below: also through links.
The first file is the caller's own choice and may lie, or be a link to, anywhere; a pipe will do.
"""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Mapping
from pathlib import Path

from opentokenbudget.documents import CAPS, CannotFetch, Document, load_documents
from opentokenbudget.problems import CannotOpen, Problem

from .pipes import read_pipe

STANDARD_INPUT = "-"
_STANDARD_INPUT_NAME = "<stdin>"


def load_file(
    path: str | os.PathLike[str],
    *,
    kind: str | None = None,
    held: Mapping[str, Document] | None = None,
    raw: bytes | None = None,
) -> tuple[Document | None, tuple[Problem, ...]]:
    """Return the document in the file `path`, with all that it refers to, or None and the problems.

    Args:
        path: a file, or `-` for standard input, whose references lie in the working directory.
        kind: what it must be; needed where it does not say.
        held: documents at hand, by digest.
        raw: its bytes, where they were read already.

    Raises:
        CannotOpen: the file is missing or cannot be opened.

    Source: spec/10-documents.md OTB-DOC-018.
    """
    named = os.fspath(path)
    content = read_bytes(named) if raw is None else raw
    from_stdin = named == STANDARD_INPUT
    shown = _STANDARD_INPUT_NAME if from_stdin else named.replace(os.sep, "/")
    first = shown.rpartition("/")[2]
    folder = Path() if from_stdin else Path(named).parent

    def fetch(relative: str) -> bytes:
        return content if relative == first else _read_below(folder, relative)

    return load_documents(shown, fetch, kind=kind, held=held)


def read_bytes(path: str | os.PathLike[str]) -> bytes:
    """Return the bytes of the file `path`, or of standard input for `-`: at most one more than is allowed.

    Raises:
        CannotOpen: the file is missing or cannot be opened, or is a pipe to which nobody writes.
    """
    named = os.fspath(path)
    try:
        if named == STANDARD_INPUT:
            # Without a standard input, Python has None in its place.
            if sys.stdin is None:
                raise CannotOpen(named, "standard input is closed")
            return sys.stdin.buffer.read(CAPS.size_bytes + 1)
        if stat.S_ISFIFO(os.stat(named).st_mode):
            return read_pipe(named, CAPS.size_bytes + 1)
        with open(named, "rb") as stream:
            return stream.read(CAPS.size_bytes + 1)
    except (OSError, ValueError) as error:
        raise CannotOpen(named, _reason(error)) from None


def _read_below(folder: Path, relative: str) -> bytes:
    """Return the bytes of the regular file `relative`, which must lie below `folder`, links followed."""
    try:
        root = folder.resolve(strict=True)
        target = (root / relative).resolve(strict=True)
    except FileNotFoundError:
        raise CannotFetch("missing-file", f"there is no file `{relative}`") from None
    except (OSError, RuntimeError, ValueError) as error:
        raise CannotFetch("unreadable-file", f"`{relative}` cannot be opened: {_reason(error)}") from None
    if not target.is_relative_to(root):
        message = f"`{relative}` is a link that leads out of the folder of the first document"
        raise CannotFetch("unsafe-path", message)
    try:
        # Not blocking: opening a pipe must not wait for its writer. No link: the path was resolved.
        flags = (
            os.O_RDONLY
            | getattr(os, "O_NONBLOCK", 0)
            | getattr(os, "O_NOFOLLOW", 0)
            | getattr(os, "O_BINARY", 0)
        )
        with open(os.open(target, flags), "rb") as stream:
            if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
                raise CannotFetch("unreadable-file", f"`{relative}` is not a regular file")
            return stream.read(CAPS.size_bytes + 1)
    except IsADirectoryError:
        raise CannotFetch("unreadable-file", f"`{relative}` is not a regular file") from None
    except OSError as error:
        raise CannotFetch("unreadable-file", f"`{relative}` cannot be opened: {_reason(error)}") from None


def _reason(error: Exception) -> str:
    strerror = getattr(error, "strerror", None)
    return str(strerror).lower() if strerror else "not a usable name"
