"""`otb-conformance fuzz`: two implementations, the same generated questions, the same bytes."""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Sequence as Many
from pathlib import Path

import click

from ..asking import Answer, Result, Skipped
from ..fuzzing.campaign import Programs, run_campaign
from ..fuzzing.comparing import Difference
from ..fuzzing.promoting import CannotPromote, promoted
from ..program import REFERENCE, Program
from ..visible import visible
from .options import Command, Place, find
from .printing import say


@click.command("fuzz")
@click.option(
    "--program",
    "first",
    type=Command(),
    default=shlex.join(REFERENCE),
    metavar="CMD",
    help="One implementation; the reference by default.",
)
@click.option("--against", "second", type=Command(), required=True, metavar="CMD", help="The other one.")
@click.option(
    "--sequences", default=5000, show_default=True, type=click.IntRange(1, 10**9), help="How many to ask."
)
@click.option(
    "--start",
    default=0,
    show_default=True,
    type=click.IntRange(0, 10**15),
    help="The number of the first one.",
)
@click.option("--seed", default="otb", show_default=True, help="What they are generated from.")
@click.option(
    "--jobs",
    default=os.cpu_count() or 1,
    type=click.IntRange(1, 256),
    help="Ranges asked at once; one a core by default.",
)
@click.option("--promote", type=Place(), metavar="FILE", help="Write the first difference as a case.")
@click.option("--right", type=click.Choice(["program", "against"]), help="Whose answers the case expects.")
@click.option("--requirement", "requirements", multiple=True, metavar="ID", help="What the case shows.")
@click.option("--title", default="", help="The rule that the case shows, in one sentence.")
@click.option(
    "--polarity",
    type=click.Choice(["positive", "negative"]),
    default="positive",
    show_default=True,
    help="Of the case.",
)
def COMMAND(
    first: tuple[str, ...],
    second: tuple[str, ...],
    sequences: int,
    start: int,
    seed: str,
    jobs: int,
    promote: Path | None,
    right: str | None,
    requirements: tuple[str, ...],
    title: str,
    polarity: str,
) -> None:
    """Ask two implementations the same generated questions, and show where their answers differ.

    A difference is made as small as it goes. Somebody is wrong then, or the text is: when it is settled who,
    `--promote` makes it a case of the suite.
    """
    if promote is not None and not (right and requirements and title):
        raise click.UsageError("--promote needs --right, --requirement and --title")
    if promote is not None:
        _check_place(promote)
    if not seed or visible(seed, 256) != seed:
        raise click.UsageError("a seed is one line of at most 256 characters")
    for command in (first, second):
        find(command)
    programs = Programs(first, second)
    numbers = range(start, start + sequences)
    asked, both, found = 0, 0, list[Difference]()
    for chunk in run_campaign(programs, seed=seed, numbers=numbers, jobs=jobs):
        if chunk.fault is not None:
            raise click.ClickException(f"{chunk.fault.code}: {chunk.fault.message}")
        asked += len(chunk.numbers)
        both += chunk.compared
        found += chunk.found
        say(f"{asked} of {sequences} sequences, {len(found)} differences", err=True)
        for difference in chunk.found:
            say(told(difference))
    if promote is not None and found:
        _promote(
            programs,
            min(found, key=lambda one: one.number),
            promote,
            right == "program",
            requirements,
            title,
            polarity,
        )
    if not both and not found:
        raise click.ClickException("nothing was compared: there was no step that both of them answered")
    say(f"{asked} sequences from seed `{seed}`: {len(found)} differences")
    if found:
        raise SystemExit(1)


def told(difference: Difference) -> str:
    """Return a difference for a person: what was asked, and both answers."""
    lines = [f"sequence {difference.number}:", f"  given {_line(dict(difference.sequence.given))}"]
    for index, (op, args) in enumerate(difference.sequence.steps):
        lines.append(f"  {index} {op} {_line(dict(args))}")
    lines += [f"  one:   {_answer(difference.first)}", f"  other: {_answer(difference.second)}"]
    return "\n".join(lines)


def _answer(answer: Answer) -> str:
    if isinstance(answer, Result):
        return _line(answer.value)
    return f"skipped: {answer.reason}" if isinstance(answer, Skipped) else f"{answer.code}: {answer.message}"


def _line(value: object) -> str:
    # Halves of surrogate pairs, which generated texts may hold, cannot be printed as they are.
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "backslashreplace").decode("utf-8")


def _check_place(file: Path) -> None:
    """Raise click.UsageError when no case can be written to `file`: better before hours of asking than after."""
    if not file.parent.is_dir():
        raise click.UsageError(f"there is no folder `{file.parent}` for the case")
    if file.exists() or file.is_symlink():
        raise click.UsageError(f"`{file}` is there already: name a new file for the case")
    if file.suffix != ".yaml":
        raise click.UsageError(f"`{file}` is no name of a case: cases are files like `a-rule-in-words.yaml`")


def _promote(
    programs: Programs,
    difference: Difference,
    file: Path,
    first_is_right: bool,
    requirements: Many[str],
    title: str,
    polarity: str,
) -> None:
    with Program(programs.first if first_is_right else programs.second) as router:
        try:
            text = promoted(
                difference.sequence,
                router,
                case_id=file.stem,
                title=title,
                requirements=requirements,
                polarity=polarity,
            )
        except CannotPromote as why:
            raise click.ClickException(str(why)) from None
    with file.open("x", encoding="utf-8") as opened:
        opened.write(text)
    say(f"{file} is written", err=True)
