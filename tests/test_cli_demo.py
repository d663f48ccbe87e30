"""`otb demo`: the printed figures are the log's, at two moments in time; the same run gives the same bytes."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from pathlib import Path

import pytest

from opentokenbudget.amounts import parse_instant
from opentokenbudget.cli import otb, run
from opentokenbudget.demo import traffic

DATES = ("2024-10-15", "2026-11-23")


def demo(folder: Path, capsys: pytest.CaptureFixture[str], *more: str) -> tuple[int, str, str]:
    code = run(otb, ["demo", "--out", str(folder), "--requests", "400", *more])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


@pytest.mark.parametrize("date", DATES)
def test_the_logs_costs_add_up_to_what_the_demo_prints(
    date: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """At each date the sum of the log's costs is the policy's cost in the table, exactly."""
    code, out, _ = demo(tmp_path, capsys, "--as-of", date)
    assert code == 0
    printed = re.search(r"^the policy +([0-9.]+) ", out, re.MULTILINE)
    assert printed is not None
    records = [json.loads(line) for line in (tmp_path / "usage.jsonl").read_text().splitlines()]
    total = sum(Decimal(record["total"]) for record in records if record["record"] == "attempt")
    assert total == Decimal(printed[1]) > 0
    assert {record["at"][:10] for record in records} == {date}


@pytest.mark.parametrize("date", DATES)
def test_simulating_the_demos_files_prints_the_demos_figures(
    date: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`otb simulate` over the files that the demo leaves finds the cost that the demo printed."""
    _, out, _ = demo(tmp_path, capsys, "--as-of", date)
    run(
        otb, ["simulate", str(tmp_path / "policy.yaml"), str(tmp_path / "requests.jsonl"), "--format", "json"]
    )
    figures = json.loads(capsys.readouterr().out)
    assert re.search(rf"^the policy +{re.escape(figures['spent'])} ", out, re.MULTILINE)


@pytest.mark.parametrize("date", DATES)
def test_a_saving_stands_beside_its_quality_and_between_the_extremes(
    date: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The policy costs less than all large and is better than all small; the saving's line names both qualities."""
    _, out, _ = demo(tmp_path, capsys, "--as-of", date)
    rows = re.findall(r"^(all large|all small|the policy) +([0-9.]+) +([0-9.]+) ", out, re.MULTILINE)
    cost = {name: Decimal(money) for name, money, _ in rows}
    quality = {name: Decimal(score) for name, _, score in rows}
    assert cost["all small"] < cost["the policy"] < cost["all large"]
    assert quality["all small"] < quality["the policy"] <= quality["all large"]
    saving = next(line for line in out.splitlines() if line.startswith("saving"))
    assert str(cost["all large"] - cost["the policy"]) in saving
    assert f"quality {quality['the policy']} beside {quality['all large']}" in saving


def test_the_same_demo_twice_gives_the_same_bytes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Date and seed decide everything that is printed and written; another seed gives other traffic."""
    outs = []
    for name in ("a", "b"):
        _, out, _ = demo(tmp_path / name, capsys, "--as-of", DATES[0])
        outs.append(out.replace(str(tmp_path / name), ""))
    assert outs[0] == outs[1]
    assert (tmp_path / "a" / "usage.jsonl").read_bytes() == (tmp_path / "b" / "usage.jsonl").read_bytes()
    demo(tmp_path / "c", capsys, "--as-of", DATES[0], "--seed", "other")
    assert (tmp_path / "a" / "requests.jsonl").read_bytes() != (
        tmp_path / "c" / "requests.jsonl"
    ).read_bytes()


def test_there_is_no_desk_before_its_first_policy(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A date before the first policy is a problem, not a made-up price."""
    code, _, err = demo(tmp_path, capsys, "--as-of", "2023-01-01")
    assert code == 1
    assert "no-desk-at-time" in err


def test_a_folder_that_cannot_be_written_is_misuse(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where the files cannot go, the exit code is 2."""
    (tmp_path / "taken").write_text("")
    code, _, _ = demo(tmp_path / "taken", capsys)
    assert code == 2


def test_a_larger_tier_is_never_wrong_where_a_smaller_one_is_right() -> None:
    """The synthetic outcomes of a request do not fall from tier to tier."""
    for row in traffic(500, seed="x", begin=parse_instant("2026-11-23T00:00:00Z")):
        assert row["score.small"] <= row["score.medium"] <= row["score.large"]


def test_a_denial_is_explained_at_the_end(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Of a full day somebody asks too often: the denial names the pool, what stood there, and when to come back."""
    code = run(otb, ["demo", "--out", str(tmp_path), "--as-of", DATES[1]])
    out = capsys.readouterr().out
    assert code == 0
    _, _, denial = out.partition("One denial, explained:")
    assert "deny desk-" in denial
    assert "user-day/" in denial
    assert "10 settled, 0 reserved of 10 requests, asked for 1" in denial
    assert "from 2026-11-24T00:00:00Z" in denial
    assert re.search(r"^pools +downgraded [1-9][0-9]*; denied no-room [1-9]", out, re.MULTILINE)
    assert re.search(r"^saving .* over the 9,9[0-9]{2} that were served", out, re.MULTILINE)
