"""What is shipped: wheel and sdist hold every schema and case, and both commands start from the wheel alone."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import venv
import zipfile
from importlib.metadata import distribution, requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
SCHEMAS = sorted(path.name for path in (ROOT / "schemas" / "v1").glob("*.json"))
EXAMPLES = sorted(path.name for path in (ROOT / "schemas" / "v1" / "examples").iterdir())
CASES = sorted(
    path.relative_to(ROOT / "conformance" / "cases").as_posix()
    for path in (ROOT / "conformance" / "cases").rglob("*.yaml")
)


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Wheel and sdist, built from the tree without a network: the build's own needs are installed already."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return next(folder.glob("*.whl")), next(folder.glob("*.tar.gz"))


def test_the_wheel_holds_every_schema_case_and_bundled_document(built: tuple[Path, Path]) -> None:
    """A wheel has the schemas with their examples, the codes, the requirements, the cases, and the price catalog."""
    with zipfile.ZipFile(built[0]) as wheel:
        names = set(wheel.namelist())
    expected = {f"opentokenbudget/_schemas/v1/{name}" for name in SCHEMAS}
    expected |= {f"opentokenbudget/_schemas/v1/examples/{name}" for name in EXAMPLES}
    expected |= {f"opentokenbudget_conformance/_cases/{name}" for name in CASES}
    expected |= {
        "opentokenbudget/_schemas/requirements.json",
        "opentokenbudget/_bundled_catalog/prices.yaml",
        "opentokenbudget/demo/2024-08/policy.yaml",
        "opentokenbudget/demo/2026-10/policy.yaml",
        "opentokenbudget/py.typed",
    }
    assert SCHEMAS
    assert len(CASES) > 100
    assert expected <= names, sorted(expected - names)[:10]
    assert not [name for name in names if "__pycache__" in name or name.startswith("tests/")]


def test_the_sdist_holds_what_the_tests_need(built: tuple[Path, Path]) -> None:
    """An sdist has the specification, schemas, cases, tests and documents, so that it can be built and tested."""
    with tarfile.open(built[1]) as sdist:
        names = {name.partition("/")[2] for name in sdist.getnames()}
    expected = {f"schemas/v1/{name}" for name in SCHEMAS} | {f"conformance/cases/{name}" for name in CASES}
    expected |= {"spec/60-decision.md", "spec/requirements.json", "tests/test_packaging.py", "docs/loop.svg"}
    expected |= {"README.md", "LICENSE", "NOTICE", "CHANGELOG.md", "pyproject.toml"}
    assert expected <= names, sorted(expected - names)[:10]


def base_dependencies() -> set[str]:
    """Return the distributions that a plain installation brings: no extra, no developer's tool."""
    found: set[str] = set()
    pending = ["opentokenbudget"]
    while pending:
        name = pending.pop()
        for requirement in map(Requirement, requires(name) or ()):
            wanted = requirement.marker is None or requirement.marker.evaluate({"extra": ""})
            key = canonicalize_name(requirement.name)
            if wanted and key not in found:
                found.add(key)
                pending.append(requirement.name)
    return found


@pytest.fixture(scope="session")
def installed(built: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment with the wheel and its base dependencies, and nothing else."""
    folder = tmp_path_factory.mktemp("installed")
    venv.create(folder, with_pip=False, symlinks=True)
    site = next((folder / "lib").glob("python*")) / "site-packages"
    with zipfile.ZipFile(built[0]) as wheel:
        wheel.extractall(site)
    # The libraries are those of this environment: what is tested is our wheel, not the registry.
    for name in base_dependencies():
        shipped = distribution(name)
        for top in {
            file.parts[0] for file in shipped.files or () if file.parts[0] not in ("..", "__pycache__")
        }:
            target = site / top
            if not target.exists():
                target.symlink_to(Path(str(shipped.locate_file(top))))
    return folder / "bin" / "python"


def run(python: Path, module: str, arguments: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Return what the command of `module` did, run in `folder`, far from the tree."""
    code = f"from {module} import main; main()"
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    command = [str(python), "-c", code, *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, env=environment)


@pytest.mark.parametrize(
    ("module", "arguments", "expected"),
    [
        ("opentokenbudget.cli", ["--version"], "otb, version"),
        ("opentokenbudget.cli", ["explain", "unknown-tier"], "unknown-tier"),
        ("opentokenbudget_conformance.cli", ["list", "--profile", "pricing"], "pricing"),
    ],
)
def test_both_commands_start_from_the_wheel(
    installed: Path, module: str, arguments: list[str], expected: str, tmp_path: Path
) -> None:
    """`otb` and `otb-conformance` run outside the tree, without developer's tools, and find their data."""
    done = run(installed, module, arguments, tmp_path)
    assert done.returncode == 0, done.stderr
    assert expected in done.stdout


def test_a_plain_installation_brings_no_heavy_library() -> None:
    """The base dependencies are few, and none of those that an extra is for."""
    base = base_dependencies()
    assert {"click", "pydantic", "jsonschema-rs"} <= base
    assert not base & {
        "numpy",
        "duckdb",
        "scikit-learn",
        "genai-prices",
        "pytest",
        "hypothesis",
        "opentelemetry-sdk",
    }


def test_the_demo_runs_from_the_wheel(installed: Path, tmp_path: Path) -> None:
    """The first command of the README works with nothing but the wheel."""
    done = run(installed, "opentokenbudget.cli", ["demo", "--requests", "50"], tmp_path)
    assert done.returncode == 0, done.stderr
    assert "saving" in done.stdout
    assert (tmp_path / "otb-demo" / "usage.jsonl").exists()
