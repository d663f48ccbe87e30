"""`otb drive`: the reference behind the conformance suite's protocol."""

from __future__ import annotations

import sys

import click

from ..driving import serve


@click.command("drive")
def drive() -> None:
    """Answer a conformance suite: JSON Lines on standard input and output.

    To be started by `otb-conformance run --program "otb drive"`; the protocol stands in spec/90-conformance.md.
    """
    serve(sys.stdin.buffer, sys.stdout.buffer, sys.stderr)
