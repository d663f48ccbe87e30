"""Dynamic allocation: limits that are proposed from what partitions made of their money."""

from __future__ import annotations

import json
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opentokenbudget.amounts import PICO
from opentokenbudget.cli import otb, run
from opentokenbudget.documents import CAPS
from opentokenbudget.reporting import Share, plan_limits, read_outcomes, read_shares
from opentokenbudget.reporting.planning import WHOLE

STEP = PICO // 4
AMOUNTS = st.integers(0, 10**18)
SHARES = st.dictionaries(
    st.tuples(st.text(max_size=3)), st.builds(Share, AMOUNTS, AMOUNTS, AMOUNTS, st.integers(0, 9)), min_size=1
)


def attempt(id_: str, key: str, settled: str, **more: Any) -> dict[str, Any]:
    """Return the record of an attempt that was charged to one partition of the pool `team`."""
    entry = {"pool": "team", "partition": [key], "measure": "cost", "reserved": "9", "settled": settled}
    return {
        "otb": "1.0",
        "record": "attempt",
        "id": id_,
        "at": "2026-11-23T12:00:00Z",
        "decision": "0" * 32,
        "number": 1,
        "kind": "primary",
        "models": {"routed": "a/b"},
        "usage_source": "unknown",
        "exactness": "unknown",
        "reservation": {"id": f"{id_}#1", "status": "settled", "entries": [entry]},
        "outcome": {"status": "ok"},
        **more,
    }


@given(SHARES, st.integers(0, 10**20), st.integers(0, PICO))
def test_the_proposals_are_the_budget(shares: dict[tuple[str], Share], budget: int, step: int) -> None:
    """To the last 10⁻¹², nobody below 0; where nobody asked for anything, nothing is divided."""
    limits = [each.limit for each in plan_limits(shares, budget, step).proposals]
    assert sum(limits) in (budget, 0)
    if step < PICO and any(share.spent or share.refused for share in shares.values()):
        assert sum(limits) == budget
    assert min(limits) >= 0
    assert len(limits) == len(shares)


def test_who_made_more_of_it_is_proposed_more() -> None:
    """Two that spent the same: twice the value is a quarter more, half of it a quarter less, before both are scaled."""
    shares = {("a",): Share(spent=PICO, value=4 * PICO), ("b",): Share(spent=PICO, value=PICO)}
    first, second = plan_limits(shares, 2 * PICO, STEP).proposals
    assert (first.key, second.key) == (("a",), ("b",))
    assert (first.limit, second.limit) == (1_250_000_000_000, 750_000_000_000)


@given(SHARES, st.integers(0, 10**20), st.sampled_from(sorted(WHOLE)))
def test_what_is_counted_is_proposed_in_whole(
    shares: dict[tuple[str], Share], budget: int, measure: str
) -> None:
    """Requests, tokens and calls at once are proposed in whole ones: all of the budget, but for a broken rest."""
    for share in shares.values():
        share.measure = measure
    found = plan_limits(shares, budget, STEP)
    limits = [each.limit for each in found.proposals]
    assert found.measure == measure
    assert all(limit % PICO == 0 for limit in limits)
    asked = any(share.spent or share.refused for share in shares.values())
    assert sum(limits) == (budget - budget % PICO if asked else 0)
    assert all(each.share.spent or each.share.refused for each in found.proposals if each.limit)


def test_a_share_knows_what_its_pool_counts() -> None:
    """The measure is read from what was charged, or from what was refused."""
    denial = {
        "record": "decision",
        "action": "deny",
        "decision": "d",
        "pools": [
            {"pool": "team", "partition": ["b"], "measure": "requests", "reason": "no-room", "bound": "1"}
        ],
    }
    settled = attempt("x", "a", "1")
    settled["reservation"]["entries"][0]["measure"] = "requests"
    shares = read_shares([settled, denial], "team", {})
    assert {key: share.measure for key, share in shares.items()} == {("a",): "requests", ("b",): "requests"}
    assert [each.limit for each in plan_limits(shares, 3 * PICO, STEP).proposals] == [2 * PICO, PICO]


def test_what_was_refused_was_asked_for() -> None:
    """A partition that was turned away is weighed by what it wanted, once for each request."""
    denial = {
        "record": "decision",
        "action": "deny",
        "decision": "d",
        "pools": [
            {"pool": "team", "partition": ["a"], "measure": "cost", "reason": "no-room", "bound": bound}
            for bound in ("3", "2")
        ],
    }
    shares = read_shares([attempt("x", "a", "1"), denial], "team", {})
    assert shares == {("a",): Share(spent=PICO, refused=2 * PICO, value=PICO, attempts=1)}


def test_value_is_what_was_realised() -> None:
    """An outcome that was reported later stands for the weight; a score scales it; a failure is worth nothing."""
    late = {"record": "adjustment", "refers_to": "a", "outcome": {"value": "7"}}
    records = [
        late,
        attempt("a", "k", "1", value="2"),
        attempt("b", "k", "1", value="2", score="0.5"),
        attempt("c", "k", "1", value="2", outcome={"status": "error", "error": "timeout"}),
    ]
    assert read_shares(records, "team", read_outcomes(records))[("k",)].value == 8 * PICO


def test_a_plan_is_printed_with_what_it_assumes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Limits that sum to the budget, and every assumption in words."""
    log = tmp_path / "usage.jsonl"
    log.write_text("".join(json.dumps(attempt(f"r{n}", "ab"[n % 2], str(n + 1))) + "\n" for n in range(6)))
    assert run(otb, ["pools", "plan", str(log), "team", "--budget", "100", "--format", "json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert sum(map(float, (each["limit"] for each in told["limits"]))) == pytest.approx(100)
    assert len(told["assumptions"]) == 4
    assert run(otb, ["pools", "plan", str(log), "team"]) == 0
    assert capsys.readouterr().out.splitlines()[0] == "team: 21 divided"


def test_a_log_is_read_to_its_end(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A mark of byte order, empty lines and a log of more bytes than a document may have change nothing."""
    log = tmp_path / "usage.log"
    lines = [
        "\ufeff",
        json.dumps(attempt("first", "a", "1")),
        "\n \n",
        " " * (15 << 20),
        "\n",
        " " * (15 << 20),
    ]
    lines += ["\n", " " * (4 << 20), "\n", json.dumps(attempt("last", "a", "2")), "\n"]
    log.write_text("".join(lines), encoding="utf-8")
    assert log.stat().st_size > CAPS.size_bytes
    assert run(otb, ["pools", "plan", str(log), "team", "--format", "json"]) == 0
    assert [each["spent"] for each in json.loads(capsys.readouterr().out)["limits"]] == ["3"]


def test_a_long_log_needs_no_more_memory(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Ten times the attempts of one partition take as much memory as before."""
    most = []
    for attempts in (300, 3000):
        log = tmp_path / f"{attempts}.jsonl"
        log.write_text("".join(json.dumps(attempt(f"r{n}", "a", "1")) + "\n" for n in range(attempts)))
        arguments = ["pools", "plan", str(log), "team"]
        assert run(otb, arguments) == 0
        tracemalloc.start()
        assert run(otb, arguments) == 0
        most.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert most[1] < most[0] * 3 // 2
    assert capsys.readouterr().out.count("team: 3000 divided") == 2


@pytest.mark.parametrize(
    ("text", "arguments", "code", "said"),
    [
        ("", (), 1, "no record of the log speaks"),
        ("{\n", (), 1, "usage.jsonl:1:1"),
        ("\n\n" + "[" * 5000 + "]" * 5000, (), 1, "usage.jsonl:3:1 bad-syntax"),
        ("\n" + '{"a":' * 600 + "1" + "}" * 600, (), 1, "usage.jsonl:2:1"),
        ("\n3\n", (), 1, "usage.jsonl:2:1 wrong-type"),
        ('{"record": "attempt"}\n', (), 1, "missing-field"),
        ("", ("--budget", "-1"), 2, "--budget"),
        ("", ("--step", "2"), 2, "--step"),
    ],
)
def test_a_log_that_says_nothing_is_told(
    text: str,
    arguments: tuple[str, ...],
    code: int,
    said: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """What cannot be read has its line, and misuse its option."""
    log = tmp_path / "usage.jsonl"
    log.write_text(text)
    assert run(otb, ["pools", "plan", str(log), "team", *arguments]) == code
    assert said in capsys.readouterr().err
