"""Options that several commands share: the program, its limits, its environment."""

from __future__ import annotations

import os
import shlex
import shutil
from collections.abc import Callable, Mapping, Sequence
from math import isnan
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import click

from ..launching import Limits
from ..program import Program
from ..suite import Suite
from ..visible import visible

F = TypeVar("F", bound=Callable[..., Any])


class Command(click.ParamType[tuple[str, ...]]):
    """A command as a shell reads it; the shell itself is not asked."""

    name = "command"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, ...]:
        if not isinstance(value, str):
            return tuple(value)
        try:
            words = tuple(shlex.split(value))
        except ValueError as wrong:
            self.fail(f"`{value}` is no command: {str(wrong).lower()}", param, ctx)
        if not words:
            self.fail("an empty command starts nothing", param, ctx)
        if not value.isprintable():
            self.fail("a command is one line of printable text", param, ctx)
        return words


class Seconds(click.FloatRange):
    """A number of seconds in a range; what is no number is in none."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        seconds = float(super().convert(value, param, ctx))
        return self.fail(f"`{value}` is no number of seconds", param, ctx) if isnan(seconds) else seconds


class Place(click.Path):
    """The path of a file or a folder; an empty one, as an unset variable leaves it, is none."""

    def __init__(self, *, file_okay: bool = True) -> None:
        super().__init__(file_okay=file_okay, path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if value == "":
            self.fail("an empty path names nothing", param, ctx)
        return super().convert(value, param, ctx)


class Target(NamedTuple):
    """The program under test: its command, its limits, and what is let through to it."""

    command: tuple[str, ...]
    time_limit: float
    memory_limit: int
    env: tuple[str, ...]

    def program(self, suite: Suite) -> Program:
        """Return the program, not started yet.

        Raises:
            click.ClickException: there is no such program.
        """
        find(self.command)
        limits = Limits(answer_s=self.time_limit, memory_mib=self.memory_limit)
        about = {"version": suite.version, "digest": suite.digest}
        return Program(self.command, suite=about, limits=limits, environment=_let_through(self.env))

    def words(self) -> list[str]:
        """Return the options that name this target; of the environment only the names, as values may be secret."""
        plain = Limits()
        words = ["--program", shlex.join(self.command)]
        if self.time_limit != plain.answer_s:
            words += ["--time-limit", f"{self.time_limit:g}"]
        if self.memory_limit != plain.memory_mib:
            words += ["--memory-limit", str(self.memory_limit)]
        for name in sorted({one.partition("=")[0] for one in self.env}):
            words += ["--env", name]
        return words


format_option = click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="For a person, or for a program.",
)


def find(command: Sequence[str]) -> None:
    """Raise click.ClickException when there is no program that `command` would start."""
    if shutil.which(command[0]) is None:
        raise click.ClickException(f"there is no program `{command[0]}`")


def target_options(command: F) -> F:
    """Give `command` the options of a program under test."""
    plain = Limits()
    options: Sequence[Callable[[F], F]] = (
        click.option(
            "--program",
            type=Command(),
            required=True,
            metavar="CMD",
            help="The driver to start, like './driver --quiet'.",
        ),
        click.option(
            "--time-limit",
            type=Seconds(min=0.01, max=3600),
            default=plain.answer_s,
            show_default=True,
            metavar="S",
            help="Seconds from one answer to the next.",
        ),
        click.option(
            "--memory-limit",
            type=click.IntRange(min=16, max=2**30),
            default=plain.memory_mib,
            show_default=True,
            metavar="MIB",
            help="Mebibytes of data for each process of the program.",
        ),
        click.option(
            "--env",
            multiple=True,
            metavar="NAME[=VALUE]",
            help="Let a variable of the environment through, or give it a value.",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


def _let_through(given: Sequence[str]) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for one in given:
        name, equals, value = one.partition("=")
        if not name or not name.isprintable():
            raise click.UsageError(f"`{visible(name, 100)}` does not read like NAME or NAME=VALUE")
        if equals:
            found[name] = value
        elif name in os.environ:
            found[name] = os.environ[name]
        else:
            raise click.UsageError(f"the environment has no `{name}` to let through")
    return found
