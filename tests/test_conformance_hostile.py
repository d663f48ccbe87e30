"""The suite and both drivers under bad input: no traceback, no hang, nothing left behind, no wrong verdict."""

from __future__ import annotations

import io
import json
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from driver_programs import STARTED, driver
from nodes import node
from opentokenbudget.documents import schema_problems
from opentokenbudget.driving import serve
from opentokenbudget_conformance.asking import Question
from opentokenbudget_conformance.judging import judge
from opentokenbudget_conformance.program import Program
from opentokenbudget_conformance.visible import visible_lines

ROOT = Path(__file__).parent.parent
SECOND = [node(), str(ROOT / "conformance" / "second" / "main.mjs")]
CASE = "a-tie-is-rounded-to-even"
SKIPS = "answer(message, skipped={'reason': 'no'})"
FORGED = "answer(message, result={'problems': 1})"


def suite(*arguments: str, **more: Any) -> subprocess.CompletedProcess[str]:
    """Return what `otb-conformance` did."""
    command = [sys.executable, "-m", "opentokenbudget_conformance", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, **more)


@pytest.fixture
def stored(tmp_path: Path) -> dict[str, Any]:
    """A report of a router that fails the one case that it was asked."""
    run = ("run", "--program", shlex.join(driver(tmp_path)), "--case", CASE, "--oracle", "none")
    report: dict[str, Any] = json.loads(suite(*run, "--format", "json").stdout)
    assert report["failures"]
    return report


@pytest.mark.parametrize(
    "arguments",
    [
        ("--time-limit", "nan"),
        ("--profile", "telemetry"),
        ("--profile", "cascade", "--case", CASE),
        ("--case", CASE, "--oracle", "/no/such/program"),
        ("--case", CASE, "--disable", f"{CASE}=a\nb"),
        ("--case", CASE, *("--disable", f"{CASE}={'x' * 70_000}") * 2),
        ("--case", CASE, "--env", "A\x1bB=1"),
    ],
)
def test_a_run_that_no_report_could_hold_is_refused(arguments: tuple[str, ...], tmp_path: Path) -> None:
    """What shows nothing, or cannot be written down, is misuse, and never `met`."""
    done = suite("run", "--program", shlex.join(driver(tmp_path)), *arguments)
    assert done.returncode == 2, done.stdout
    assert "Traceback" not in done.stderr


def test_a_named_case_that_fails_is_exit_1(tmp_path: Path) -> None:
    """Also when its profile is not claimed; one that is skipped then is nobody's failure."""
    modest = {**STARTED, "profiles": []}
    run = ("run", "--case", CASE, "--oracle", "none", "--program")
    assert suite(*run, shlex.join(driver(tmp_path, started=modest))).returncode == 1
    assert suite(*run, shlex.join(driver(tmp_path, SKIPS, started=modest))).returncode == 0


@pytest.mark.parametrize("problems", [{"0": {"code": "boom"}}, "boom", None, 1, [{}]])
def test_problems_of_any_form_are_problems(problems: object) -> None:
    """An answer is not free of problems because its problems are no list."""
    assert judge({"total": "1", "problems": problems}, {"exact": {"/total": "1"}})
    assert not judge({"total": "1", "problems": []}, {"exact": {"/total": "1"}})


def test_the_end_of_standard_error_fits_into_a_report(tmp_path: Path) -> None:
    """However much a program says there, and whatever, the report can be read."""
    step = "sys.stderr.write('\\u202e\\x1b' * 9000); answer(message, errored={'message': 'x'})"
    run = ("run", "--program", shlex.join(driver(tmp_path, step)), "--case", CASE)
    assert suite(*run, "--out", str(tmp_path / "out")).returncode == 1
    assert suite("report", str(tmp_path / "out" / "report.json")).returncode == 0
    assert len(visible_lines("x" * 5000, 100)) == 100


def test_what_is_said_before_the_first_question_is_kept(tmp_path: Path) -> None:
    """A program that ends at once says why, whether it was quicker than the first message or not."""
    with Program(["/bin/sh", "-c", "echo out of luck >&2; exit 3"]) as program:
        (fault,) = program.ask_all([Question("configure")])
    assert "out of luck" in getattr(fault, "stderr", "")


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="only Linux says whose child was whose")
def test_nothing_leaves_its_session_for_good(tmp_path: Path) -> None:
    """A child in a session of its own is found, ended and told."""
    stop = "if os.fork() == 0:\n    os.setsid()\n    time.sleep(600)\nanswer(message)"
    mark = str(tmp_path / "driver.py")
    with Program(driver(tmp_path, stop=stop)) as program:
        program.start()
        fault = program.stop().fault
    assert fault is not None
    assert fault.code == "left-behind"
    alive = [
        file.parent.name
        for file in Path("/proc").glob("[0-9]*/cmdline")
        if mark.encode() in _content(file) and b"python" in _content(file)
    ]
    assert alive == []


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError:
        return b""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("arguments", [("run", "--program"), ("fuzz", "--jobs", "2", "--against")])
def test_a_signal_leaves_nothing_behind(
    arguments: tuple[str, ...], number: signal.Signals, tmp_path: Path
) -> None:
    """Whoever ends the suite ends its programs, and their folders go."""
    started, folders = tmp_path / "started", tmp_path / "folders"
    folders.mkdir()
    os.mkfifo(started)
    step = f"open({str(started)!r}, 'w').write(str(os.getpid()) + '\\n')\ntime.sleep(600)"
    command = [sys.executable, "-m", "opentokenbudget_conformance", *arguments]
    environment = {**os.environ, "TMPDIR": str(folders)}
    with subprocess.Popen(
        [*command, shlex.join(driver(tmp_path, step))],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
        # Whoever runs these tests in the background may have had it ignored.
        preexec_fn=lambda: signal.signal(number, signal.SIG_DFL),
    ) as running:
        asked = int(started.read_text().split()[0])
        running.send_signal(number)
        _, told = running.communicate(timeout=60)
    assert running.returncode == 128 + number
    assert told == "stopped\n"
    assert list(folders.iterdir()) == []
    with pytest.raises(ProcessLookupError):
        os.kill(asked, 0)


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-", "<&- >&- 2>&-"])
def test_closed_streams_change_no_exit_code(closed: str) -> None:
    """Without anywhere to write there is still a verdict."""
    words = shlex.join([sys.executable, "-m", "opentokenbudget_conformance", "explain", "OTB-DOC-001"])
    done = subprocess.run(["/bin/sh", "-c", f"{words} {closed}"], capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("list",), 0),
        (("list", "--format", "json"), 0),
        (("explain", "OTB-DOC-001"), 0),
        (("smoke",), 1),
        (("run", "--case", CASE, "--oracle", "none"), 1),
    ],
)
def test_a_reader_that_has_gone_changes_no_verdict(
    arguments: tuple[str, ...], code: int, tmp_path: Path
) -> None:
    """After `| head` a command ends quietly, with the exit code that it would have had."""
    if arguments[0] in ("run", "smoke"):
        arguments = (*arguments, "--program", shlex.join(driver(tmp_path)))
    command = [sys.executable, "-m", "opentokenbudget_conformance", *arguments]
    gone, end = os.pipe()
    os.close(gone)
    done = subprocess.run(command, stdout=end, stderr=subprocess.PIPE, text=True, check=False)
    os.close(end)
    assert done.returncode == code
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr
    assert done.stderr.count("\n") <= 1


def test_what_a_terminal_cannot_show_is_escaped() -> None:
    """The encoding of standard output ends nothing."""
    done = suite("list", env={**os.environ, "PYTHONIOENCODING": "latin-1"}, encoding="latin-1")
    assert done.returncode == 0
    assert "\\u2" in done.stdout


def _met(report: dict[str, Any]) -> None:
    next(row for row in report["profiles"] if row["id"] == "pricing")["met"] = True


def _newer(report: dict[str, Any]) -> None:
    report["otb"] = "2.0"


def _without_failures(report: dict[str, Any]) -> None:
    report["failures"] = []


def _twice(report: dict[str, Any]) -> None:
    report["profiles"] *= 2


def _fewer(report: dict[str, Any]) -> None:
    report["cases"] = []


def _acting_key(report: dict[str, Any]) -> None:
    report["\x1b[31m\nmet"] = 1


@pytest.mark.parametrize("change", [_met, _newer, _without_failures, _twice, _fewer, _acting_key])
def test_a_report_that_contradicts_itself_is_refused(
    change: Any, stored: dict[str, Any], tmp_path: Path
) -> None:
    """A verdict that its own numbers do not bear out is not shown; nor is what this reader does not know."""
    change(stored)
    file = tmp_path / "report.json"
    file.write_text(json.dumps(stored))
    for form in ("text", "badge"):
        done = suite("report", str(file), "--format", form)
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.replace("\n", "").isprintable()


def test_nothing_in_a_stored_report_acts_on_a_terminal(stored: dict[str, Any], tmp_path: Path) -> None:
    """A carriage return, or a line of its own, could write another verdict over the one that stands there."""
    stored["failures"][0]["title"] = "one\rtwo\n  pricing      met"
    assert schema_problems(stored, "report") == ()
    file = tmp_path / "report.json"
    file.write_text(json.dumps(stored))
    text = suite("report", str(file)).stdout
    assert "one\\rtwo\\n  pricing      met" in text


def test_a_report_without_an_end_is_refused() -> None:
    """Only as much is read as a document may hold."""
    assert suite("report", "/dev/zero").returncode == 1


@pytest.mark.parametrize(
    ("one", "other", "more", "code", "said"),
    [
        (SKIPS, SKIPS, (), 2, "nothing was compared"),
        (FORGED, "answer(message)", (), 1, ""),
        ("answer(message, result={'problems': [1]})", "answer(message)", (), 1, ""),
        (FORGED, "answer(message)", ("new.yaml", "OTB-DOC-001"), 2, "which are no problems"),
        (
            "answer(message, result=1)",
            "answer(message)",
            ("new.yaml", "OTB-DOC-001"),
            2,
            "which is no mapping",
        ),
        ("answer(message)", "answer(message, result=1)", ("new.yaml", "nonsense"), 2, "/requirements/0"),
        ("answer(message)", "answer(message, result=1)", ("a b.yaml", "OTB-DOC-001"), 2, "/id"),
        ("answer(message)", "answer(message, result=1)", ("new.txt", "OTB-DOC-001"), 2, "no name of a case"),
        ("answer(message)", "answer(message, result=1)", ("no/new.yaml", "OTB-DOC-001"), 2, "no folder"),
        ("answer(message)", "answer(message, result=1)", ("there.yaml", "OTB-DOC-001"), 2, "there already"),
    ],
)
def test_fuzzing_survives_what_it_is_answered(
    one: str, other: str, more: tuple[str, ...], code: int, said: str, tmp_path: Path
) -> None:
    """Whatever two programs answer is compared or refused in words; nothing that is there is written over."""
    programs = []
    for name, step in (("one", one), ("other", other)):
        (tmp_path / name).mkdir()
        programs.append(shlex.join(driver(tmp_path / name, step)))
    there = tmp_path / "there.yaml"
    there.write_text("precious")
    options = ["--program", programs[0], "--against", programs[1], "--sequences", "3", "--jobs", "1"]
    if more:
        options += ["--promote", str(tmp_path / more[0]), "--requirement", more[1]]
        options += ["--right", "program", "--title", "A rule"]
    done = suite("fuzz", *options)
    assert done.returncode == code, done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert there.read_text() == "precious"
    assert not (tmp_path / "new.yaml").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ("--sequences", "1" + "0" * 24),
        ("--jobs", "1" + "0" * 12),
        ("--seed", "\x1b[31m"),
        ("--seed", ""),
        ("--program", "/no/such/program"),
    ],
)
def test_misuse_of_fuzzing_is_exit_2_in_words(arguments: tuple[str, ...]) -> None:
    """Numbers that no machine counts to, and programs that there are not, are refused before anything runs."""
    done = suite("fuzz", "--against", "true", *arguments)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


LINES: Mapping[str, tuple[bytes, object, str]] = {
    "empty": (b"", None, "errored"),
    "blank": (b" \t", None, "errored"),
    "no mapping": (b"[]", None, "errored"),
    "no id": (b'{"command":"reset"}', None, "errored"),
    "no command": (b'{"id":7}', None, "errored"),
    "unknown command": (b'{"id":7,"command":"nope"}', 7, "errored"),
    "a fraction as id": (b'{"id":1.5,"command":"reset"}', None, "errored"),
    "an infinite id": (b'{"id":1e400,"command":"reset"}', None, "errored"),
    "no number as id": (b'{"id":NaN,"command":"reset"}', None, "errored"),
    "a truth as id": (b'{"id":true,"command":"reset"}', None, "errored"),
    "a list as id": (b'{"id":[1],"command":"reset"}', None, "errored"),
    "text as id": (b'{"id":"x","command":"reset"}', "x", "result"),
    "half a pair as id": (b'{"id":"\\ud800","command":"reset"}', "\ud800", "result"),
    "no UTF-8": (b'{"id":7,"command":"reset","x":"\xff"}', None, "errored"),
    "a surrogate in UTF-8": (b'{"id":7,"command":"reset","x":"\xed\xa0\x80"}', None, "errored"),
    "UTF-16": ('{"id":7,"command":"reset"}'.encode("utf-16-le"), None, "errored"),
    "a byte order mark": (b'\xef\xbb\xbf{"id":7,"command":"reset"}', None, "errored"),
    "a carriage return": (b'{"id":7,"command":"reset"}\r', 7, "result"),
    "no end": (b'{"id":7,"command":"reset"', None, "errored"),
    "depth": (b"[" * 100_000, None, "errored"),
    "no op": (b'{"id":7,"command":"step"}', 7, "errored"),
    "an op that is a list": (b'{"id":7,"command":"step","op":[1]}', 7, "errored"),
    "an op of nobody": (b'{"id":7,"command":"step","op":"__proto__"}', 7, "skipped"),
    "args that are null": (b'{"id":7,"command":"step","op":"price","args":null}', 7, "errored"),
    "given that is null": (b'{"id":7,"command":"configure","given":null}', 7, "errored"),
    "given that is a list": (b'{"id":7,"command":"configure","given":[]}', 7, "errored"),
}


@pytest.mark.parametrize("program", ["reference", "second"])
def test_lines_that_are_no_messages_are_answered(program: str) -> None:
    """Each line has one answer, in JSON, with the id null where it is no message, and the next is read.

    Source: spec/90-conformance.md OTB-CONF-001, OTB-CONF-007.
    """
    raw = b"\n".join(line for line, _, _ in LINES.values()) + b'\n{"command":"stop","id":"end"}'
    if program == "second":
        said = subprocess.run(SECOND, input=raw, capture_output=True, check=True).stdout
    else:
        answers, faults = io.BytesIO(), io.StringIO()
        serve(io.BytesIO(raw), answers, faults)
        said = answers.getvalue()
        assert "Traceback" not in faults.getvalue()
    found = [json.loads(line, parse_constant=pytest.fail) for line in said.splitlines()]
    assert found.pop() == {"id": "end", "result": {}}
    told = {name: (answer["id"], [*answer][-1]) for name, answer in zip(LINES, found, strict=True)}
    assert told == {name: (id_, kind) for name, (_, id_, kind) in LINES.items()}


def test_a_step_that_fails_is_told_in_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it failed is told to who asks for it alone."""
    line = b'{"command":"step","id":1,"op":"parse","args":{"text":1}}\n'
    told = []
    for wish in ("", "1"):
        monkeypatch.setenv("OTB_DEBUG", wish)
        faults = io.StringIO()
        serve(io.BytesIO(line), io.BytesIO(), faults)
        told.append(faults.getvalue())
    assert told[0].count("\n") == 1
    assert "Traceback" in told[1]
