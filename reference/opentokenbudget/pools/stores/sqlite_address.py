"""What the URL of a SQLite store says."""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import parse_qsl, unquote

_URL = re.compile(r"sqlite:///([^?#\x00-\x1f\x7f]+)(?:\?([^#\x00-\x1f\x7f]*))?")
_BAD_ESCAPE = re.compile("%(?![0-9A-Fa-f]{2})")
_DURABILITIES = ("process", "disk")


class Address(NamedTuple):
    """A file, and how it is used; see `SqliteStore`."""

    path: str
    durability: str
    timeout_s: float


def address_of(url: str) -> Address:
    """Return what `url` says.

    Raises:
        ValueError: it says something that nobody knows.
    """
    found = _URL.fullmatch(url)
    if found is None:
        raise ValueError(
            "a file is named as in sqlite:///otb.db, or sqlite:////var/lib/otb.db; a `#` or a control character"
            " in its name is written as in `%23`"
        )
    path = _plain(found[1])
    if path == ":memory:":
        raise ValueError("`:memory:` is no file; a store in memory is memory://")
    options: dict[str, str] = {}
    for name, value in parse_qsl(found[2] or "", keep_blank_values=True):
        if name not in ("durability", "timeout"):
            raise ValueError(f"`{name}` is no option of SQLite's store: durability, timeout")
        if name in options:
            raise ValueError(f"the option `{name}` stands in the URL twice")
        options[name] = value
    durability = options.get("durability", "process")
    if durability not in _DURABILITIES:
        raise ValueError(f"`{durability}` is no durability: process, disk")
    return Address(path, durability, _seconds(options.get("timeout", "2")))


def _plain(name: str) -> str:
    """Return the name of a file from its form in a URL."""
    if _BAD_ESCAPE.search(name):
        raise ValueError(f"`{name}` has a `%` that begins no escape; a `%` is written `%25`")
    try:
        path = unquote(name, errors="strict")
    except UnicodeDecodeError:
        raise ValueError(f"`{name}` is no text in UTF-8 once its escapes are read") from None
    if "\0" in path:
        raise ValueError("no file has a NUL in its name")
    return path


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 < seconds <= 3600:
        raise ValueError(f"`{text}` is no timeout: seconds, above 0 and at most 3600")
    return seconds
