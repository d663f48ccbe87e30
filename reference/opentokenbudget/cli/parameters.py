"""Parameters that several commands share."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any

import click

from ..amounts import InvalidInstant, format_instant, parse_date, parse_instant


class Instant(click.ParamType[int]):
    """An RFC 3339 instant, or a date that means its midnight UTC; converted to nanoseconds since 1970."""

    name = "instant"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if isinstance(value, int):
            return value
        try:
            instant = parse_instant(value) if "T" in value else parse_date(value)
            # A zone's offset can lead out of the calendar that we can write.
            format_instant(instant)
        except InvalidInstant as wrong:
            self.fail(str(wrong), param, ctx)
        except (ValueError, OverflowError):
            self.fail(f"`{value}` lies outside of the years 1 to 9999", param, ctx)
        return instant


class Seed(click.ParamType[str]):
    """Text from which ids and draws follow."""

    name = "text"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        text = str(value)
        try:
            text.encode()
        except UnicodeEncodeError:
            self.fail("this is no text in UTF-8", param, ctx)
        return text


at_option = click.option(
    "--at",
    type=Instant(),
    metavar="INSTANT",
    help="The instant, like 2026-11-23T12:00:00Z; now when left out.",
)


def standard_input_once(*names: str) -> None:
    """Refuse `names` of which two are standard input, which can be read once.

    Raises:
        click.UsageError: `-` is given twice.
    """
    if names.count("-") > 1:
        raise click.UsageError("`-` is given twice: standard input can be read once")


def apart(written: Mapping[str, str | None], read: Iterable[str]) -> None:
    """Refuse to write where something is read, or twice to one place.

    Args:
        written: file names by their option; None and `-` are no files.

    Raises:
        click.UsageError: two names of one file.
    """
    taken = {os.path.realpath(name): "what is read" for name in read if name != "-"}
    for option, name in written.items():
        if name not in (None, "-"):
            other = taken.setdefault(os.path.realpath(str(name)), option)
            if other != option:
                raise click.UsageError(f"{option} `{name}` would overwrite {other}")


format_option = click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="For a person, or for a program.",
)


def pairs(texts: Iterable[str], what: str) -> dict[str, str]:
    """Return `KEY=VALUE` texts as a mapping.

    Raises:
        click.UsageError: no `=`, no key, or a key given twice.
    """
    found: dict[str, str] = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not equals or not key:
            raise click.UsageError(f"`{text}` does not read like {what}")
        if key in found:
            raise click.UsageError(f"`{key}` is given twice")
        found[key] = value
    return found
