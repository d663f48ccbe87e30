"""The figures of docs/guides/simulate.md on the Azure LLM inference trace 2023, run again where the files are."""

from __future__ import annotations

import csv
import os
import re
from fractions import Fraction
from pathlib import Path

import pytest

from test_docs import Fence, agrees, check, fences, run

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "guides" / "simulate.md"
TRACE = Path(os.environ.get("OTB_DATA", ROOT.parent / "shared" / "data")) / "azure-llm-2023"
FILES = ("code.csv", "conv.csv")
PAGES = ("file=today.yaml", "file=hour.yaml", "file=weights.yaml", "file=squeezed.yaml")
RATES = {
    "openai/gpt-6-luna": ("0.1", "0.5"),
    "google/gemini-3.8-flash": ("0.75", "3.75"),
    "anthropic/claude-opus-5-5": ("4", "20"),
}
ROW = re.compile(r"^\| `([^`]+)` \| ([-\d.]+) \| ([-\d.]+) \| ([-\d.]+ %) \|$", re.MULTILINE)

pytestmark = pytest.mark.skipif(
    not all((TRACE / name).is_file() for name in FILES),
    reason=f"the trace is not at {TRACE}: see docs/guides/simulate.md; OTB_DATA says where it lies",
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the trace under the names of the page, and the page's policy and catalog."""
    place = tmp_path_factory.mktemp("trace")
    for name in FILES:
        (place / name).write_bytes((TRACE / name).read_bytes())
    for fence in fences(PAGE):
        if fence.language == "yaml" and fence.words[0] in PAGES:
            check(fence, place)
    return place


def runs() -> list[Fence]:
    """Return the page's runs over the trace: the plain one, and the one with drawn tasks."""
    return [fence for fence in fences(PAGE) if fence.language == "text" and fence.text.startswith("$ otb ")]


def command(fence: Fence) -> str:
    return fence.text.splitlines()[0].removeprefix("$ ")


@pytest.mark.parametrize("number", [0, 1])
def test_the_runs_print_what_the_page_prints(folder: Path, number: int) -> None:
    """Both runs over the trace print every figure of the page."""
    fence = runs()[number]
    printed = run(f"{command(fence)} --quiet", folder)
    assert agrees(printed, fence.text.partition("\n")[2]), printed


@pytest.mark.parametrize("number", [0, 1])
def test_the_baselines_are_those_of_the_tables(folder: Path, number: int) -> None:
    """Each row of the two tables says what the run says against that baseline."""
    tables = ROW.findall(PAGE.read_text(encoding="utf-8"))
    assert len(tables) == 2 * len(RATES)
    for model, cost, saving, percent in tables[number * len(RATES) : (number + 1) * len(RATES)]:
        asked = re.sub(r"--baseline \S+", f"--baseline {model}", command(runs()[number]))
        printed = run(f"{asked} --quiet", folder)
        assert f"baseline   {cost} USD with {model}, over 28,185 requests\n" in printed
        assert f"saving     {saving} USD ({percent}), quality unmeasured\n" in printed


LIMIT = re.compile(r"^\| (\d+) \| ([\d.]+) \| ([\d.]+) \| ([\d,]+) \| ([\d,]+) \|$", re.MULTILINE)


@pytest.mark.parametrize("row", [1, 6])
def test_the_curve_of_limits_is_that_of_the_table(folder: Path, row: int) -> None:
    """Under the limit of a row the run spends, saves, downgrades and denies what the row says."""
    limit, spent, saving, downgraded, denied = LIMIT.findall(PAGE.read_text(encoding="utf-8"))[row]
    policy = (folder / "squeezed.yaml").read_text(encoding="utf-8")
    assert '{cost: "40"}' in policy
    (folder / f"squeezed-{limit}.yaml").write_text(policy.replace('{cost: "40"}', f'{{cost: "{limit}"}}'))
    asked = command(runs()[2]).replace("squeezed.yaml", f"squeezed-{limit}.yaml")
    printed = run(f"{asked} --quiet", folder)
    assert f"spent      {spent} USD in " in printed
    assert f"saving     {saving} USD " in printed
    assert f"downgraded {downgraded} by pools\n" in printed
    assert (f"denied     {denied} (no-room {denied})\n" in printed) == (denied != "0")


def test_the_baselines_cost_what_the_columns_add_up_to() -> None:
    """A baseline costs the sum of the trace's tokens times its two rates, added here without the engine."""
    tokens = [0, 0]
    for name in FILES:
        with open(TRACE / name, encoding="utf-8", newline="") as stream:
            for row in csv.DictReader(stream):
                tokens[0] += int(row["ContextTokens"])
                tokens[1] += int(row["GeneratedTokens"])
    for model, cost, _, _ in ROW.findall(PAGE.read_text(encoding="utf-8")):
        total = sum(Fraction(rate) * count / 10**6 for rate, count in zip(RATES[model], tokens, strict=True))
        assert Fraction(cost) == total
