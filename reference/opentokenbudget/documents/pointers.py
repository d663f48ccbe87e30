"""JSON pointers (RFC 6901)."""

from __future__ import annotations

from collections.abc import Iterable


def joined(steps: Iterable[str | int]) -> str:
    """Return the pointer that takes `steps`; no step is "", the whole document."""
    return "".join(f"/{step if type(step) is int else escaped_step(str(step))}" for step in steps)


def escaped_step(key: str) -> str:
    """Return `key` as one step of a pointer."""
    return key.replace("~", "~0").replace("/", "~1") if "~" in key or "/" in key else key


def steps_of(pointer: str) -> list[str]:
    """Return the steps that `pointer` takes, as keys; indices are their digits."""
    return [step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:]]


def lies_within(pointer: str, holder: str) -> bool:
    """Return whether `pointer` names what `holder` names, or something in it."""
    return pointer == holder or pointer.startswith(f"{holder}/")


def parent_of(pointer: str) -> str:
    """Return the pointer of the container that holds what `pointer` names; the whole is its own parent."""
    return pointer.rpartition("/")[0]
