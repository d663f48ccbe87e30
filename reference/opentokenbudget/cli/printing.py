"""Printing that nothing stops: no encoding, no closed stream, no reader that has gone; and nothing from input acts.

Control characters, marks that change the reading direction and the like are shown as escapes.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterable
from typing import Any, TextIO

import click


def print_text(text: str) -> None:
    """Print `text` on standard output, with escapes for what its encoding does not have; nothing for "".

    The caller has made it visible.
    """
    if text:
        _print(text, sys.stdout)


def print_lines(lines: Iterable[str], *, err: bool = False) -> None:
    """Print `lines`, everything that is not a plain printable character as an escape."""
    from .formats import visible

    text = "\n".join(visible(line) for line in lines)
    if text:
        _print(text, sys.stderr if err else sys.stdout)


def print_json(value: Any, *, err: bool = False) -> None:
    """Print `value` as JSON, in which characters that are not plain and printable are JSON's escapes."""
    import json

    stream = sys.stderr if err else sys.stdout
    plain = "utf" not in _encoding(stream)
    text = json.dumps(value, ensure_ascii=plain, indent=2)
    if not text.replace("\n", "").isprintable():
        # Only strings can hold such characters, so that an escape is right wherever one stands.
        text = "".join(one if one == "\n" or one.isprintable() else json.dumps(one)[1:-1] for one in text)
    _print(text, stream)


def tell(text: str) -> None:
    """Print `text` on standard error, line by line, everything that is not printable as an escape."""
    print_lines(text.split("\n"), err=True)


def open_streams() -> None:
    """Stand in for standard streams that were closed before we began."""
    if sys.stdout is None:
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115


def silence(stream: TextIO) -> None:
    """Lead `stream` to nowhere, so that what it still holds is not tried again at the end."""
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


def _print(text: str, stream: TextIO) -> None:
    """Print a line; that the reader has gone changes nothing about what is left to do."""
    encoding = _encoding(stream)
    try:
        # Whoever wrote the text decided about colour.
        click.echo(text.encode(encoding, "backslashreplace").decode(encoding), file=stream, color=True)
    except BrokenPipeError:
        silence(stream)
    except OSError:
        silence(stream)
        if stream is not sys.stderr:
            raise


def _encoding(stream: TextIO) -> str:
    return (getattr(stream, "encoding", None) or "utf-8").lower()
