"""`otb init`: files that check without a warning and decide; imports with their loss report; exit codes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from opentokenbudget.cli import otb, run
from opentokenbudget.cli.starting import bundled_catalog, editor_schemas, starting_files
from opentokenbudget.documents import read
from opentokenbudget.documents.schemas import KINDS

TESTS = Path(__file__).parent
CONFIGS = sorted((TESTS / "litellm_configs").glob("*.yaml"))
SCHEMAS = TESTS.parent / "schemas" / "v1"
AT = "2026-11-23T12:00:00Z"
WRITTEN = {
    "policy.yaml",
    "prices.yaml",
    "request.json",
    "schemas/catalog.schema.json",
    "schemas/policy.schema.json",
    "schemas/request.schema.json",
    "schemas/value-rules.schema.json",
    "value.yaml",
}


def call(*arguments: object) -> int:
    return run(otb, [str(argument) for argument in arguments])


def files_in(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("init") / "new"
    assert call("init", folder) == 0
    return folder


def test_init_writes_what_it_promises(started: Path) -> None:
    """A policy, a catalog, value rules, a request and their schemas are written, and nothing else."""
    assert set(files_in(started)) == WRITTEN


def test_what_is_written_checks_without_a_warning(started: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The files to start with have neither an error nor a warning."""
    names = [started / name for name in ("policy.yaml", "prices.yaml", "value.yaml")]
    assert call("check", "--strict", "--at", AT, *names) == 0
    assert call("check", "--strict", "--at", AT, "--kind", "request", started / "request.json") == 0
    assert "ok: 0 errors, 0 warnings" in capsys.readouterr().out


def test_what_is_written_decides(started: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The policy to start with answers the request to start with, by a rule."""
    command = ("decide", started / "policy.yaml", started / "request.json", "--at", AT, "--format", "json")
    assert call(*command) == 0
    decision = json.loads(capsys.readouterr().out)
    assert (decision["action"], decision["rule"]) == ("allow", "small-talk")


@pytest.mark.parametrize("name", ["policy.yaml", "value.yaml"])
def test_every_field_is_explained(started: Path, name: str) -> None:
    """Every field of the first level has a comment beside it or above it, but for `kind`, `id` and alike words."""
    lines = (started / name).read_text(encoding="utf-8").splitlines()
    plain = {"kind", "id", "version", "description"}
    for number, line in enumerate(lines):
        key = line.partition(":")[0]
        if line[:1].isalpha() and key not in plain:
            assert "#" in line or lines[number - 1].startswith("#"), key


def test_modelines_point_to_schemas_beside_the_files(started: Path) -> None:
    """The first line of every YAML file names a schema that was written with it."""
    for name in ("policy.yaml", "prices.yaml", "value.yaml"):
        first = (started / name).read_text(encoding="utf-8").splitlines()[0]
        assert (started / first.partition("$schema=")[2]).is_file()


def test_sources_of_prices_are_kept(started: Path) -> None:
    """Every price to start with names its source, and the prices are those of the bundled catalog."""
    catalog = read((started / "prices.yaml").read_bytes(), file="prices.yaml").data
    bundled = {model["id"]: model for model in bundled_catalog()["models"]}
    for model in catalog["models"]:
        assert model == bundled[model["id"]]
        assert all(period["source"] in catalog["sources"] for period in model["prices"])


@pytest.mark.parametrize("kind", ["policy", "catalog", "value-rules", "request"])
def test_schemas_for_editors_say_the_same(kind: str) -> None:
    """A schema for editors refers to nothing outside and accepts what the normative one accepts, of all examples."""
    assert kind in KINDS
    mine = json.loads(editor_schemas()[f"schemas/{kind}.schema.json"])
    assert all(reference.startswith("#/$defs/") for reference in _references(mine))
    judge = jsonschema.Draft202012Validator(mine)
    examples = [
        path for path in sorted((SCHEMAS / "examples").iterdir()) if path.suffix in (".yaml", ".json")
    ]
    for path in examples:
        data = read(path.read_bytes(), file=path.name).data
        assert judge.is_valid(data) == path.name.startswith(f"{kind}."), path.name
        assert not judge.is_valid({**data, "unknown_field": 1})


def _references(schema: Any) -> list[str]:
    if isinstance(schema, list):
        return [found for item in schema for found in _references(item)]
    if isinstance(schema, dict):
        own = [schema["$ref"]] if isinstance(schema.get("$ref"), str) else []
        return own + [found for item in schema.values() for found in _references(item)]
    return []


def test_files_that_are_there_are_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file that is there is named, nothing is written, and the exit code is 2; `--force` writes."""
    (tmp_path / "value.yaml").write_text("mine", encoding="utf-8")
    assert call("init", tmp_path) == 2
    assert str(tmp_path / "value.yaml") in capsys.readouterr().err
    assert files_in(tmp_path) == {"value.yaml": b"mine"}
    assert call("init", tmp_path, "--force") == 0
    assert files_in(tmp_path) == {name: text.encode() for name, text in starting_files().items()}


def test_a_link_is_replaced_and_not_followed(tmp_path: Path) -> None:
    """With `--force` a link is replaced; what it leads to stays as it is."""
    kept = tmp_path / "kept.txt"
    kept.write_text("kept", encoding="utf-8")
    folder = tmp_path / "new"
    folder.mkdir()
    (folder / "policy.yaml").symlink_to(kept)
    assert call("init", folder) == 2
    assert call("init", folder, "--force") == 0
    assert kept.read_text(encoding="utf-8") == "kept"


def test_a_folder_that_is_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A folder that cannot be made is a file that cannot be opened: exit code 2."""
    (tmp_path / "file").write_text("", encoding="utf-8")
    assert call("init", tmp_path / "file") == 2
    assert "cannot open" in capsys.readouterr().err


@pytest.mark.parametrize("config", CONFIGS, ids=[path.stem for path in CONFIGS])
def test_an_import_checks(config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is imported has no error, its losses are counted, and a second import writes the same bytes."""
    assert call("init", tmp_path, "--from", "litellm", config, "--at", AT) == 0
    told = capsys.readouterr()
    report = json.loads((tmp_path / "loss.json").read_text(encoding="utf-8"))
    for severity in ("exact", "approximated", "dropped", "refused"):
        count = sum(entry["severity"] == severity for entry in report)
        assert f"{count} {severity}" in told.err
    assert {frozenset(entry) - {"note", "becomes"} for entry in report} == {
        frozenset(("construct", "path", "severity"))
    }
    pools = "pools:" in (tmp_path / "policy.yaml").read_text(encoding="utf-8")
    assert ("with enforcement `check`" in told.err) == pools
    assert "otb decide" in told.out
    names = [tmp_path / name for name in ("policy.yaml", "prices.yaml", "value.yaml")]
    assert call("check", "--at", AT, *names) == 0
    first = files_in(tmp_path)
    assert call("init", tmp_path, "--from", "litellm", config, "--at", AT, "--force") == 0
    assert files_in(tmp_path) == first
    if not pools:
        assert call("decide", tmp_path / "policy.yaml", tmp_path / "request.json", "--at", AT) == 0


def test_an_engine_keeps_imported_pools(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Budgets become pools, which a decision asks."""
    config = TESTS / "litellm_configs" / "budgets.yaml"
    assert call("init", tmp_path, "--from", "litellm", config, "--at", AT) == 0
    capsys.readouterr()
    assert call("decide", tmp_path / "policy.yaml", tmp_path / "request.json", "--at", AT) == 0
    assert "  pool  " in capsys.readouterr().out


def test_the_report_goes_where_it_is_wanted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--loss FILE` writes the report there, `--loss -` on standard output and nothing else beside it."""
    config = TESTS / "litellm_configs" / "small-team.yaml"
    elsewhere = tmp_path / "elsewhere.json"
    assert call("init", tmp_path / "a", "--from", "litellm", config, "--loss", elsewhere) == 0
    assert not (tmp_path / "a" / "loss.json").exists()
    capsys.readouterr()
    assert call("init", tmp_path / "b", "--from", "litellm", config, "--loss", "-") == 0
    assert json.loads(capsys.readouterr().out) == json.loads(elsewhere.read_text(encoding="utf-8"))
    assert call("init", tmp_path / "c", "--from", "litellm", config, "--loss", elsewhere) == 2
    assert not (tmp_path / "c").exists()


def test_a_configuration_with_problems(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is no configuration is told with its place, exit code 1, and nothing is written."""
    config = tmp_path / "config.yaml"
    config.write_text("model_list:\n  - model_name: chat\n    litellm_params: {model: [}\n", encoding="utf-8")
    assert call("init", tmp_path / "new", "--from", "litellm", config) == 1
    assert f"{config}:3:" in capsys.readouterr().err
    assert not (tmp_path / "new").exists()


def test_what_is_told_is_visible(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Characters that could command a terminal are told as escapes."""
    config = tmp_path / "config.yaml"
    model = "{model_name: chat, litellm_params: {model: openai/gpt-4o}}"
    config.write_text(f'"\\e[31mred": 1\n"\\e[31mred": 2\nmodel_list: [{model}]\n', encoding="utf-8")
    assert call("init", tmp_path / "new", "--from", "litellm", config, "--at", AT) == 0
    told = capsys.readouterr().err
    assert "duplicate-key" in told
    assert "\x1b" not in told


def test_a_configuration_that_is_missing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A configuration that cannot be opened ends with exit code 2."""
    assert call("init", tmp_path / "new", "--from", "litellm", tmp_path / "none.yaml") == 2
    assert "cannot open" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments", [("--loss", "x.json"), ("--from", "portkey", "x"), ("--from", "litellm")]
)
def test_misuse(arguments: tuple[str, ...], tmp_path: Path) -> None:
    """A report without an import, another router and a missing name are misuse: exit code 2."""
    assert call("init", tmp_path / "new", *arguments) == 2
    assert not (tmp_path / "new").exists()
