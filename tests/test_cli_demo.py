"""`otb demo`: the printed figures are the log's, at two moments in time; the same run gives the same bytes."""

from __future__ import annotations

import json
import re
from contextlib import redirect_stdout
from decimal import Decimal
from io import StringIO
from pathlib import Path

import pytest

from opentokenbudget.amounts import parse_date, parse_instant
from opentokenbudget.cli import otb, run
from opentokenbudget.demo import era_at, read_bundled, traffic

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


@pytest.fixture(scope="module", params=DATES)
def day(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """Return a date and what a full day prints at it: then somebody asks too often."""
    folder, printed = tmp_path_factory.mktemp("day"), StringIO()
    with pytest.MonkeyPatch.context() as patched, redirect_stdout(printed):
        patched.chdir(folder)
        assert run(otb, ["demo", "--as-of", request.param]) == 0
    return request.param, printed.getvalue()


def test_a_denial_is_explained(day: tuple[str, str]) -> None:
    """The denial names the pool once, what stood there, and when to come back, and says nothing of who serves."""
    date, out = day
    _, _, after = out.partition("One denial, explained:\n")
    denial, _, footer = after.partition("\n\n")
    flat = " ".join(denial.split())
    assert flat.startswith("deny desk-")
    assert "because no rule matched: the default would serve; no room" in flat
    assert "10 settled, 0 reserved of 10 requests, asked for 1" in flat
    assert flat.count("user-day/") == 1
    tomorrow = date[:8] + str(int(date[8:]) + 1)
    assert f"from {tomorrow}T00:00:00Z" in flat
    assert footer.startswith("log ")
    assert re.search(r"^ +downgraded [1-9][0-9]*; denied no-room [1-9]", out, re.MULTILINE)
    assert re.search(
        r"^saving .*\n +against all large, over the 9,9[0-9]{2} requests that were served$", out, re.M
    )


def test_the_pools_are_introduced_with_the_limits_of_the_policy(day: tuple[str, str]) -> None:
    """Before a pool is named in a decision, its limit is said as the policy of that time gives it."""
    date, out = day
    era = era_at(parse_date(date))
    assert era is not None
    policy = read_bundled(era)["policy.yaml"].decode()
    limit = re.search(r'limit: {cost: "([0-9]+)"}', policy)
    assert limit is not None
    assert f"pools     desk-day {limit[1]} USD a day, user-day 10 requests a day for each user\n" in out
    assert out.index("user-day 10 requests") < out.index("user-day/")


def test_the_day_fits_into_a_terminal(day: tuple[str, str]) -> None:
    """No line is longer than 80 columns, and the command to try is whole."""
    _, out = day
    assert max(map(len, out.splitlines())) <= 80
    assert out.endswith("          otb simulate otb-demo/policy.yaml otb-demo/requests.jsonl\n")
