"""Pools on the command line: simulated, shown, granted."""

from __future__ import annotations

import json
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import desk
from opentokenbudget import open_engine
from opentokenbudget.cli import otb, run
from opentokenbudget.pools.stores.sqlite import SqliteStore

MONTH: dict[str, Any] = {
    "id": "month",
    "limit": {"cost": "0.3"},
    "window": {"calendar": "month"},
    "enforcement": "reserve",
    "at_limit": {"downgrade": "small"},
    "on_store_failure": "closed",
}
USER_DAY: dict[str, Any] = {
    **MONTH,
    "id": "user-day",
    "partition_by": ["user"],
    "window": {"calendar": "day"},
    "at_limit": "deny",
}
REQUEST = {"id": "r", "attributes": {"user": "u/1"}, "input_tokens": 1000, "max_output_tokens": 100}


def called(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    """Return exit code, standard output and standard error of `otb`."""
    code = run(otb, [str(argument) for argument in arguments])
    out, err = capsys.readouterr()
    return code, out, err


def spent(tmp_path: Path) -> tuple[Path, str]:
    """Return a policy with pools and the URL of a store in which one attempt is settled and one is open."""
    policy = desk.written(tmp_path, pools=[MONTH, USER_DAY])
    url = f"sqlite:///{tmp_path / 'otb.db'}"
    engine = open_engine(policy, store=url, seed="s")
    engine.settle(engine.decide({**REQUEST, "id": "a"}), usage={"input": 900, "output": 50})
    engine.decide({**REQUEST, "id": "b"})
    engine.close()
    return policy, url


def test_a_simulated_month_stays_within_its_limit(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What the policy spends is at most the limit; the rest is downgraded or denied, and the log says by which pool."""
    policy = desk.written(tmp_path, rules=[], default={"tier": "large"}, pools=[MONTH])
    requests, log = tmp_path / "requests.jsonl", tmp_path / "log.jsonl"
    requests.write_text("".join(json.dumps(row) + "\n" for row in desk.rows(1500)))
    code, out, _ = called(capsys, "simulate", policy, requests, "--log", log, "--format", "json", "--quiet")
    figures = json.loads(out)
    assert code == 0
    assert Decimal("0.25") < Decimal(figures["spent"]) <= Decimal("0.3")
    assert set(figures["actions"]) == {"allow", "downgrade", "deny"}
    assert sum(figures["actions"].values()) == 1500
    records = [json.loads(line) for line in log.read_text().splitlines()]
    settled = [
        Decimal(entry["settled"])
        for record in records
        if record["record"] == "attempt"
        for entry in record["reservation"]["entries"]
    ]
    assert sum(settled) == Decimal(figures["spent"])
    denied = [record for record in records if record.get("action") == "deny"]
    assert {pool["reason"] for record in denied for pool in record["pools"]} == {"no-room"}
    assert all(record["retry_after"] == "2026-12-01T00:00:00Z" for record in denied)


def test_balances_are_shown_as_they_are(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each balance with its window, its limit, and what is settled and reserved, as a table or as JSON."""
    _, url = spent(tmp_path)
    code, out, _ = called(capsys, "pools", "show", url, "--format", "json")
    balances = json.loads(out)["balances"]
    assert code == 0
    assert [(each["pool"], each.get("partition")) for each in balances] == [
        ("month", None),
        ("user-day", ["u/1"]),
    ]
    assert all(Decimal(each["settled"]) > 0 and Decimal(each["reserved"]) > 0 for each in balances)
    _, table, _ = called(capsys, "pools", "show", url, "--pool", "month")
    head, row = table.splitlines()
    assert head.split() == ["balance", "window", "limit", "settled", "reserved", "overrun", "used"]
    assert balances[0]["settled"] in row.split()


def test_reservations_are_listed_with_what_became_of_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One is settled and one open, each in both pools."""
    _, url = spent(tmp_path)
    _, out, _ = called(capsys, "pools", "history", url, "--reservations", "--format", "json")
    rows = json.loads(out)["reservations"]
    assert sorted(row["state"] for row in rows) == ["open", "open", "settled", "settled"]


def test_what_is_granted_can_be_spent(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It stands beside the limit of the one window and partition that it was granted to."""
    policy, url = spent(tmp_path)
    code, out, _ = called(
        capsys, "pools", "adjust", policy, url, "user-day", "2.5", "--partition", "u/1", "--format", "json"
    )
    assert code == 0
    (balance,) = json.loads(out)["balances"]
    assert (balance["limit"], balance["granted"], balance["partition"]) == ("0.3", "2.5", ["u/1"])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("show", "mysql://here"), "no store"),
        (("show", "memory://"), "ends with its process"),
        (("show", "sqlite:////nowhere/at/all.db"), "does not answer"),
        (("adjust", "POLICY", "URL", "moth", "1"), "not a pool"),
        (("adjust", "POLICY", "URL", "month", "much"), "AMOUNT"),
        (("adjust", "POLICY", "URL", "user-day", "1"), "partitioned by user"),
    ],
)
def test_what_cannot_be_done_is_misuse(
    arguments: tuple[str, ...], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 2, and words that name what is wrong."""
    policy, url = spent(tmp_path)
    named = [{"POLICY": str(policy), "URL": url}.get(argument, argument) for argument in arguments]
    code, out, err = called(capsys, "pools", *named)
    assert (code, out) == (2, "")
    assert said in err
    assert "Traceback" not in err


def test_balances_are_shown_as_the_next_request_finds_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the policy, grains are summed, buckets are refilled, and a session that is over is left out."""
    pools = [
        {**MONTH, "id": "rolling", "window": {"rolling": "PT2H", "grain": "PT1H"}},
        {**MONTH, "id": "bucket", "window": {"bucket": {"refill": "0.1", "per": "PT1S"}}},
        {**MONTH, "id": "idle", "window": {"idle": "PT30M"}},
    ]
    policy = desk.written(tmp_path, pools=pools)
    url = f"sqlite:///{tmp_path / 'otb.db'}"
    an_hour_ago = time.time_ns() - 3600 * 10**9
    engine = open_engine(policy, store=url, seed="s")
    engine.store = SqliteStore(str(tmp_path / "otb.db"), lambda: an_hour_ago)
    engine.settle(engine.decide({**REQUEST, "id": "a"}), usage={"input": 900, "output": 50})
    engine.close()
    engine = open_engine(policy, store=url, seed="s")
    engine.decide({**REQUEST, "id": "b"})
    engine.close()
    _, raw, _ = called(capsys, "pools", "show", url, "--format", "json")
    assert [each["pool"] for each in json.loads(raw)["balances"]] == ["bucket", "idle", "idle", "rolling"]
    code, out, _ = called(capsys, "pools", "show", url, "--policy", policy, "--format", "json")
    bucket, idle, rolling = json.loads(out)["balances"]
    assert code == 0
    assert (rolling["pool"], rolling["settled"], rolling["reserved"]) == ("rolling", "0.0011", "0.0014")
    assert (idle["pool"], idle["settled"], idle["reserved"]) == ("idle", "0", "0.0014")
    assert (bucket["pool"], bucket["reserved"]) == ("bucket", "0")
    assert Decimal(bucket["settled"]) <= Decimal("0.0014")


def test_what_was_granted_is_taken_away(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A negative amount needs no dashes before it."""
    policy, url = spent(tmp_path)
    code, out, _ = called(
        capsys, "pools", "adjust", policy, url, "user-day", "-0.1", "--partition", "u/1", "--format", "json"
    )
    (balance,) = json.loads(out)["balances"]
    assert (code, balance["granted"]) == (0, "-0.1")
