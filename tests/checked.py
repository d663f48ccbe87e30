"""What tests of `otb check` share: a folder of policies, and the command in process."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from linted import CATALOG, HEAD
from opentokenbudget.cli import otb, run

AT = ["--at", "2026-11-23"]
GOOD = HEAD + "tiers:\n  - {id: small, models: [a/small]}\ndefault: {tier: small}\n"
ODD = HEAD + "tiers:\n  - {id: small, models: [a/ending]}\ndefault: {tier: small}\n"
WRONG = HEAD + "tiers:\n  - {id: small, models: [a/small]}\ndefault: {tier: smal}\n"

Otb = Callable[..., tuple[int, str, str]]


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with a good, an odd and a wrong policy over one catalog."""
    monkeypatch.chdir(tmp_path)
    for name, text in (("c.yaml", CATALOG), ("good.yaml", GOOD), ("odd.yaml", ODD), ("wrong.yaml", WRONG)):
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str]) -> Otb:
    """`otb` in process: exit code, standard output, standard error."""

    def call(*arguments: str) -> tuple[int, str, str]:
        code = run(otb, list(arguments))
        told = capsys.readouterr()
        return code, told.out, told.err

    return call
