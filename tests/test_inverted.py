"""Branches of both programs that the cases reach are turned round, one at a time: the suite is red."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from inverting import ROOT, SECOND, Branch, all_of_python, inverted, javascript_branches, python_branches
from nodes import node
from opentokenbudget_conformance import load_cases
from opentokenbudget_conformance.asking import Fault
from opentokenbudget_conformance.fuzzing.comparing import differences
from opentokenbudget_conformance.fuzzing.sequences import sequence
from opentokenbudget_conformance.program import REFERENCE, Program
from opentokenbudget_conformance.running import run_cases

TRIES = 20
SEQUENCES = 400
EVIDENCE = ROOT / "docs" / "evidence" / "inverted.json"
EXPLAINED = Path(__file__).parent / "inverted-survivors.yaml"
# Of the suite and of the repository: these say nothing of a copy of the reference.
NOT_OF_THE_REFERENCE = (
    "conformance_cli",
    "conformance_judging",
    "conformance_program",
    "conformance_reports",
    "docs",
    "guides",
    "inverted",
    "packaging",
    "second",
    "zoo",
)
SECOND_PROGRAM = [node(), str(ROOT / SECOND / "main.mjs")]


@pytest.fixture(scope="module")
def figures() -> Iterator[dict[str, Any]]:
    """What the tests find, written to docs/evidence when they have run."""
    found: dict[str, Any] = {"tries": TRIES, "sequences": SEQUENCES}
    yield found
    EVIDENCE.write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def reached(language: str, folder: Path) -> list[Branch]:
    """Return the branches that the cases reach."""
    if language == "python":
        return python_branches()
    with Program(SECOND_PROGRAM, environment={"NODE_V8_COVERAGE": str(folder)}) as program:
        run_cases(load_cases(), program)
        program.stop()
    return javascript_branches(folder)


def notices(command: list[str], other: list[str], folder: Path) -> str | None:
    """Return what is red for the program of `command`: `start`, `cases`, `fuzzing`, `tests`, or None."""
    with Program(command) as program, Program(other) as sound:
        claims = program.start()
        if isinstance(claims, Fault):
            return "start"
        results = run_cases([case for case in load_cases() if case.profile in claims.profiles], program)
        if any(result.result in ("failed", "errored") for result in results):
            return "cases"
        numbered = ((number, sequence("inverted", number)) for number in range(SEQUENCES))
        if next(differences(numbered, program, sound), None):
            return "fuzzing"
    return "tests" if (folder / "reference").is_dir() and suite_is_red(folder) else None


def suite_is_red(folder: Path) -> bool:
    """Return whether the default suite fails for the copy of the reference in `folder`."""
    aside = [word for name in NOT_OF_THE_REFERENCE for word in ("--ignore", f"tests/test_{name}.py")]
    told = subprocess.run(
        [sys.executable, "-m", "pytest", "-x", "-n", "2", *aside, "tests"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(folder / "reference")},
        capture_output=True,
        check=False,
    )
    # With `-x` workers are interrupted, which pytest tells by 2.
    return told.returncode in (1, 2)


@pytest.mark.evidence("inverted")
@pytest.mark.parametrize("language", ["python", "javascript"])
def test_a_branch_turned_round_is_noticed(language: str, tmp_path: Path, figures: dict[str, Any]) -> None:
    """Of twenty branches drawn from those that the cases reach, each turned round is noticed, or explained."""
    branches = reached(language, tmp_path / "coverage")
    drawn = random.Random(f"otb/{language}").sample(branches, TRIES)
    other = SECOND_PROGRAM if language == "python" else list(REFERENCE)
    rows = []
    for number, branch in enumerate(drawn):
        command = inverted(branch, tmp_path / str(number))
        if language == "javascript":
            command[0] = node()
        rows.append({"branch": str(branch), "noticed": notices(command, other, tmp_path / str(number))})
    figures[language] = {
        "branches": len(branches),
        "noticed": sum(1 for row in rows if row["noticed"]),
        "rows": rows,
    }
    explained = yaml.safe_load(EXPLAINED.read_text(encoding="utf-8")) or {}
    unexplained = [row["branch"] for row in rows if not row["noticed"] and row["branch"] not in explained]
    assert not unexplained


def test_a_branch_is_found_as_it_stands() -> None:
    """What is turned round is the test of a branch: whole, and nothing else."""
    for branch in random.Random("otb").sample(list(all_of_python()), 50):
        compile(branch.test, "test", "eval", dont_inherit=True)
