"""The suite on trial: faulty routers are caught, and every MUST has a change that its own cases notice."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "conformance" / "routers"
sys.path.insert(0, str(FOLDER))

from changing import Change, Faulty, StaleChange, changed_texts, load_mutants, load_routers  # noqa: E402
from faulty import README, SCORE, readme_text  # noqa: E402
from trying import Outcome  # noqa: E402

ROUTERS = load_routers()
MUTANTS = {row.id: row for rows in load_mutants().values() for row in rows}
REQUIREMENTS = json.loads((ROOT / "spec" / "requirements.json").read_text(encoding="utf-8"))["requirements"]
MUSTS = {
    row["id"]: row["page"] for row in REQUIREMENTS if row["level"].startswith("MUST") and row["testable"]
}
EVIDENCE = ROOT / "docs" / "evidence" / "zoo.json"


def _tried(routers: list[str], *options: str) -> dict[str, Outcome]:
    """Return what the suite says of `routers`, by id; in a process of its own, since routers are forks of it."""
    command = [sys.executable, str(FOLDER / "faulty.py"), "--try", "--json", *options, "--", *routers]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert not ended.stderr
    outcomes = [Outcome.from_json(json.loads(line)) for line in ended.stdout.splitlines()]
    return {outcome.id: outcome for outcome in outcomes}


@pytest.fixture(scope="module")
def routers() -> dict[str, Outcome]:
    """The zoo, asked every case."""
    return _tried([router.id for router in ROUTERS])


@pytest.fixture(scope="module")
def mutants() -> dict[str, Outcome]:
    """The mutants, each asked the cases of its own requirement."""
    return _tried(list(MUTANTS), "--own")


@pytest.mark.parametrize("id_", [router.id for router in ROUTERS])
def test_a_faulty_router_is_caught(id_: str, routers: dict[str, Outcome]) -> None:
    """A faulty router fails all that it breaks, and passes at least 80 % of the rest."""
    outcome = routers[id_]
    assert outcome.caught, f"not noticed: {outcome.survived} {outcome.fault}"
    assert outcome.specific, f"too much fails besides: {outcome.failed}"


@pytest.mark.parametrize("id_", MUTANTS)
def test_a_mutant_is_killed(id_: str, mutants: dict[str, Outcome]) -> None:
    """The cases of a requirement notice a change that breaks it."""
    assert mutants[id_].caught, f"{MUTANTS[id_].title}: {mutants[id_].fault or 'its cases pass all the same'}"


@pytest.mark.parametrize("page", sorted(set(MUSTS.values())))
def test_every_must_of_a_page_has_a_mutant(page: str) -> None:
    """Every testable MUST is broken by a mutant or by a router of the zoo, and nothing else is."""
    broken = {name for row in (*ROUTERS, *MUTANTS.values()) for name in row.breaks}
    assert {name for name, where in MUSTS.items() if where == page} - broken == set()
    assert broken - set(MUSTS) == set()


def test_the_score_is_fresh(routers: dict[str, Outcome]) -> None:
    """score.json says what `python conformance/routers/faulty.py --score` would."""
    caught = sum(outcome.caught for outcome in routers.values())
    assert json.loads(SCORE.read_text(encoding="utf-8")) == {"routers": len(ROUTERS), "caught": caught}


def test_the_table_is_fresh() -> None:
    """README.md lists the routers as `python conformance/routers/faulty.py --table` would."""
    text = README.read_text(encoding="utf-8")
    assert text == readme_text(text)


def test_a_change_that_no_longer_applies_is_refused() -> None:
    """A text to be replaced that stands nowhere, or twice, is no change."""
    for old in ("nobody wrote this", "import"):
        change = Change("reference/opentokenbudget/pricing/cost.py", old, "")
        with pytest.raises(StaleChange, match="times in reference"):
            changed_texts(Faulty("stale", "", "", (), (change,)))


def test_a_change_without_a_bug_is_noticed_by_nobody() -> None:
    """What is imported again, and what is not, answers as the reference does."""
    script = """
import json
from changing import Change, Faulty
from trying import try_all

FUTURE = "from __future__ import annotations"
files = ["amounts/decimals", "documents/schemas", "pricing/rates", "routing/deciding"]
same = [
    Faulty(file, "", "", (), (Change(f"reference/opentokenbudget/{file}.py", FUTURE, f"{FUTURE}  # as ever"),))
    for file in files
]
for outcome in try_all(same):
    print(json.dumps(outcome._asdict()))
"""
    command = [sys.executable, "-c", script]
    ended = subprocess.run(command, cwd=FOLDER, capture_output=True, text=True, check=True)
    outcomes = [Outcome.from_json(json.loads(line)) for line in ended.stdout.splitlines()]
    assert len(outcomes) == 4
    assert [(outcome.failed, outcome.fault) for outcome in outcomes] == [((), "")] * 4


def test_a_router_serves_the_protocol() -> None:
    """A faulty router is a program that the suite can ask; this one bills what was cached twice."""
    usage = {"input": 1_000_000, "input.cache_read": 1_000_000}
    catalog = {
        "otb": "1.0",
        "kind": "catalog",
        "id": "c",
        "version": "1.0.0",
        "currency": "USD",
        "models": [
            {"id": "m", "prices": [{"from": None, "rates": {"input": "10", "input.cache_read": "1"}}]}
        ],
    }
    messages = [
        {"command": "configure", "id": 1, "given": {"catalog": catalog}},
        {
            "command": "step",
            "id": 2,
            "op": "price",
            "args": {"model": "m", "usage": usage, "at": "2026-11-23T12:00:00Z"},
        },
        {"command": "stop", "id": 3},
    ]
    ended = subprocess.run(
        [sys.executable, str(FOLDER / "faulty.py"), "cache-priced-twice"],
        input="".join(json.dumps(message) + "\n" for message in messages),
        capture_output=True,
        text=True,
        check=True,
    )
    answers = [json.loads(line) for line in ended.stdout.splitlines()]
    assert answers[1]["result"]["total"] == "11"


@pytest.mark.evidence("zoo")
def test_mutants_are_specific() -> None:
    """Every mutant passes at least 80 % of the other requirements; the figures are written down."""
    outcomes = _tried([*[router.id for router in ROUTERS], *MUTANTS])
    figures = {
        "routers": len(ROUTERS),
        "mutants": len(MUTANTS),
        "caught": sum(outcome.caught for outcome in outcomes.values()),
        "specific": sum(outcome.specific for outcome in outcomes.values()),
        "least_share_percent": min(
            100 * row.passed // (row.passed + len(row.failed)) for row in outcomes.values()
        ),
    }
    EVIDENCE.parent.mkdir(parents=True, exist_ok=True)
    EVIDENCE.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    assert [row.id for row in outcomes.values() if not (row.caught and row.specific)] == []
