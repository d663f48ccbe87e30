"""The loss report of an import: what became of every construct of the source, as data.

`exact` says the same as the source; `approximated` says something near it, and the note says what differs;
`dropped` is left out because nothing here speaks of it; `refused` means that the whole model is left out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Literal, NamedTuple, final

Severity = Literal["exact", "approximated", "dropped", "refused"]
SEVERITIES: tuple[Severity, ...] = ("exact", "approximated", "dropped", "refused")


class Loss(NamedTuple):
    """What became of one construct.

    Attributes:
        construct: what kind of thing it is: a key of the source, `id`, `alias`.
        path: where it stands in the source, slashes between the steps.
        severity: one of `SEVERITIES`.
        note: what differs, or why; "" where there is nothing to say.
    """

    construct: str
    path: str
    severity: Severity
    note: str = ""

    def as_json(self) -> dict[str, str]:
        """Return the loss as plain data; without a note, none is written."""
        form = {"construct": self.construct, "path": self.path, "severity": self.severity}
        if self.note:
            form["note"] = self.note
        return form


@final
class Losses:
    """A loss report that grows while a source is read."""

    def __init__(self) -> None:
        self.entries: list[Loss] = []
        self._dropped_keys: Counter[str] = Counter()

    def add(self, construct: str, path: str, severity: Severity, note: str = "") -> None:
        """Note one construct."""
        self.entries.append(Loss(construct, path, severity, note))

    def drop_key(self, key: str) -> None:
        """Note that a key which is no price is left out; keys of one name become one line of the report."""
        self._dropped_keys[key] += 1

    def finished(self) -> tuple[Loss, ...]:
        """Return the report: constructs in the order of the source, then the keys that are left out."""
        keys = [
            Loss(key, f"*/{key}", "dropped", f"says nothing of prices; in {times} entries")
            for key, times in sorted(self._dropped_keys.items())
        ]
        return (*self.entries, *keys)


def counted(losses: tuple[Loss, ...]) -> Mapping[Severity, int]:
    """Return how many losses each severity has, all severities named."""
    counts = Counter(loss.severity for loss in losses)
    return {severity: counts[severity] for severity in SEVERITIES}
