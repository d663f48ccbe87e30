"""`otb simulate`: exact sums, laws of the replay, every kind of input, and bad rows that cost nothing else."""

from __future__ import annotations

import csv
import json
import os
import random
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import desk
from opentokenbudget.cli import otb, run


def simulate(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, dict[str, Any], str]:
    """Return exit code, figures and standard error of `otb simulate --format json`."""
    code = run(otb, ["simulate", *map(str, arguments), "--format", "json"])
    captured = capsys.readouterr()
    return code, json.loads(captured.out), captured.err


def write_lines(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def read_log(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def totals_in(path: Path) -> list[Decimal]:
    return [Decimal(record["total"]) for record in read_log(path) if "total" in record]


def test_the_costs_in_the_log_add_up_to_what_is_printed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The sum of the log's attempt costs is the spending that the report prints, exactly."""
    log = tmp_path / "log.jsonl"
    requests = write_lines(tmp_path / "requests.jsonl", desk.rows(300))
    code, figures, _ = simulate(
        capsys, desk.written(tmp_path), requests, "--log", log, "--baseline", desk.LARGE
    )
    assert code == 0
    assert figures["requests"] == 300
    assert sum(totals_in(log)) == Decimal(figures["spent"]) > 0
    assert sum(Decimal(tier["spent"]) for tier in figures["tiers"]) == Decimal(figures["spent"])
    assert sum(Decimal(point["spent"]) for point in figures["curve"]) == Decimal(figures["spent"])


def test_a_policy_that_sends_all_to_the_baseline_saves_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Everything on the baseline's model saves exactly 0, with the baseline's quality."""
    requests = write_lines(tmp_path / "requests.jsonl", desk.rows(100))
    policy = desk.written(tmp_path, rules=[], default={"tier": "large"})
    _, figures, _ = simulate(capsys, policy, requests, "--baseline", desk.LARGE)
    assert figures["baseline"]["saving"] == "0"
    assert figures["baseline"]["compared"] == 100
    assert figures["quality"]["policy"] == figures["quality"]["baseline"]


def test_doubling_every_rate_doubles_every_cost(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With every rate of the catalog doubled and decisions unchanged, each attempt's cost doubles."""
    totals = []
    for factor in (1, 2):
        catalog = desk.catalog()
        for model in catalog["models"]:
            rates = model["prices"][0]["rates"]
            for meter, rate in rates.items():
                rates[meter] = str(Decimal(rate) * factor)
        folder = tmp_path / str(factor)
        folder.mkdir()
        log = folder / "log.jsonl"
        requests = write_lines(folder / "requests.jsonl", desk.rows(120))
        simulate(capsys, desk.written(folder, catalog), requests, "--log", log)
        totals.append(totals_in(log))
    assert len(totals[0]) == 120
    assert [2 * total for total in totals[0]] == totals[1]


def test_two_processes_with_other_hash_seeds_write_the_same_bytes(tmp_path: Path) -> None:
    """The same inputs give the same log and the same report, whatever the hash seed of the process."""
    policy = desk.written(tmp_path)
    requests = write_lines(tmp_path / "requests.jsonl", desk.rows(60))
    answers = []
    for hash_seed in ("1", "4242"):
        log = tmp_path / "log.jsonl"
        done = subprocess.run(
            [
                sys.executable,
                "-m",
                "opentokenbudget",
                "simulate",
                policy,
                requests,
                "--log",
                log,
                "--baseline",
                desk.LARGE,
                "--assign",
                "plan=free:1,pro:2",
            ],
            capture_output=True,
            check=True,
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
        )
        answers.append((done.stdout, log.read_bytes()))
    assert answers[0] == answers[1]
    assert b"synthetic" in answers[0][0]


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_csv_and_parquet_say_what_json_lines_say(
    ending: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The kind of file makes no difference to what is found in it."""
    rows = desk.rows(50)
    policy = desk.written(tmp_path)
    _, lines, _ = simulate(capsys, policy, write_lines(tmp_path / "a.jsonl", rows), "--baseline", desk.LARGE)
    other = tmp_path / f"a.{ending}"
    if ending == "csv":
        with other.open("w", newline="") as file:
            writer = csv.DictWriter(file, fieldnames=list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
    else:
        import duckdb

        source = f"read_json('{tmp_path / 'a.jsonl'}')"
        zoned = f'SELECT * REPLACE ("at"::TIMESTAMPTZ AS "at") FROM {source}'
        connection = duckdb.connect()
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute(f"COPY ({zoned}) TO '{other}' (FORMAT parquet)")
        connection.close()
    code, figures, _ = simulate(capsys, policy, other, "--baseline", desk.LARGE)
    assert code == 0
    assert figures == lines


def test_rows_out_of_order_are_replayed_in_time_order(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Shuffled rows in several files give the figures of the ordered ones, and a log in time order."""
    rows = desk.rows(200)
    policy = desk.written(tmp_path)
    _, ordered, _ = simulate(capsys, policy, write_lines(tmp_path / "a.jsonl", rows))
    random.Random(7).shuffle(rows)
    log = tmp_path / "log.jsonl"
    first = write_lines(tmp_path / "b.jsonl", rows[:90])
    second = write_lines(tmp_path / "c.jsonl", rows[90:])
    _, shuffled, _ = simulate(capsys, policy, first, second, "--log", log)
    assert shuffled == ordered
    instants = [record["at"] for record in read_log(log)]
    assert instants == sorted(instants)


def test_columns_can_be_renamed_and_instants_placed_in_a_zone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A trace with other names and zone-less instants is read with `--column` and `--timezone`."""
    trace = tmp_path / "trace.csv"
    trace.write_text("TIMESTAMP,In,Out\n2023-11-16 18:17:03.9799600,4808,10\n")
    renamed = ["--column", "at=TIMESTAMP", "--column", "input_tokens=In", "--column", "output_tokens=Out"]
    policy = desk.written(tmp_path)
    _, figures, _ = simulate(capsys, policy, trace, *renamed, "--timezone", "America/New_York")
    assert figures["from"] == "2023-11-16T23:17:03.97996Z"
    assert run(otb, ["simulate", str(policy), str(trace), *renamed]) == 1
    assert "trace.csv:2:1 bad-instant" in capsys.readouterr().err


def test_a_bad_row_is_told_with_its_place_and_costs_no_other(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Rows that cannot be read are refused by line; the others count; the exit code is 1."""
    rows = desk.rows(5)
    lines = [json.dumps(row) for row in rows]
    lines.insert(1, '{"at": "2026-11-23T12:00:00Z", "input_tokens": 1.5, "output_tokens": 3}')
    lines.insert(2, "not json \x1b[31m")
    lines.insert(3, '{"at": "yesterday", "input_tokens": 1, "output_tokens": 3}')
    lines.insert(4, '{"at": "2026-11-23T12:00:00Z", "input_tokens": 1}')
    lines.insert(5, "[1, 2]")
    lines.insert(6, '{"at": "2026-11-23T12:00:00Z", "input_tokens": -1, "output_tokens": 3}')
    requests = tmp_path / "requests.jsonl"
    requests.write_text("\n".join(lines))
    code, figures, errors = simulate(capsys, desk.written(tmp_path), requests)
    assert code == 1
    assert (figures["requests"], figures["refused_rows"]) == (5, 6)
    for line in (2, 3, 4, 5, 6, 7):
        assert f"requests.jsonl:{line}:1 " in errors
    assert "\x1b" not in errors


def test_a_row_whose_window_no_calendar_reaches_costs_no_other(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Under a pool of calendar days, a row at the end of the year 9999 is refused with its place, the rest served."""
    pool = {
        "id": "day",
        "limit": {"requests": 9},
        "window": {"calendar": "day"},
        "enforcement": "soft",
    }
    rows = desk.rows(3)
    rows[2]["at"] = "9999-12-31T23:00:00Z"
    requests = write_lines(tmp_path / "requests.jsonl", rows)
    code, figures, told = simulate(capsys, desk.written(tmp_path, pools=[pool]), requests)
    assert (code, figures["requests"], figures["refused_rows"]) == (1, 2, 1)
    assert f"{requests}:3:1 bad-instant /at" in told


def test_a_missing_file_is_misuse_and_an_empty_one_is_a_problem(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What cannot be opened exits 2; what opens and holds no request exits 1."""
    policy = str(desk.written(tmp_path))
    assert run(otb, ["simulate", policy, str(tmp_path / "none.jsonl")]) == 2
    empty = tmp_path / "empty.jsonl"
    empty.write_text("")
    assert run(otb, ["simulate", policy, str(empty)]) == 1
    assert "empty.jsonl:1:1 empty" in capsys.readouterr().err


def test_a_saving_is_never_printed_without_its_quality(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The line of the saving says `unmeasured` where no row has scores, and both qualities where rows have."""
    policy = str(desk.written(tmp_path))
    rows = desk.rows(20)
    scored = write_lines(tmp_path / "scored.jsonl", rows)
    bare = write_lines(
        tmp_path / "bare.jsonl", [{k: v for k, v in row.items() if not k.startswith("score")} for row in rows]
    )
    for requests, quality in ((scored, "against 1"), (bare, "unmeasured")):
        run(otb, ["simulate", policy, str(requests), "--baseline", desk.LARGE])
        saving = [line for line in capsys.readouterr().out.splitlines() if line.startswith("saving")]
        assert len(saving) == 1
        assert quality in saving[0]


def test_an_as_run_baseline_is_what_the_rows_say(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`as-run` takes a row's cost, else prices the model that ran; rows with neither are not compared."""
    rows = [
        {"at": "2026-11-23T12:00:00Z", "input_tokens": 1000, "output_tokens": 0, "cost": "0.5"},
        {"at": "2026-11-23T12:00:01Z", "input_tokens": 1000, "output_tokens": 0, "model": desk.LARGE},
        {"at": "2026-11-23T12:00:02Z", "input_tokens": 1000, "output_tokens": 0},
    ]
    requests = write_lines(tmp_path / "requests.jsonl", rows)
    _, figures, _ = simulate(capsys, desk.written(tmp_path), requests, "--baseline", "as-run")
    assert figures["baseline"]["cost"] == "0.505"
    assert (figures["baseline"]["compared"], figures["baseline"]["unknown"]) == (2, 1)


def test_a_cascade_escalates_by_the_scores_of_the_rows(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """An answer below the bar is paid for and asked again above; one at the bar stands."""
    cascade = {"cascade": {"tiers": ["small", "large"], "accept": {"score": {"gte": "0.8"}}}}
    rows = [
        {"at": "2026-11-23T12:00:00Z", "input_tokens": 1000, "output_tokens": 0, "score.small": "0.8"},
        {"at": "2026-11-23T12:00:01Z", "input_tokens": 1000, "output_tokens": 0, "score.small": "0.79"},
    ]
    requests = write_lines(tmp_path / "requests.jsonl", rows)
    log = tmp_path / "log.jsonl"
    policy = desk.written(tmp_path, rules=[], default=cascade)
    _, figures, _ = simulate(capsys, policy, requests, "--log", log)
    assert figures["attempts"] == 3
    assert figures["spent"] == "0.0053"
    kinds = [record["kind"] for record in read_log(log) if record["record"] == "attempt"]
    assert kinds == ["primary", "primary", "cascade"]
