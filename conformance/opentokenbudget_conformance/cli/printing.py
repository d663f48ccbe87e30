"""Prints what a command says; that nobody reads it any more changes no verdict."""

from __future__ import annotations

import os
import sys

import click


def say(text: str | bytes, *, newline: bool = True, err: bool = False) -> None:
    """Print `text`; when its reader has gone, as after `| head`, print nothing more there, and go on.

    Raises:
        OSError: it cannot be written for another reason, like a full disk.
    """
    try:
        click.echo(text, nl=newline, err=err)
    except BrokenPipeError:
        # What the stream still holds would be tried again at the end.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, (sys.stderr if err else sys.stdout).fileno())
        os.close(nowhere)
