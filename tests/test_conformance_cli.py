"""`otb-conformance`: what each command says of good and of bad programs, and with which exit code."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from driver_programs import STARTED, driver
from nodes import node
from opentokenbudget.documents import schema_problems
from opentokenbudget_conformance.reports import FORMS

ROOT = Path(__file__).parent.parent
DRIVERS = ROOT / "conformance" / "drivers"
REFERENCE = shlex.join([sys.executable, "-m", "opentokenbudget", "drive"])


def suite(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Return what `otb-conformance` did."""
    command = [sys.executable, "-m", "opentokenbudget_conformance", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def interpreter(name: str) -> list[str]:
    """Return what runs the driver `name`."""
    if name.endswith(".py"):
        return [sys.executable, "-S", "-E"]
    if name.endswith(".sh"):
        return ["sh"]
    return [node()]


# What a tiny router answers in place of the stub of each template.
NOBODY = '{"problems":[{"code":"unknown-model","pointer":"/model","message":"nobody","severity":"error"}]}'
FILLED = {
    "driver.py": [
        ('raise NotImplementedError("price is not handed to the router yet")', f"return {NOBODY}"),
        ("PROFILES = []", 'PROFILES = ["pricing"]'),
    ],
    "driver.mjs": [
        ('throw new Skipped("price is not handed to the router yet");', f"return {NOBODY};"),
        ("profiles = []", 'profiles = ["pricing"]'),
    ],
    "driver.sh": [
        ("    return 3", f"    grep -q '\"model\":' \"$args\" && printf '%s\\n' '{NOBODY}'"),
        ("PROFILES=''", "PROFILES='\"pricing\"'"),
    ],
}


@pytest.mark.parametrize("name", FILLED)
def test_a_template_is_a_working_driver(name: str) -> None:
    """As it comes, a template has nothing for `smoke` to find, claims nothing, and skips what it is asked."""
    program = shlex.join([*interpreter(name), str(DRIVERS / name)])
    smoked = suite("smoke", "--program", program)
    assert smoked.returncode == 0, smoked.stdout
    assert "driver " not in smoked.stdout.partition("the driver works")[0]
    report = json.loads(suite("run", "--program", program, "--profile", "pricing", "--format", "json").stdout)
    assert {case["result"] for case in report["cases"]} == {"skipped"}
    assert report["ending"] == {"exit_code": 0}
    assert len((DRIVERS / name).read_text(encoding="utf-8").splitlines()) <= 65


@pytest.mark.parametrize("name", FILLED)
def test_a_template_carries_answers(name: str, tmp_path: Path) -> None:
    """With one function filled in, the driver works, and what is wrong is the router's."""
    text = (DRIVERS / name).read_text(encoding="utf-8")
    for old, new in FILLED[name]:
        assert text.count(old) == 1
        text = text.replace(old, new)
    (tmp_path / name).write_text(text, encoding="utf-8")
    program = shlex.join([*interpreter(name), str(tmp_path / name)])
    smoked = suite("smoke", "--program", program)
    assert smoked.returncode == 1
    assert "router pricing: one trivial `price`" in smoked.stdout
    assert smoked.stdout.endswith("the driver works; what is left is the router's\n")
    report = json.loads(
        suite(
            "run", "--program", program, "--profile", "pricing", "--oracle", "none", "--format", "json"
        ).stdout
    )
    results = {row["id"]: row["result"] for row in report["cases"]}
    assert "errored" not in results.values()
    assert {"passed", "failed", "skipped"} == set(results.values())
    assert results["price-an-unknown-model"] == "passed"


def test_the_reference_meets_what_it_claims(tmp_path: Path) -> None:
    """The reference is judged like any program: everything is met, and two runs write the same bytes."""
    for folder in ("one", "two"):
        done = suite("run", "--program", REFERENCE, "--out", str(tmp_path / folder))
        assert done.returncode == 0, done.stdout + done.stderr
        assert "not met" not in done.stdout
    names = sorted(file.name for file in (tmp_path / "one").iterdir())
    assert names == ["badge.json", "junit.xml", "report.html", "report.json"]
    for name in names:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    report = json.loads((tmp_path / "one" / "report.json").read_text())
    assert schema_problems(report, "report") == ()
    for form, name in FORMS.items():
        done = suite("report", str(tmp_path / "one" / "report.json"), "--format", form)
        assert done.stdout == (tmp_path / "one" / name).read_text(encoding="utf-8")


def run(command: list[str], *options: str) -> tuple[int, dict[str, Any]]:
    done = suite("run", "--program", shlex.join(command), "--oracle", "none", "--format", "json", *options)
    return done.returncode, json.loads(done.stdout)


def test_a_claim_that_is_not_met_is_exit_1(tmp_path: Path) -> None:
    """Whoever claims and is wrong exits 1, whoever claims nothing exits 0, a claim without cases is not met."""
    empty = driver(tmp_path)
    code, report = run(empty)
    assert code == 1
    assert report["failures"]
    assert run(driver(tmp_path, started={**STARTED, "profiles": []}))[0] == 0
    assert run(driver(tmp_path, started={**STARTED, "profiles": ["focus"]}))[0] == 1


SKIPPING = "answer(message, skipped={'reason': 'no'})"


@pytest.mark.parametrize(
    ("ending", "said"),
    [
        ({"after": "sys.exit(3)"}, "bad-exit: after `stop` it ended with the exit code 3"),
        ({"stop": "answer(message); print('bye', flush=True)"}, "unasked: "),
        ({"stop": "answer(message, errored={'message': 'no'})"}, "answered-errored: no"),
        ({"stop": "pass"}, "ended: "),
        ({"stop": "answer(message, skipped={'reason': 'no'})"}, "bad-answer: "),
    ],
)
def test_a_bad_end_is_exit_1(ending: dict[str, str], said: str, tmp_path: Path) -> None:
    """However well its cases went, a driver that does not answer `stop` and end with 0 is not what it claims.

    Source: spec/90-conformance.md OTB-CONF-008.
    """
    modest = {**STARTED, "profiles": []}
    run = ("--case", "a-tie-is-rounded-to-even", "--oracle", "none")
    good = suite("run", "--program", shlex.join(driver(tmp_path, SKIPPING, started=modest)), *run)
    assert (good.returncode, good.stderr) == (0, "")
    program = shlex.join(driver(tmp_path, SKIPPING, started=modest, **ending))
    bad = suite("run", "--program", program, *run)
    assert bad.returncode == 1, bad.stdout
    assert f"at its end: {said}" in bad.stdout
    assert bad.stderr.startswith("OTB-CONF-008 is not met: ")
    assert said in bad.stderr


def test_a_long_command_stands_whole_in_the_report(tmp_path: Path) -> None:
    """A command as long as an argument can be is in the report, in its own schema, and is printed again."""
    comment = "x" * 100_000
    program = shlex.join([*driver(tmp_path), comment])
    run = ("run", "--program", program, "--case", "a-tie-is-rounded-to-even", "--oracle", "none")
    done = suite(*run, "--out", str(tmp_path / "out"))
    assert done.returncode == 1
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert comment in report["reproduce"]["command"]
    assert schema_problems(report, "report") == ()
    assert comment in done.stdout
    assert suite("report", str(tmp_path / "out" / "report.json")).stdout == done.stdout


def test_one_case_can_be_asked_or_left_out(tmp_path: Path) -> None:
    """`--case` asks nothing else; what is disabled is not asked, said, and not met."""
    ask = ("--case", "a-tie-is-rounded-to-even")
    code, report = run(driver(tmp_path), *ask)
    assert (code, [case["result"] for case in report["cases"]]) == (1, ["failed"])
    code, report = run(driver(tmp_path), *ask, "--disable", "a-tie-is-rounded-to-even=issue 12")
    assert code == 1
    assert report["cases"][0]["reason"] == "issue 12"
    assert "--disable 'a-tie-is-rounded-to-even=issue 12'" in report["reproduce"]["command"]
    code, report = run(driver(tmp_path), "--requirement", "OTB-PRICE-013")
    assert {row["id"] for row in report["requirements"]} >= {"OTB-PRICE-013"}


def test_what_is_let_through_is_named_and_not_shown(tmp_path: Path) -> None:
    """The report says which variables the program saw, and none of their values."""
    command = driver(tmp_path, "answer(message, errored={'message': os.environ['TOKEN'][:3]})")
    code, report = run(command, "--env", "TOKEN=abcdef", "--case", "a-tie-is-rounded-to-even")
    assert code == 1
    assert report["failures"][0]["fault"]["message"] == "abc"
    assert report["reproduce"]["command"].endswith("--case a-tie-is-rounded-to-even --oracle none")
    assert "--env TOKEN " in report["reproduce"]["command"]
    assert "abcdef" not in json.dumps(report)


@pytest.mark.parametrize(
    "arguments",
    [
        ("run",),
        ("run", "--program", "/no/such/program"),
        ("run", "--program", "true"),
        ("run", "--program", ""),
        ("run", "--program", "'open"),
        ("run", "--program", "a\nb"),
        ("run", "--program", "true", "--case", "nobody"),
        ("run", "--program", "true", "--requirement", "OTB-X-001"),
        ("run", "--program", "true", "--disable", "a-tie-is-rounded-to-even"),
        ("run", "--program", "true", "--disable", "nobody=x"),
        ("run", "--program", "true", "--seed", "a\nb"),
        ("run", "--program", "true", "--env", "OTB_NOBODY_HAS_THIS"),
        ("run", "--program", "true", "--env", "=x"),
        ("run", "--program", "true", "--out", "/dev/null/x"),
        ("run", "--program", "true", "--out", ""),
        ("fuzz", "--against", "true", "--promote", ""),
        ("report", ""),
        ("smoke", "--program", "/no/such/program"),
        ("explain", "OTB-NOBODY-001"),
        ("report", "/no/such/file"),
        ("nobody",),
    ],
)
def test_misuse_is_exit_2_in_words(arguments: tuple[str, ...]) -> None:
    """What cannot be done is said in a line or two, without a traceback."""
    done = suite(*arguments)
    assert done.returncode == 2, done.stdout
    assert done.stderr
    assert "Traceback" not in done.stderr


def test_a_report_that_is_none_is_exit_1(tmp_path: Path) -> None:
    """What is no report is refused by its problems."""
    file = tmp_path / "report.json"
    file.write_text('{"otb": "1.0", "kind": "report"}')
    done = suite("report", str(file))
    assert done.returncode == 1
    assert "missing-field" in done.stderr
    file.write_bytes(b"\xff")
    assert suite("report", str(file)).returncode == 1


@pytest.mark.parametrize(
    ("step", "found"),
    [
        ("answer(message)", "driver skips an op that it does not have"),
        ("answer({'id': 0})", "wrong-id"),
        ("sys.stdout.write('x')", "hint: "),
    ],
)
def test_smoke_tells_a_broken_driver(step: str, found: str, tmp_path: Path) -> None:
    """A driver that breaks the protocol is told from a router that is wrong, with a hint."""
    done = suite("smoke", "--program", shlex.join(driver(tmp_path, step)), "--time-limit", "0.5")
    assert done.returncode == 1
    assert found in done.stdout
    assert "the driver is broken" in done.stdout


# A router that prices, decides and goes on just well enough for `smoke`.
SMALL_ROUTER = """
if op == 'price': answer(message, result={'total': '1'})
elif op == 'decide': decided.append(op); answer(message, result={'candidate': 'a/b'})
elif op == 'next' and decided: answer(message, result={'final': True})
elif op == 'next': answer(message, result={'problems': [{'code': 'nothing-to-settle'}]})
else: answer(message, skipped={'reason': 'no'})
"""
# Answers `configure` and `reset` with what `spoil` returns, if anything.
SPOILING = """
plainly, decided = answer, []
def spoil(command, given):
    {spoil}
def answer(message, **said):
    if message.get('command') in ('configure', 'reset'):
        said = spoil(message['command'], message.get('given', {{}})) or said
        decided.clear()
    plainly(message, **said)
"""


@pytest.mark.parametrize(
    ("spoil", "check", "found"),
    [
        (
            "if command == 'configure': return {'result': None}",
            "answers in",
            "`configure`: found the answer null",
        ),
        ("if command == 'configure': return {'result': {'a': 1}}", "answers in", "found the answer"),
        ("if command == 'configure': return {'skipped': {'reason': 'no'}}", "answers in", "found it skipped"),
        ("if command == 'reset': return {'result': []}", "answers in", "`reset`: found the answer []"),
        ("if command == 'reset': return {'result': False}", "answers in", "`reset`: found the answer false"),
        (
            "if command == 'reset': return {'errored': {'message': 'x'}}",
            "answers in",
            "`reset`: answered-errored",
        ),
        ("if 'seed' in given: return {'result': {'a': 1}}", "reads a line", "`configure`: found the answer"),
        ("if 'policy' in given: return {'result': 0}", "keeps what", "`configure`: found the answer 0"),
        ("if 'catalog' in given: return {'result': 1}", "pricing: one", "`configure`: found the answer 1"),
        (
            "if decided and command == 'reset': return {'result': 1}",
            "forgets on `reset`",
            "`reset`: found the answer 1",
        ),
        (
            "if decided and given: return {'result': 1}",
            "forgets on `configure`",
            "`configure`: found the answer 1",
        ),
    ],
)
def test_smoke_reads_what_configure_and_reset_are_answered_with(
    spoil: str, check: str, found: str, tmp_path: Path
) -> None:
    """Both are answered with an empty mapping, whatever is given and was asked; all else is the driver's fault."""
    started = {**STARTED, "profiles": ["pricing", "routing", "cascade"]}

    def smoked(spoil: str) -> subprocess.CompletedProcess[str]:
        before = SPOILING.format(spoil=spoil)
        program = shlex.join(driver(tmp_path, SMALL_ROUTER, before=before, started=started))
        return suite("smoke", "--program", program, "--format", "json")

    good = smoked("return None")
    assert good.returncode == 0, good.stdout
    bad = smoked(spoil)
    assert bad.returncode == 1
    checks = [one for one in json.loads(bad.stdout) if one["name"].startswith(check)]
    assert [one["blame"] for one in checks] == ["driver"]
    assert found in checks[0]["wrong"]
    assert "{}" in checks[0]["hint"]


def test_smoke_finds_nothing_in_the_reference() -> None:
    """The reference's driver works, and answers every trivial question."""
    done = suite("smoke", "--program", REFERENCE, "--format", "json")
    assert done.returncode == 0
    assert [check["wrong"] for check in json.loads(done.stdout)] == [""] * 17


def test_explain_shows_a_requirement_with_its_cases() -> None:
    """Its sentence, its page, its cases with what they ask, and the faulty routers that break it."""
    done = suite("explain", "otb-price-013")
    assert done.returncode == 0
    assert done.stdout.startswith("OTB-PRICE-013 (MUST, spec/20-catalog.md)\n  A pricer MUST")
    assert "pricing/a-tie-is-rounded-to-even.yaml" in done.stdout
    assert "faulty routers that break it" in suite("explain", "OTB-PRICE-004").stdout
    assert "not testable: " in suite("explain", "OTB-CONF-001").stdout


def test_every_command_and_option_explains_itself() -> None:
    """`--help` says something of each command and each option, and README names each command."""
    import click

    from opentokenbudget_conformance.cli import COMMANDS
    from opentokenbudget_conformance.cli import suite as group

    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for name in COMMANDS:
        command = group.get_command(click.Context(group), name)
        assert command is not None
        assert command.help
        assert all(option.help for option in command.params if isinstance(option, click.Option))
        assert f"`otb-conformance {name}" in readme
