"""`otb check`: what is wrong with documents, and what is odd about them."""

from __future__ import annotations

import time

import click

from ..documents import KINDS
from .checking import check_files, colour_wanted
from .formats import FORMATS, rendered
from .parameters import at_option, standard_input_once
from .printing import print_lines, print_text


@click.command("check")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@at_option
@click.option("--strict", is_flag=True, help="Warnings fail too.")
@click.option(
    "--kind", type=click.Choice(KINDS), metavar="KIND", help="What files are that do not say it: request."
)
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMATS),
    default="text",
    show_default=True,
    help="For whom it is written.",
)
@click.option("--quiet", is_flag=True, help="Print problems alone, without the last line.")
def check(
    files: tuple[str, ...], at: int | None, strict: bool, kind: str | None, form: str, quiet: bool
) -> int:
    """Check documents: their schema, what they refer to, what they mean, and lints.

    A FILE is a policy, a catalog, value rules, a classifier, or one request, decision, record, problem or case;
    `-` is standard input. Files that others refer to are checked with them.
    The exit code is 1 when there is an error (with --strict also for a warning), 2 when a file cannot be opened.

    \b
    otb check policy.yaml
    otb check policy.yaml prices.yaml --at 2027-01-01 --strict --format sarif > otb.sarif
    """
    standard_input_once(*files)
    checked = check_files(files, kind=kind, at=time.time_ns() if at is None else at)
    print_text(rendered(checked, form, strict=strict, quiet=quiet, colour=colour_wanted()))
    for missing in checked.unopened:
        print_lines([f"error: cannot open `{missing.path}`: {missing.reason}"], err=True)
    if checked.unopened:
        return 2
    return 1 if checked.errors or (strict and checked.warnings) else 0
