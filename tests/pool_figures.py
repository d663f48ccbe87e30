"""How deep the evidence of pools goes, and its figures: added up round by round, so that a run that ended goes on."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from pool_page import page_of

ROOT = Path(__file__).parent.parent
EVIDENCE = ROOT / "docs" / "evidence" / "pools.json"
PAGE = EVIDENCE.with_suffix(".md")
SHOWN = ROOT / "reference" / "opentokenbudget"


class Depth(NamedTuple):
    """How much is done.

    Attributes:
        count: of whatever the part counts.
        at_once: how many spend at the same time.
        is_kept: whether the figures are written down.
    """

    count: int
    at_once: int
    is_kept: bool


def at_depths(default: int, evidence: int, *, at_once: tuple[int, int] = (8, 64)) -> pytest.MarkDecorator:
    """Return the mark that runs a test at its default depth, and with `--evidence=pools` at that of the evidence."""
    deep = pytest.param(Depth(evidence, at_once[1], True), marks=pytest.mark.evidence("pools"), id="evidence")
    return pytest.mark.parametrize(
        "depth", [pytest.param(Depth(default, at_once[0], False), id="default"), deep]
    )


class Figures:
    """What one part has shown so far, by name; written after every round where it is kept.

    A row belongs to the code that it was made with: with other code it begins anew.
    """

    def __init__(self, part: str, depth: Depth) -> None:
        self.row: dict[str, int] = {}
        self._part = part
        self._depth = depth
        self._is_whole = False
        self._code = code_digest() if depth.is_kept else ""
        known = read(EVIDENCE)["parts"].get(part) if depth.is_kept else None
        if known is not None and known["code"] == self._code and known["asked"] == depth.count:
            self.row = known["figures"]

    def rounds(self, counted: str) -> Iterator[int]:
        """Yield numbers of rounds until as much of `counted` as is asked for has been added."""
        while self.row.get(counted, 0) < self._depth.count:
            before = self.row.get(counted, 0)
            number = self.row.get("rounds", 0)
            yield number
            assert self.row.get(counted, 0) > before, "a round that shows nothing"
            self.add(rounds=1)
        self._is_whole = True
        self._keep()

    def left(self, counted: str) -> int:
        """Return how much of `counted` is still to be shown."""
        return max(0, self._depth.count - self.row.get(counted, 0))

    def add(self, **counts: int) -> None:
        """Add to the figures, and keep them."""
        for name, count in counts.items():
            self.row[name] = self.row.get(name, 0) + count
        self._keep()

    def most(self, **counts: int) -> None:
        """Keep the highest of each."""
        for name, count in counts.items():
            self.row[name] = max(count, self.row.get(name, count))
        self._keep()

    def _keep(self) -> None:
        if not self._depth.is_kept:
            return
        folder = os.open(EVIDENCE.parent, os.O_RDONLY)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)
            found = read(EVIDENCE)
            found["parts"][self._part] = {
                "asked": self._depth.count,
                "code": self._code,
                "is_whole": self._is_whole,
                "figures": self.row,
            }
            found["parts"] = dict(sorted(found["parts"].items()))
            EVIDENCE.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
            PAGE.write_text(page_of(found["parts"]), encoding="utf-8")
        finally:
            # Closing it lets the next one in.
            os.close(folder)


def read(path: Path) -> dict[str, Any]:
    """Return what was written before."""
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {"parts": {}}


def code_digest() -> str:
    """Return what tells the code of pools and engine from any other."""
    digest = sha256()
    for room in ("pools", "engine"):
        for path in sorted((SHOWN / room).rglob("*")):
            if path.suffix in (".py", ".lua", ".sql"):
                digest.update(path.relative_to(SHOWN).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]
