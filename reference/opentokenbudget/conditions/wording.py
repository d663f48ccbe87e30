"""How problems of conditions speak of what they found."""

from __future__ import annotations

from collections.abc import Mapping


def kind_of(value: object) -> str:
    """Return what a JSON value is, in words, with the value where it is short."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, str):
        return f"the string `{value[:64]}`"
    if isinstance(value, int):
        return f"the integer `{value}`" if abs(value) < 10**30 else "an integer beyond 30 digits"
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, list | tuple):
        return "a list"
    return "a fraction" if isinstance(value, float) else "no JSON value"


def escaped(key: object) -> str:
    """Return `key` as one step of a JSON pointer."""
    return str(key).replace("~", "~0").replace("/", "~1")
