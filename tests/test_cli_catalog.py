"""`otb catalog`: import, diff and lint as a user meets them: output, exit codes, no traceback."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from opentokenbudget.cli import otb, run
from opentokenbudget.documents import parse_document

pytest.importorskip("genai_prices", reason="the extra `prices` is not installed")

MODEL = {"litellm_provider": "openai", "mode": "chat"}
FILE = json.dumps(
    {
        "gpt-x": {**MODEL, "input_cost_per_token": 2.5e-06, "output_cost_per_token": 1e-05},
        "bad-x": {**MODEL, "input_cost_per_token": 0.0032, "output_cost_per_token": 0.0032},
        "sample_spec": {"mode": "one of"},
    }
)


@pytest.fixture
def litellm_file(tmp_path):
    path = tmp_path / "litellm.json"
    path.write_text(FILE)
    return str(path)


def catalog_file(tmp_path, name, rate, extra=""):
    path = tmp_path / name
    path.write_text(
        f'otb: "1.0"\nkind: catalog\nid: c\nversion: 1.0.0\ncurrency: USD\nmodels:\n'
        f'  - {{id: openai/gpt-x, prices: [{{from: null, rates: {{input: "{rate}", output: "10"}}}}]}}\n{extra}'
    )
    return str(path)


def test_a_litellm_file_becomes_a_catalog(litellm_file, tmp_path, capsys):
    """The catalog goes where `--out` says, the report where `--loss` says, counts and suspicions to standard error."""
    out, loss = tmp_path / "prices.yaml", tmp_path / "loss.json"
    arguments = ["catalog", "import", "litellm", litellm_file, "--out", str(out), "--loss", str(loss)]
    assert run(otb, [*arguments, "--at", "2026-11-23", "--source-version", "1.2.3"]) == 0
    document, problems = parse_document(out.read_bytes(), file="prices.yaml")
    assert problems == ()
    assert [model["id"] for model in document.data["models"]] == ["openai/gpt-x"]
    assert document.data["version"] == "2026.11.23"
    report = json.loads(loss.read_text())
    assert report["counts"]["refused"] == 1
    assert report["quarantined"][0]["code"] == "suspect-rate"
    errors = capsys.readouterr().err
    assert "1 models, 1 price periods" in errors
    assert "suspect-rate `openai/bad-x`" in errors


def test_quarantined_models_can_be_kept_and_models_chosen(litellm_file, capsys):
    """`--keep-quarantined` leaves suspicious models in, `--model` takes ids and aliases, `--quiet` says nothing."""
    arguments = [
        "catalog",
        "import",
        "litellm",
        litellm_file,
        "--format",
        "json",
        "--quiet",
        "--at",
        "2026-11-23",
    ]
    assert run(otb, [*arguments, "--keep-quarantined", "--model", "bad-*"]) == 0
    printed = capsys.readouterr()
    assert [model["id"] for model in json.loads(printed.out)["models"]] == ["openai/bad-x"]
    assert printed.err == ""


def test_the_installed_package_is_imported(tmp_path):
    """Chosen models of genai-prices come with their dated periods, as JSON where the name says so."""
    out = tmp_path / "prices.json"
    arguments = ["catalog", "import", "genai-prices", "--out", str(out), "--at", "2026-11-23", "--quiet"]
    assert run(otb, [*arguments, "--model", "deepseek/deepseek-v4-pro"]) == 0
    (model,) = json.loads(out.read_text())["models"]
    assert [period["from"] for period in model["prices"]] == [None, "2026-08-17"]


def test_a_missing_package_is_named_with_its_extra():
    """Without genai-prices the command says what to install and ends with exit code 2."""
    hidden = "import sys; sys.modules['genai_prices'] = None; from opentokenbudget.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", hidden, "catalog", "import", "genai-prices"],
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": ":".join(path for path in sys.path if path)},
    )
    assert done.returncode == 2
    assert "pip install 'opentokenbudget[prices]'" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["catalog", "import", "litellm", "no-such-file.json"], 2),
        (["catalog", "import", "litellm"], 2),
        (["catalog", "import", "nobody"], 2),
        (["catalog", "import", "genai-prices", "--at", "yesterday"], 2),
        (
            [
                "catalog",
                "import",
                "genai-prices",
                "--quiet",
                "--model",
                "none/*",
                "--out",
                "/no/such/folder/x.yaml",
            ],
            2,
        ),
        (["catalog", "diff", "no-such-file.yaml", "other.yaml"], 2),
        (["catalog", "lint", "no-such-file.yaml"], 2),
        (["catalog", "diff", "a", "b", "--threshold", "much"], 2),
        (["catalog", "mend"], 2),
    ],
)
def test_misuse_ends_with_2(arguments, code, capsys):
    """A file that is not there and a parameter that is none end with exit code 2 and one line."""
    assert run(otb, arguments) == code
    assert "Traceback" not in capsys.readouterr().err


def test_a_file_that_is_no_price_file_ends_with_1(tmp_path, capsys):
    """A malformed file is a problem with its place, exit code 1."""
    path = tmp_path / "broken.json"
    path.write_text('{"a": {"b": }}')
    assert run(otb, ["catalog", "import", "litellm", str(path)]) == 1
    assert "broken.json:1:13 syntax-error" in capsys.readouterr().err


def test_diff_prints_what_changed(tmp_path, capsys):
    """A changed rate is one line with its percentage; the threshold decides the exit code."""
    old, new = catalog_file(tmp_path, "old.yaml", "2.5"), catalog_file(tmp_path, "new.yaml", "3")
    assert run(otb, ["catalog", "diff", old, new]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "openai/gpt-x input 2.5 -> 3 (+20 %)",
        "0 models added, 0 removed, 1 rate changed, 0 other changes",
    ]
    assert run(otb, ["catalog", "diff", old, new, "--threshold", "20"]) == 0
    assert run(otb, ["catalog", "diff", old, new, "--threshold", "19.9%"]) == 1
    capsys.readouterr()
    assert run(otb, ["catalog", "diff", old, new, "--format", "json"]) == 0
    (change,) = json.loads(capsys.readouterr().out)
    assert change == {
        "kind": "rate",
        "model": "openai/gpt-x",
        "meter": "input",
        "before": "2.5",
        "after": "3",
        "percent": "+20",
    }


def test_diff_names_models_periods_and_fields(tmp_path, capsys):
    """Models that come and go, periods and lifecycle are lines of their own."""
    new = catalog_file(
        tmp_path,
        "new.yaml",
        "2.5",
        '  - {id: openai/gpt-y, lifecycle: {retires: 2027-01-01}, prices: [{from: 2026-01-01, rates: {input: "1"}}]}\n',
    )
    old = catalog_file(
        tmp_path, "old.yaml", "2.5", '  - {id: openai/gpt-y, prices: [{from: null, rates: {input: "1"}}]}\n'
    )
    assert run(otb, ["catalog", "diff", old, new]) == 0
    out = capsys.readouterr().out
    assert 'openai/gpt-y lifecycle nothing -> {"retires": "2027-01-01"}' in out
    assert 'openai/gpt-y period {"input": "1"} -> nothing until 2026-01-01' in out
    assert run(otb, ["catalog", "diff", new, catalog_file(tmp_path, "less.yaml", "2.5")]) == 0
    assert "removed openai/gpt-y" in capsys.readouterr().out


def test_disagreements_of_two_sources(tmp_path, capsys):
    """With `--disagreements` the prices of both at an instant are compared, the likelier one named."""
    one, two = catalog_file(tmp_path, "one.yaml", "2.5"), catalog_file(tmp_path, "two.yaml", "2500")
    arguments = ["catalog", "diff", one, two, "--disagreements", "--at", "2026-11-23"]
    assert run(otb, arguments) == 0
    assert capsys.readouterr().out.splitlines() == [
        "openai/gpt-x input 2.5 | 2500 (1000 times); likelier the first: the other has suspicious prices",
        "1 model in both; 1 rates are the same, 1 are not",
    ]
    assert run(otb, [*arguments, "--threshold", "50", "--format", "json"]) == 1
    assert json.loads(capsys.readouterr().out)["disagreements"][0]["likelier"] == "first"


def test_lint_names_odd_prices_with_their_place(tmp_path, capsys):
    """An odd price is a warning with file, line and column; only `--strict` makes it exit code 1."""
    odd = catalog_file(tmp_path, "odd.yaml", "2500")
    assert run(otb, ["catalog", "lint", odd]) == 0
    out = capsys.readouterr().out
    assert "odd.yaml:7:" in out
    assert "suspect-rate" in out
    assert run(otb, ["catalog", "lint", odd, "--strict"]) == 1
    good = catalog_file(tmp_path, "good.yaml", "2.5")
    capsys.readouterr()
    assert run(otb, ["catalog", "lint", good, "--strict", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out) == []
    assert run(otb, ["catalog", "lint", good, "--against", odd, "--strict", "--format", "json"]) == 1
    assert [problem["code"] for problem in json.loads(capsys.readouterr().out)] == ["suspect-jump"]


def test_a_document_that_is_no_catalog_ends_with_1(tmp_path, capsys):
    """A document of another kind, or a broken one, is a problem, exit code 1."""
    path = tmp_path / "policy.yaml"
    path.write_text('otb: "1.0"\nkind: policy\n')
    assert run(otb, ["catalog", "lint", str(path)]) == 1
    assert "policy.yaml" in capsys.readouterr().err


def test_help_names_every_command(capsys):
    """Each level of the command lists what it holds."""
    for arguments, word in (
        (["catalog", "--help"], "lint"),
        (["catalog", "import", "--help"], "genai-prices"),
        (["catalog", "import", "litellm", "--help"], "--keep-quarantined"),
        (["catalog", "diff", "--help"], "--disagreements"),
        (["catalog", "lint", "--help"], "--against"),
    ):
        assert run(otb, arguments) == 0
        assert word in capsys.readouterr().out
