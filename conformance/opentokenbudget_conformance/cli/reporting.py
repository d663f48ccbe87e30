"""`otb-conformance report`: renders a stored report again."""

from __future__ import annotations

from pathlib import Path

import click

from opentokenbudget.documents import read, schema_problems

from ..reports import FORMS, rendered


@click.command("report")
@click.argument("file", type=click.Path(path_type=Path))
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
        raw = file.read_bytes()
    except OSError as world:
        raise click.ClickException(
            f"cannot open `{file}`: {(world.strerror or str(world)).lower()}"
        ) from None
    reading = read(raw, file=str(file))
    problems = reading.problems or schema_problems(reading.data, "report")
    if problems:
        for problem in problems:
            click.echo(f"{file} {problem.code} {problem.pointer}: {problem.message}", err=True)
        return 1
    # Bytes, so that no encoding of the terminal decides what a page holds.
    text = rendered(reading.data, form).encode("utf-8", "backslashreplace")
    click.echo(text, nl=False)
    return 0
