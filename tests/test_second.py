"""The second implementation: written from the text, judged by the same cases, asked the same as the reference."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from nodes import node
from opentokenbudget_conformance import load_cases
from opentokenbudget_conformance.asking import Fault, Result
from opentokenbudget_conformance.fuzzing.campaign import Programs, run_campaign
from opentokenbudget_conformance.fuzzing.comparing import answers_to
from opentokenbudget_conformance.fuzzing.laws import LAWS, Law
from opentokenbudget_conformance.fuzzing.sequences import sequence
from opentokenbudget_conformance.program import REFERENCE, Program
from opentokenbudget_conformance.running import CaseResult, run_cases

ROOT = Path(__file__).parent.parent
SECOND = ROOT / "conformance" / "second"
COMMAND = (node(), str(SECOND / "main.mjs"))
CONFINED = (
    node(),
    "--permission",
    f"--allow-fs-read={SECOND}/",
    f"--allow-fs-read={ROOT / 'schemas'}/",
    str(SECOND / "main.mjs"),
)
EVIDENCE = ROOT / "docs" / "evidence"


@pytest.fixture(scope="module", params=["second", "reference"])
def judged(request: pytest.FixtureRequest) -> list[CaseResult]:
    """What both programs make of the cases of the profiles that they claim; the second one confined."""
    command = CONFINED if request.param == "second" else REFERENCE
    with Program(command) as program:
        claims = program.start()
        assert not isinstance(claims, Fault), claims
        cases = [case for case in load_cases() if case.profile in claims.profiles]
        asked = [case for case in cases if set(case.features) <= set(claims.features)]
        return list(run_cases(asked, program))


def test_every_case_of_its_profiles_is_passed(judged: list[CaseResult]) -> None:
    """Both implementations pass every case of their profiles over the protocol.

    The second one may read nothing but itself and the schemas then, and start no process.
    """
    assert [str(result) for result in judged if not result.passed] == []
    assert len(judged) > 500


def test_a_case_is_stable_when_both_pass_it() -> None:
    """Cases of the profiles that the second implementation claims are `stable`, but for those of features."""
    with Program(COMMAND) as program:
        claims = program.start()
    assert not isinstance(claims, Fault)
    both = {case.id for case in load_cases() if case.profile in claims.profiles and not case.features}
    assert {case.id for case in load_cases() if case.stability == "stable"} == both


def test_what_the_second_may_not_read_it_cannot() -> None:
    """Under the same confinement a program that opens a case or starts another one fails."""
    case = ROOT / "conformance" / "cases" / load_cases()[0].path
    for line in ("readFileSync(process.argv[1])", "execFileSync(process.execPath)"):
        text = f"import {{readFileSync}} from 'fs'; import {{execFileSync}} from 'child_process'; {line}"
        script = ["--input-type=module", "-e", text, "--", str(case)]
        ended = subprocess.run([*CONFINED[:-1], *script], capture_output=True, text=True, check=False)
        assert "ERR_ACCESS_DENIED" in ended.stderr


def test_both_answer_generated_questions_alike() -> None:
    """Five thousand sequences are answered by both with the same bytes."""
    programs = Programs(REFERENCE, COMMAND)
    chunks = list(run_campaign(programs, seed="otb", numbers=range(5000), jobs=2, most=1))
    assert [chunk.fault for chunk in chunks if chunk.fault] == []
    assert [(found.number, found.sequence) for chunk in chunks for found in chunk.found] == []
    assert sum(len(chunk.numbers) for chunk in chunks) == 5000


@pytest.fixture(scope="module")
def program() -> Iterator[Program]:
    """The second implementation."""
    with Program(COMMAND) as running:
        yield running


@pytest.mark.parametrize("law", LAWS, ids=[law.requirement for law in LAWS])
def test_the_laws_hold(law: Law, program: Program) -> None:
    """The metamorphic laws hold of the second implementation too."""
    asked = 0
    for number in range(300):
        pair = law.pair(sequence("laws", number))
        if pair is not None:
            one, other = ([_value(answer) for answer in answers_to(side, program)] for side in pair)
            assert law.holds(one, other), number
            asked += 1
    assert asked >= 20


def test_every_question_has_its_answer() -> None:
    """Each row of QUESTIONS.md says where the text answers it now, and a requirement that it names exists."""
    rows = [
        line.split(" | ")
        for line in (SECOND / "QUESTIONS.md").read_text(encoding="utf-8").splitlines()
        if re.match(r"\| [A-Z]?[0-9]+ ", line)
    ]
    known = {
        row["id"] for row in json.loads((ROOT / "spec" / "requirements.json").read_text())["requirements"]
    }
    assert len(rows) >= 80
    for row in rows:
        assert len(row) >= 5, row
        assert row[4].strip(" |"), row
        assert set(re.findall(r"OTB-[A-Z]+-[0-9]{3}", row[4])) <= known


def test_it_has_no_dependency() -> None:
    """The second implementation imports its own files and Node's own modules alone, and no process starter."""
    for file in SECOND.rglob("*.mjs"):
        for name in re.findall(r"from '([^']+)'|import\('([^']+)'\)", file.read_text(encoding="utf-8")):
            module = "".join(name)
            assert module.startswith((".", "node:")), f"{file.name}: {module}"
            assert module not in ("node:child_process", "node:worker_threads", "node:cluster"), file.name
    assert not (SECOND / "package.json").exists()


@pytest.mark.evidence("second")
def test_a_tracer_sees_no_case_and_no_python(tmp_path: Path) -> None:
    """Under strace, while it answers all cases, the second implementation opens no case and starts no Python."""
    if shutil.which("strace") is None:
        pytest.skip("strace is not at hand")
    traces = tmp_path / "trace"
    command = ("strace", "-f", "-e", "trace=open,openat,openat2,execve", "-o", str(traces), *COMMAND)
    with Program(command) as program:
        results = run_cases(load_cases(), program)
        program.stop()
    calls = traces.read_text(encoding="utf-8", errors="replace").splitlines()
    opened = {path for line in calls for path in re.findall(r'open(?:at2?)?\([^"]*"([^"]+)"', line)}
    started = [path for line in calls for path in re.findall(r'execve\("([^"]+)"', line)]
    ours = {path for path in opened if path.startswith(str(ROOT)) and path.endswith((".mjs", ".json"))}
    assert sum(result.passed for result in results) > 500
    assert [path for path in opened if "/cases/" in path] == []
    assert [path for path in opened | set(started) if "python" in path and str(ROOT) not in node()] == []
    assert started == [node()]
    assert all(
        path.startswith((str(SECOND), str(ROOT / "schemas")))
        for path in ours
        if path.endswith((".mjs", ".json"))
    )
    figures = {
        "cases_asked": len(results),
        "cases_passed": sum(result.passed for result in results),
        "files_of_the_repository_opened": len(ours),
        "cases_opened": 0,
        "programs_started": len(started),
    }
    (EVIDENCE / "second.json").write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


@pytest.mark.evidence("fuzz")
def test_half_a_million_sequences_agree() -> None:
    """Five hundred thousand sequences are answered by both with the same bytes."""
    programs = Programs(REFERENCE, COMMAND)
    found, asked, failed = [], 0, []
    for chunk in run_campaign(programs, seed="evidence", numbers=range(500_000), jobs=2, most=1):
        asked += len(chunk.numbers)
        found += [difference.number for difference in chunk.found]
        failed += [chunk.fault.message] if chunk.fault else []
    figures = {"seed": "evidence", "sequences": asked, "differences": len(found), "faults": len(failed)}
    (EVIDENCE / "fuzz.json").write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    assert not failed
    assert not found


def _value(answer: object) -> dict[str, object]:
    assert isinstance(answer, Result), answer
    value: dict[str, object] = answer.value
    return value
