"""What becomes of every key of a configuration: exactly one entry covers each, in the order of the file.

An entry covers its value with all that is in it. What nobody spoke of when the import is over is reported as
dropped, with the reason where the key tells it; so nothing can be lost in silence.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple, final

from ..losses import Loss, Severity
from .secrets import is_secret
from .silent import reason

Steps = tuple[str, ...]


class Fate(NamedTuple):
    """A loss, and what became of the construct: a JSON pointer into one of the documents, "" for nothing."""

    loss: Loss
    becomes: str = ""

    def as_json(self) -> dict[str, str]:
        """Return the entry as plain data."""
        form = self.loss.as_json()
        if self.becomes:
            form["becomes"] = self.becomes
        return form


@final
class Report:
    """The entries of one import, by the steps that lead to what they speak of."""

    def __init__(self) -> None:
        self._entries: dict[Steps, Fate] = {}

    def add(self, steps: Steps, severity: Severity, note: str = "", becomes: str = "") -> None:
        """Say what became of the value at `steps`; of two entries for one value the worse one stands."""
        rank = ("exact", "approximated", "dropped", "refused")
        known = self._entries.get(steps)
        if known is not None and rank.index(known.loss.severity) >= rank.index(severity):
            return
        self.overrule(steps, severity, note, becomes)

    def overrule(self, steps: Steps, severity: Severity, note: str = "", becomes: str = "") -> None:
        """Say what became of the value at `steps`, whatever was said before."""
        self._entries[steps] = Fate(Loss(_construct(steps), pointer(steps), severity, note), becomes)

    def drop_downgrade(self, pool: str) -> None:
        """Say of the redirect of `pool` that it leads to a dearer tier and is left out."""
        for steps, fate in self._entries.items():
            if "budget_fallbacks" in steps and fate.becomes == f"policy.yaml#pools/{pool}/at_limit":
                note = "it leads to a dearer tier, which cannot help: at the limit the pool denies"
                self._entries[steps] = Fate(fate.loss._replace(severity="dropped", note=note))

    def has(self, steps: Steps) -> bool:
        """Return whether something was said of the value at `steps` itself."""
        return steps in self._entries

    def finished(self, data: Any) -> tuple[Fate, ...]:
        """Return one entry for every key of `data`, in its order."""
        return tuple(self._walk(data, ()))

    def _walk(self, value: Any, steps: Steps) -> Iterator[Fate]:
        if steps in self._entries:
            yield self._entries[steps]
        elif isinstance(value, dict) and value:
            for key, item in value.items():
                yield from self._walk(item, (*steps, key))
        elif isinstance(value, list) and (
            any(isinstance(item, (dict, list)) and item for item in value) or self._within(steps)
        ):
            for number, item in enumerate(value):
                yield from self._walk(item, (*steps, str(number)))
        else:
            note = "a secret: never copied" if is_secret(steps, value) else reason(steps)
            yield Fate(Loss(_construct(steps), pointer(steps), "dropped", note))

    def _within(self, steps: Steps) -> bool:
        return any(entry[: len(steps)] == steps for entry in self._entries)


def _construct(steps: Steps) -> str:
    return next((step for step in reversed(steps) if not step.isdigit()), "")


def pointer(steps: Steps) -> str:
    """Return the JSON pointer of `steps`."""
    return "".join(f"/{step.replace('~', '~0').replace('/', '~1')}" for step in steps)
