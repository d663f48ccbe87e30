"""Mutants of pricing, conditions and decisions: the reference with one token changed, held against the tests.

mutmut makes and tries them, in a copy of the repository whose source lies in `src`, which is where it looks.
Two rounds over a sample that a seed draws: against the quick tests, then what lived against every test of these rooms.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterable, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
ROOMS = ("conditions", "pricing", "routing")
# What only words a warning of `otb check`, or checks a policy before it runs, decides nothing.
LEFT_OUT = (
    "conditions/analysis",
    "conditions/cel",
    "conditions/proofs",
    "conditions/wording",
    "routing/references",
)
TESTS = ("said", "answered", "cases", "conditions_*", "pricing_*", "routing*", "value")
QUICK_S = 0.15
FIRST = "opentokenbudget.conditions.closures.x_compiled__mutmut_1"
SEED = "otb"
_KILLED = (1, 3)
_TIMED_OUT = (24, -24, 36, 152, 255)


def prepare(folder: Path) -> None:
    """Copy what git knows to `folder`, the reference to `src` there."""
    names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    for name in names.decode().rstrip("\0").split("\0"):
        copy = folder / re.sub("^reference/", "src/", name)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes((ROOT / name).read_bytes())
    _configure(folder, ["-n0", "-o", "addopts="])
    slow = [argument for test in _slow_tests(folder) for argument in ("--deselect", test)]
    _configure(folder, ["-n0", "-o", "addopts=", *slow])


def try_some(folder: Path, count: int, children: int) -> dict[str, Any]:
    """Return how many mutants there are, how many of `count` are noticed, and which live, with what they change."""
    # All are made when the first is tried.
    _mutmut(folder, ["run", "--max-children", str(children), FIRST])
    names = sorted(_codes(folder))
    # By its name alone, so that what is drawn stays drawn when others come or go.
    drawn = sorted(names, key=lambda name: sha256(f"{SEED}/{name}".encode()).digest())[:count]
    _mutmut(folder, ["run", "--max-children", str(children), *drawn])
    found = _codes(folder)
    codes = {name: found[name] for name in drawn}
    lived = [name for name in drawn if codes[name] == 0]
    _configure(folder, ["-n0", "-o", "addopts="])
    if lived:
        # With other settings, what was found before is forgotten.
        _mutmut(folder, ["run", "--max-children", str(children), *lived])
        found = _codes(folder)
        codes |= {name: found[name] for name in lived}
    lived = sorted(name for name, code in codes.items() if code == 0)
    return {
        "mutants": len(names),
        "tried": len(codes),
        "seed": SEED,
        "noticed": sum(code in _KILLED for code in codes.values()),
        "timed_out": sum(code in _TIMED_OUT for code in codes.values()),
        "lived": {name: _shown(folder, name) for name in lived},
    }


def _configure(folder: Path, arguments: Sequence[str]) -> None:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    tests = sorted(path.name for one in TESTS for path in (folder / "tests").glob(f"test_{one}.py"))
    settings = {
        "source_paths": ["src/"],
        "only_mutate": [f"src/opentokenbudget/{name}.py" for name in _modules(folder)],
        "also_copy": ["conformance", "schemas", "spec"],
        "pytest_add_cli_args_test_selection": [f"tests/{name}" for name in tests],
        "pytest_add_cli_args": list(arguments),
    }
    lines = [f"{name} = {json.dumps(value)}" for name, value in settings.items()]
    (folder / "pyproject.toml").write_text("\n".join([text, "[tool.mutmut]", *lines, ""]), encoding="utf-8")


def _modules(folder: Path) -> list[str]:
    package = folder / "src" / "opentokenbudget"
    files = (file for room in ROOMS for file in sorted((package / room).glob("*.py")))
    names = (file.relative_to(package).with_suffix("").as_posix() for file in files)
    return [name for name in names if name not in LEFT_OUT and not name.endswith("__init__")]


def _slow_tests(folder: Path) -> Iterable[str]:
    tests = [f"tests/{path.name}" for one in TESTS for path in (folder / "tests").glob(f"test_{one}.py")]
    command = [sys.executable, "-m", "pytest", "-n0", "-o", "addopts=", "-q", "--durations=0", "-vv", *tests]
    told = subprocess.run(
        command, cwd=folder, env=_environment(), capture_output=True, text=True, check=False
    )
    if told.returncode:
        raise RuntimeError(told.stdout[-2000:])
    rows = re.findall(r"^([\d.]+)s call +(tests/.+)$", told.stdout, re.MULTILINE)
    return [name for seconds, name in rows if float(seconds) > QUICK_S]


def _mutmut(folder: Path, arguments: Sequence[str]) -> None:
    command = [sys.executable, "-m", "mutmut", *arguments]
    told = subprocess.run(
        command, cwd=folder, env=_environment(), capture_output=True, text=True, check=False
    )
    if told.returncode:
        raise RuntimeError(told.stdout[-2000:] + told.stderr[-2000:])


def _codes(folder: Path) -> dict[str, int | None]:
    found: dict[str, int | None] = {}
    for meta in (folder / "mutants" / "src").rglob("*.meta"):
        found |= json.loads(meta.read_text(encoding="utf-8"))["exit_code_by_key"]
    return found


def _shown(folder: Path, name: str) -> str:
    command = [sys.executable, "-m", "mutmut", "show", name]
    told = subprocess.run(command, cwd=folder, env=_environment(), capture_output=True, text=True, check=True)
    lines = [line for line in told.stdout.splitlines() if re.match(r"[+-](?![+-]{2})", line)]
    return " ".join(" ".join(lines).split())


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": "src:conformance", "OTB_HYPOTHESIS": "mutation"}
