"""`otb-conformance report`: renders a stored report again."""

from __future__ import annotations

from pathlib import Path

import click

from opentokenbudget.documents import CAPS
from opentokenbudget.documents.document import parse

from ..reports import FORMS, rendered
from ..reports.agreeing import contradiction
from ..visible import visible
from .options import Place
from .printing import say


@click.command("report")
@click.argument("file", type=Place())
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", *FORMS]),
    default="text",
    show_default=True,
    help="The form to print.",
)
def COMMAND(file: Path, form: str) -> int:
    """Render FILE, a stored report.json, as text, page, JUnit XML or badge.

    \b
    otb-conformance report report/report.json --format html > report.html
    """
    try:
        with file.open("rb") as opened:
            # One more than a document may have, so that what is endless is refused too.
            raw = opened.read(CAPS.size_bytes + 1)
    except OSError as world:
        raise click.ClickException(
            f"cannot open `{file}`: {(world.strerror or str(world)).lower()}"
        ) from None
    parsed = parse(raw, file=str(file), kind="report")
    for problem in parsed.problems:
        say(visible(f"{file} {problem.code} {problem.pointer}: {problem.message}"), err=True)
    if parsed.problems:
        return 1
    wrong = contradiction(parsed.data)
    if wrong:
        say(visible(f"{file} contradicts itself: {wrong}"), err=True)
        return 1
    # Bytes, so that no encoding of the terminal decides what a page holds.
    text = rendered(parsed.data, form).encode("utf-8", "backslashreplace")
    say(text, newline=False)
    return 0
