"""The ladder of the rooms, and the purity of those below the engine."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
REFERENCE = ROOT / "reference" / "opentokenbudget"
SUITE = ROOT / "conformance" / "opentokenbudget_conformance"

# A room may import what stands on a lower step, and, where the step says so, its neighbours there.
LADDER = (
    {"amounts", "problems"},
    {"conditions"},
    {"documents"},
    {"pricing"},
    {"classifiers", "value"},
    {"routing", "pools", "metering"},
    {"engine"},
    {"linting", "replay", "reporting", "importing"},
    {"opening"},
    {"driving"},
    {"cli"},
)
NEIGHBOURS = {("problems", "amounts"), ("amounts", "problems")}
# What is no room: the package's own faces and data.
OUTSIDE = {"__init__", "__main__", "__version__", "_bundled"}
DATA = {"demo", "starting"}

# Modules that read the world: a clock, chance, files, the environment, a log, the network.
IMPURE = {
    "datetime.now",
    "logging",
    "os",
    "random",
    "secrets",
    "socket",
    "subprocess",
    "tempfile",
    "time",
    "uuid",
}
PURE_ROOMS = {
    "amounts",
    "problems",
    "conditions",
    "documents",
    "pricing",
    "classifiers",
    "value",
    "routing",
}
# The schemas lie in files of the package itself.
READS_OWN_FILES = {"documents/schemas.py"}
LIGHT_FORBIDDEN = (
    "click",
    "duckdb",
    "genai_prices",
    "numpy",
    "opentelemetry.sdk",
    "psycopg",
    "pydantic",
    "redis",
    "rich",
    "sklearn",
    "starlette",
)


def step_of(room: str) -> int:
    return next(step for step, rooms in enumerate(LADDER) if room in rooms)


def modules() -> Iterator[tuple[str, Path]]:
    for path in sorted(REFERENCE.rglob("*.py")):
        room = path.relative_to(REFERENCE).parts[0].removesuffix(".py")
        if room not in OUTSIDE:
            yield room, path


def imported(path: Path, package_root: Path, package: str) -> Iterator[tuple[str, int]]:
    """Yield every absolute module name that the file at `path` imports, with its line."""
    parts = [package, *path.relative_to(package_root).with_suffix("").parts]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, node.lineno
        elif isinstance(node, ast.ImportFrom):
            base = parts[: len(parts) - node.level] if node.level else []
            name = ".".join([*base, *([node.module] if node.module else [])])
            for alias in node.names:
                yield f"{name}.{alias.name}", node.lineno


@pytest.mark.parametrize(("room", "path"), list(modules()), ids=lambda value: getattr(value, "name", value))
def test_a_room_imports_only_what_stands_below_it(room: str, path: Path) -> None:
    """A room imports lower rooms alone, never one beside or above it."""
    wrong = []
    for name, line in imported(path, REFERENCE, "opentokenbudget"):
        parts = name.split(".")
        if parts[0] != "opentokenbudget" or len(parts) < 2 or parts[1] in OUTSIDE | DATA | {room}:
            continue
        target = parts[1]
        if room in DATA:
            assert step_of(target) == 0, f"{path}:{line} data rooms stand on amounts and problems alone"
        elif step_of(target) >= step_of(room) and (room, target) not in NEIGHBOURS:
            wrong.append(f"{path.relative_to(ROOT)}:{line} {room} imports {target}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    ("room", "path"),
    [(room, path) for room, path in modules() if room in PURE_ROOMS],
    ids=lambda value: getattr(value, "name", value),
)
def test_rooms_below_the_engine_read_no_clock_chance_file_or_environment(room: str, path: Path) -> None:
    """Below the engine the instant, the seed and the bytes are arguments."""
    wrong = []
    place = path.relative_to(REFERENCE).as_posix()
    for name, line in imported(path, REFERENCE, "opentokenbudget"):
        if name.split(".")[0] in IMPURE:
            wrong.append(f"{place}:{line} imports {name}")
        if name.startswith("pathlib") and place not in READS_OWN_FILES:
            wrong.append(f"{place}:{line} imports {name}")
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Attribute) and node.attr in ("now", "utcnow", "today", "getenv", "environ"):
            wrong.append(f"{place}:{node.lineno} asks {ast.unparse(node)}")
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "open":
            wrong.append(f"{place}:{node.lineno} opens a file")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("path", sorted(SUITE.rglob("*.py")), ids=lambda path: path.name)
def test_what_runs_cases_does_not_lean_on_what_it_judges(path: Path) -> None:
    """The suite imports problems, amounts and documents of the reference, and nothing that computes an answer."""
    wrong = [
        f"{path.name}:{line} imports {name}"
        for name, line in imported(path, SUITE, "opentokenbudget_conformance")
        if name.startswith("opentokenbudget.")
        and name.split(".")[1] not in {"amounts", "documents", "problems"}
    ]
    assert not wrong, "\n".join(wrong)


def test_importing_the_package_stays_light() -> None:
    """`import opentokenbudget` and opening an engine import none of the heavy libraries."""
    code = (
        "import sys, opentokenbudget as otb; otb.open_engine, otb.load_catalog; "
        f"print([name for name in {LIGHT_FORBIDDEN!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_no_file_is_longer_than_a_newcomer_reads() -> None:
    """No source file of ours is above 420 lines."""
    long = {
        str(path.relative_to(ROOT)): lines
        for folder in (REFERENCE, SUITE, ROOT / "tests")
        for path in folder.rglob("*.py")
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > 420
    }
    assert not long
