"""Programs under test: whatever they do is a result, nothing of them is left, and the next case is asked afresh."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

import pytest

from driver_programs import STARTED, driver
from opentokenbudget_conformance.answers import DEEPEST, read_answer
from opentokenbudget_conformance.asking import FAULTS, Fault, Question, Result, Skipped
from opentokenbudget_conformance.cases import Case, Step
from opentokenbudget_conformance.claims import Claims
from opentokenbudget_conformance.launching import Limits
from opentokenbudget_conformance.program import Faulted, Program
from opentokenbudget_conformance.running import run_cases

QUICK = Limits(answer_s=0.5, start_s=10.0, line_bytes=100_000)
ASK = [Question("configure"), Question("step", {}, "price")]


@pytest.fixture(autouse=True)
def fresh_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Programs' folders lie in one that is empty before and after."""
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield folder
    assert list(folder.iterdir()) == []


def fault_of(command: list[str], limits: Limits = QUICK) -> Fault:
    """Return what the program did instead of answering a step."""
    with Program(command, limits=limits) as program:
        fault = program.ask_all(ASK)[-1]
    assert isinstance(fault, Fault)
    assert fault.code in FAULTS
    return fault


def is_gone(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return True
    return state in "ZX"


LIES = {
    "wrong-id": "answer({'id': 99})",
    "bad-answer": "answer(message, result={}, skipped={'reason': 'x'})",
    "not-json": "print('calculating ...', flush=True)",
    "ended": "sys.stderr.write('segfault'); sys.exit(7)",
    "timed-out": "time.sleep(60)",
    "too-long": "sys.stdout.write('x' * 10_000_000); sys.stdout.flush()",
    "too-deep": "answer(message, result=json.loads('[' * 200 + ']' * 200))",
    "closed-output": "os.close(1); time.sleep(60)",
    "answered-errored": "answer(message, errored={'message': 'out of luck'})",
}


@pytest.mark.parametrize("code", LIES)
def test_what_is_no_answer_is_a_fault(code: str, tmp_path: Path) -> None:
    """Each way not to answer has its code, and a sentence."""
    fault = fault_of(driver(tmp_path, LIES[code]))
    assert fault.code == code
    assert fault.message


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"null",
        b'{"id": 1, "result": NaN}',
        b'{"id": 1, "result": 1.5}',
        b'{"id": 1, "result": {"a": 1, "a": 2}}',
        b'{"id": 1, "id": 1, "result": 1}',
        b'{"id": 1, "result": "\xff"}',
        b'{"id": 1, "result": 1' + b"0" * 5000 + b"}",
        b'{"id": true, "result": 1}',
        b'{"id": "1", "result": 1}',
        b'{"result": 1}',
        b'{"id": 1}',
        b'{"id": 1, "result": 1, "errored": {"message": ""}}',
        b'{"id": 1, "result": 1, "note": 1}',
        b'{"id": 1, "skipped": "no"}',
        b'{"id": 1, "skipped": {"reason": 1}}',
        b'{"id": 1, "result": ' + b"[" * 5000 + b"]" * 5000 + b"}",
        b'{"id": 1, "result": 1} {"id": 2, "result": 1}',
        b'\xef\xbb\xbf{"id": 1, "result": 1}',
    ],
)
def test_a_line_is_strict_json_of_the_protocol(line: bytes) -> None:
    """No fraction, no NaN, no key twice, no other id, nothing but one of the three answers."""
    answer = read_answer(line, 1)
    assert isinstance(answer, Fault)
    assert answer.message.isprintable()
    assert len(answer.message) < 1000


def test_an_answer_is_read_as_it_stands() -> None:
    """Order, escapes and brackets in texts are no matter, and what is deep enough is still read."""
    assert read_answer(b'{"result":{"a":[1,"\\u00e9"]},"id":1}', 1) == Result({"a": [1, "é"]})
    assert read_answer(b'{"id":1,"result":"' + b"[" * 500 + b'\\""}', 1) == Result("[" * 500 + '"')
    deep = b"[" * (DEEPEST - 1) + b"]" * (DEEPEST - 1)
    assert isinstance(read_answer(b'{"id":1,"result":' + deep + b"}", 1), Result)
    assert read_answer(b'{"id":1,"skipped":{"reason":"not\\u001b[0m here"}}', 1) == Skipped(
        "not\\u001b[0m here"
    )


def test_a_fault_shows_the_end_of_standard_error(tmp_path: Path) -> None:
    """What the program said last is in the fault, without what acts on a terminal, and not without end."""
    noisy = "sys.stderr.write('x' * 1_000_000 + '\\x1b[31mlast words\\n' + os.environ['HOME'])\nsys.exit(3)"
    fault = fault_of(driver(tmp_path, noisy))
    assert fault.message == "it ended with the exit code 3 while an answer was expected"
    assert fault.stderr.endswith("x\\u001b[31mlast words\n$HOME")
    assert len(fault.stderr) <= QUICK.stderr_bytes + 1


def test_a_signal_is_named(tmp_path: Path) -> None:
    """A crash says by which signal."""
    assert "SIGABRT" in fault_of(driver(tmp_path, "os.abort()")).message


def test_memory_is_limited(tmp_path: Path) -> None:
    """A program that takes too much gets no more, and answers or ends as it may."""
    hog = "held = b'x' * (1 << 30); answer(message)"
    fault = fault_of(driver(tmp_path, hog), Limits(answer_s=10.0, memory_mib=200))
    assert fault.code == "ended"
    assert "MemoryError" in fault.stderr


def test_a_flood_of_errors_changes_nothing(tmp_path: Path) -> None:
    """Who answers may say on standard error what it wants."""
    loud = "sys.stderr.write('noise ' * 1_000_000); answer(message, result=1)"
    with Program(driver(tmp_path, loud), limits=QUICK) as program:
        assert program.ask_all(ASK) == [Result({}), Result(1)]


def test_large_messages_go_both_ways_at_once(tmp_path: Path) -> None:
    """Nobody waits for the other while megabytes are under way in both directions."""
    echo = "answer(message, result=message['args'])"
    args = {"text": "x" * 2_000_000}
    with Program(driver(tmp_path, echo)) as program:
        answers = program.ask_all([Question("step", args, "price")] * 5)
    assert answers == [Result(args)] * 5


def test_a_document_keeps_its_order(tmp_path: Path) -> None:
    """The keys of a message are sorted, those of the documents in it are not: problems come in document order."""
    echo = "answer(message, result=line)"
    with Program(driver(tmp_path, echo)) as program:
        answer = program.step("price", {"b": 1, "a": {"d": "é", "c": 2}})
    assert answer == '{"args":{"b":1,"a":{"d":"\\u00e9","c":2}},"command":"step","id":2,"op":"price"}\n'


def test_the_environment_is_clean(
    tmp_path: Path, fresh_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A program sees PATH, a home of its own, a language, a zone, and what is let through; nothing else of ours."""
    monkeypatch.setenv("OTB_SECRET", "1")
    show = "answer(message, result=dict(os.environ, CWD=os.getcwd()))"
    with Program(driver(tmp_path, show), environment={"GIVEN": "2"}) as program:
        seen = program.step("price", {})
    home = seen.pop("HOME")
    assert Path(home).parent == fresh_folder
    shell = {name: seen.pop(name) for name in ("PWD", "OLDPWD", "SHLVL", "_", "LC_CTYPE") if name in seen}
    assert "OTB_SECRET" not in shell
    assert seen == {
        "CWD": os.getcwd(),
        "GIVEN": "2",
        "LANG": "C.UTF-8",
        "PATH": os.environ["PATH"],
        "TMPDIR": home,
        "TZ": "UTC",
    }


@pytest.mark.parametrize("inside", ["", "os.chmod(os.environ['HOME'], 0)"])
def test_children_and_folders_go_with_a_program(inside: str, tmp_path: Path) -> None:
    """A child that holds our pipes open, deaf to SIGTERM, is ended with the program that left it."""
    leave = (
        "pid = os.fork()\n"
        "if not pid:\n    signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60); os._exit(0)\n"
        f"os.makedirs(os.environ['HOME'] + '/a/b'); {inside or 'pass'}\n"
        "sys.stderr.write(str(pid)); sys.stderr.flush(); os._exit(1)"
    )
    fault = fault_of(driver(tmp_path, leave))
    assert fault.code == "ended"
    assert is_gone(int(fault.stderr))


@pytest.mark.parametrize(
    ("stop", "after", "code", "exit_code"),
    [
        ("answer(message)", "", None, 0),
        ("answer(message)", "sys.exit(3)", "bad-exit", 3),
        ("answer(message)", "os.kill(os.getpid(), 9)", "bad-exit", -9),
        ("answer(message)", "signal.signal(15, signal.SIG_IGN); time.sleep(60)", "not-ended", None),
        ("answer(message)", "os.fork() or time.sleep(60)", "left-behind", 0),
        ("answer(message)", "print('bye')", "unasked", 0),
        ("pass", "", "ended", None),
        ("time.sleep(60)", "", "timed-out", None),
        ("answer(message, skipped={'reason': 'x'})", "", "bad-answer", None),
    ],
)
def test_an_end_is_reported(
    stop: str, after: str, code: str | None, exit_code: int | None, tmp_path: Path
) -> None:
    """`stop` is answered, then the program ends with the exit code 0, and alone; anything else is said."""
    with Program(driver(tmp_path, stop=stop, after=after), limits=QUICK) as program:
        program.ask_all(ASK)
        ending = program.stop()
    assert (ending.fault and ending.fault.code, ending.exit_code) == (code, exit_code)


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (["/no/such/program"], "not-started"),
        (["true"], "not-started"),
        (["cat"], "bad-answer"),
        (["yes"], "not-json"),
        (["\0"], "not-started"),
    ],
)
def test_what_is_no_driver_cannot_be_started(command: list[str], code: str) -> None:
    """A program that is missing, ends, repeats or babbles is told from a driver before any case."""
    with Program(command, limits=QUICK) as program:
        started = program.start()
        assert isinstance(started, Fault)
        assert started.code == code
        assert program.ask_all(ASK)[0] == started._replace(stderr=program.ask_all(ASK)[0].stderr)


@pytest.mark.parametrize(
    "change",
    [
        {"protocol": "2.0"},
        {"protocol": None},
        {"implementation": "small"},
        {"implementation": {"name": "small"}},
        {"implementation": {"name": "small", "version": "main"}},
        {"implementation": {"name": "sm\nall", "version": "1"}},
        {"implementation": {"name": "", "version": "1"}},
        {"implementation": {"name": "small", "version": "1" * 200}},
        {"implementation": {"name": "small", "version": "1", "language": 1}},
        {"profiles": None},
        {"profiles": ["haggling"]},
        {"features": [1]},
        {"features": ["telepathy"]},
    ],
)
def test_claims_are_well_formed(change: dict[str, Any], tmp_path: Path) -> None:
    """The answer to `start` names protocol, implementation, its version, and profiles that there are."""
    with Program(driver(tmp_path, started={**STARTED, **change})) as program:
        started = program.start()
    assert isinstance(started, Fault)
    assert started.code == "bad-start"


def test_claims_are_in_the_order_of_the_suite(tmp_path: Path) -> None:
    """What is claimed is read once, whatever order it is named in."""
    claimed = {**STARTED, "profiles": ["value", "pricing", "value"]}
    with Program(driver(tmp_path, started=claimed)) as program:
        claims = program.start()
    assert isinstance(claims, Claims)
    assert claims.profiles == ("pricing", "value")


def test_a_single_question_raises_what_it_is_not_answered_with(tmp_path: Path) -> None:
    """Asked one by one, a program raises what it skips, and what it does instead."""
    body = "answer(message, skipped={'reason': 'never'}) if op == 'price' else sys.exit(1)"
    with Program(driver(tmp_path, body)) as program:
        program.configure({})
        program.reset()
        with pytest.raises(NotImplementedError, match="never"):
            program.step("price", {})
        with pytest.raises(Faulted, match="ended"):
            program.step("weigh", {})


def case(id_: str, op: str = "price", **given: Any) -> Case:
    step = Step(op, {"case": id_}, {"result": {}})
    return Case(id_, id_, ("OTB-A-001",), "positive", "pricing", (), "draft", given, (step, step), f"a/{id_}")


def test_after_a_fault_the_next_case_is_asked_of_a_fresh_process(tmp_path: Path) -> None:
    """A case that kills the program harms no other."""
    body = "sys.exit(1) if message['args']['case'] == 'b' else answer(message)"
    with Program(driver(tmp_path, body), limits=QUICK) as program:
        results = run_cases([case("a"), case("b"), case("c")], program)
    assert [result.result for result in results] == ["passed", "errored", "passed"]


@pytest.mark.parametrize("seed", ["1", "2", "3", "4"])
@pytest.mark.parametrize(
    ("late", "code"),
    [
        ("print('late', flush=True)", "unasked"),
        ("answer(message)", "unasked"),
        ("os._exit(1)", "ended"),
        ("os.close(1); time.sleep(60)", "closed-output"),
    ],
)
def test_what_comes_late_is_held_against_the_case_that_it_is_of(
    late: str, code: str, seed: str, tmp_path: Path
) -> None:
    """After the last answer of a case nothing is said, whether it is heard before or after the next begins."""
    body = (
        "answer(message); told = told + 1 if message['args']['case'] == 'b' else 0\n"
        f"if told == 2:\n    {late}"
    )
    command = driver(tmp_path, body, before="told = 0")
    with Program(command, limits=QUICK) as program:
        results = run_cases([case("a"), case("b"), case("c")], program, seed=seed)
    assert [result.result for result in results] == ["passed", "errored", "passed"]
    fault = results[1].fault
    assert fault is not None
    assert fault.code == code
    assert fault.message.startswith("after the last answer of this case: ")


def test_a_program_that_never_answers_is_not_asked_for_ever(tmp_path: Path) -> None:
    """After ten time-outs in a row the rest is errored unasked, and no case waits for it."""
    limits = Limits(answer_s=0.02, start_s=10.0)
    deaf = driver(
        tmp_path,
        before="for line in sys.stdin:\n    answer(json.loads(line), result=STARTED); time.sleep(60)",
    )
    with Program(deaf, limits=limits) as program:
        results = run_cases([case(f"c{number:02}") for number in range(14)], program)
    assert {result.fault and result.fault.code for result in results} == {"timed-out"}
    assert sum("not asked" in str(result.fault) for result in results) == 4


def test_a_case_with_the_same_documents_is_begun_with_reset(tmp_path: Path) -> None:
    """Who holds the documents of a case already is told to reset, everyone else to configure."""
    log = "open(os.environ['LOG'], 'a').write(json.loads(line)['command'] + ' ')"
    command = driver(tmp_path, before=f"lines, sys.stdin = sys.stdin, ({log} and line for line in sys.stdin)")
    log_file = tmp_path / "log"
    with Program(command, environment={"LOG": str(log_file)}) as program:
        run_cases([case("a", seed="x"), case("b", seed="x"), case("c", seed="x")], program)
    assert log_file.read_text() == "start configure step step reset step step reset step step configure "
