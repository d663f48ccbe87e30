"""Printing that no encoding of the terminal stops."""

from __future__ import annotations

import sys

import click


def print_text(text: str) -> None:
    """Print `text` on standard output, with escapes for what its encoding does not have; nothing for ""."""
    if text:
        encoding = sys.stdout.encoding or "utf-8"
        # Whoever wrote the text decided about colour.
        click.echo(text.encode(encoding, "backslashreplace").decode(encoding), color=True)
