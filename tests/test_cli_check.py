"""`otb check`: every problem once with its place, exit codes, and no file that is our fault."""

from __future__ import annotations

import io
import os
import sys
from contextlib import redirect_stdout
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checked import AT, GOOD, WRONG, Otb, command, files
from linted import CATALOG
from opentokenbudget.cli import otb, run
from opentokenbudget.cli.checking import check_files, kind_by_shape
from opentokenbudget.cli.formats import FORMATS

ROOT = Path(__file__).parent.parent
EXAMPLES = ROOT / "schemas" / "v1" / "examples"
CORPUS = Path(__file__).parent / "corpus"
HOSTILE = sorted(path for path in (CORPUS / "documents").iterdir() if path.name != "expected.json")
__all__ = ["command", "files"]


@pytest.mark.parametrize(
    ("names", "strict", "code", "last"),
    [
        (["good.yaml"], False, 0, "ok: 0 errors, 0 warnings in 2 files"),
        (["odd.yaml"], False, 0, "0 errors, 1 warning in 2 files"),
        (["odd.yaml"], True, 1, "0 errors, 1 warning in 2 files"),
        (["wrong.yaml"], False, 1, "1 error, 0 warnings in 2 files"),
        (["good.yaml", "odd.yaml", "wrong.yaml"], False, 1, "1 error, 1 warning in 4 files"),
    ],
)
def test_exit_code_and_last_line(
    files: Path, command: Otb, names: list[str], strict: bool, code: int, last: str
) -> None:
    """Errors are 1, warnings only under `--strict`; the last line counts problems and files, referenced ones too."""
    got, out, err = command("check", *names, *AT, *(["--strict"] if strict else []))
    assert (got, out.splitlines()[-1], err) == (code, last, "")


def test_a_line_says_place_code_pointer_message_and_requirement(files: Path, command: Otb) -> None:
    """Errors read like compiler messages, warnings say that they are."""
    _, out, _ = command("check", "wrong.yaml", "odd.yaml", *AT)
    wrong, odd, _ = out.splitlines()
    assert wrong == (
        'wrong.yaml:8:17 unknown-tier /default/tier: `smal` is not a tier of the policy: did you mean "small"?'
        " (OTB-POLICY-012)"
    )
    assert odd.startswith(
        "odd.yaml:7:26 warning retiring-soon /tiers/0/models/0: `a/ending` retires on 2026-12-23"
    )


def test_problems_stand_by_file_in_document_order(files: Path, command: Otb) -> None:
    """Files come in order of mention, what they refer to after them; within a file problems come by line."""
    bad = GOOD.replace("tiers:", "attributes:\n  x: {type: string}\ntiers:").replace(
        "a/small]", "a/old, a/small]"
    )
    (files / "many.yaml").write_text(bad, encoding="utf-8")
    _, out, _ = command("check", "many.yaml", "odd.yaml", *AT, "--quiet")
    codes = [line.split()[2] for line in out.splitlines()]
    assert codes == ["unused-attribute", "retired-candidate", "retiring-soon"]


def test_quiet_prints_problems_alone(files: Path, command: Otb) -> None:
    """Without a problem `--quiet` prints nothing."""
    assert command("check", "good.yaml", *AT, "--quiet") == (0, "", "")


def test_a_catalog_that_is_named_too_is_reported_once(files: Path, command: Otb) -> None:
    """A wrong catalog under two policies and named itself, in another spelling, has each problem once."""
    (files / "c.yaml").write_text(CATALOG.replace("currency: USD", "currency: usd"), encoding="utf-8")
    _, out, _ = command("check", "good.yaml", "odd.yaml", "./c.yaml", *AT)
    *lines, last = out.splitlines()
    assert [line.split()[0] for line in lines] == ["./c.yaml:5:11"]
    assert last == "1 error, 0 warnings in 3 files"


def test_the_instant_is_an_argument(files: Path, command: Otb) -> None:
    """`--at` says as of when models are retired."""
    assert command("check", "odd.yaml", "--at", "2026-01-01")[0] == 0
    code, out, _ = command("check", "odd.yaml", "--at", "2027-01-01")
    assert (code, out.split()[1].rstrip(":")) == (1, "retired-candidate")


@pytest.mark.parametrize("path", sorted(EXAMPLES.iterdir()), ids=lambda path: path.name)
def test_every_example_passes(command: Otb, path: Path) -> None:
    """No example has an error, wire forms that do not say their kind included."""
    code, out, err = command("check", str(path), *AT)
    assert (code, err) == (0, ""), out


def test_standard_input_is_a_file(files: Path, command: Otb, monkeypatch: pytest.MonkeyPatch) -> None:
    """`-` is read once, refers to files of the working directory, and is called <stdin>."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(WRONG.encode())))
    code, out, _ = command("check", "-", *AT)
    assert (code, out.split()[0]) == (1, "<stdin>:8:17")
    assert command("check", "-", "-")[0] == 2


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        ({"id": "r1", "input_tokens": 5}, "request"),
        ({"id": "r1", "text": "hello"}, "request"),
        ({"code": "x", "message": "y"}, "problem"),
        ({"id": "r1"}, None),
        ([], None),
        ("text", None),
    ],
)
def test_wire_forms_are_known_by_their_shape(data: object, kind: str | None) -> None:
    """A request and a problem need not say their kind; nothing else is guessed."""
    assert kind_by_shape(data) == kind


def test_kind_is_for_files_that_do_not_say_it(files: Path, command: Otb) -> None:
    """`--kind` decides for a file without `kind`, and leaves others alone."""
    (files / "r.json").write_text('{"id": "r1"}', encoding="utf-8")
    assert command("check", "r.json")[1].split()[1].rstrip(":") == "missing-field"
    assert command("check", "r.json", "--kind", "request")[1].split()[1].rstrip(":") == "missing-alternative"
    assert command("check", "good.yaml", "--kind", "request", *AT)[0] == 0
    assert command("check", "r.json", "--kind", "nonsense")[0] == 2


def test_a_catalog_by_its_digest_alone_is_a_warning(files: Path, command: Otb) -> None:
    """What can be checked without the catalog is: names of tiers, not those of models and context keys."""
    digest = "sha256:" + 64 * "0"
    known = GOOD.replace("{path: c.yaml}", f'{{digest: "{digest}"}}')
    known = known.replace("default", "rules: [{id: r, when: {context.region: eu}, tier: small}]\ndefault")
    for text, code in ((known, 0), (known.replace("default: {tier: small}", "default: {tier: smal}"), 1)):
        (files / "digest.yaml").write_text(text, encoding="utf-8")
        assert command("check", "digest.yaml", *AT)[:1] == (code,)


def test_an_encoding_without_a_character_is_no_fault(files: Path) -> None:
    """On a terminal of ASCII, other characters are printed as escapes."""
    (files / "other.yaml").write_text(WRONG.replace("smal}", "größe}"), encoding="utf-8")
    out = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    with redirect_stdout(out):
        assert run(otb, ["check", "other.yaml"]) == 1
    out.flush()
    assert b"`gr\\xf6\\xdfe`" in out.buffer.getvalue()


# What cannot be opened, and what opens and is broken.


@pytest.mark.parametrize("name", ["missing.yaml", ".", "", "nul\0.yaml", "x" * 5000, "no/such/folder.yaml"])
def test_a_file_that_cannot_be_opened_is_2(files: Path, command: Otb, name: str) -> None:
    """A missing file or a folder is told on standard error; the other files are checked all the same."""
    code, out, err = command("check", name, "wrong.yaml", *AT)
    assert code == 2
    assert "unknown-tier" in out
    assert err.startswith("error: cannot open `")
    assert err.count("\n") == 1


def test_a_pipe_without_a_writer_does_not_hang(files: Path, command: Otb) -> None:
    """Nobody writes to the pipe: that is said after a moment, not waited for."""
    os.mkfifo(files / "pipe.yaml")
    code, _, err = command("check", "pipe.yaml")
    assert (code, err) == (2, "error: cannot open `pipe.yaml`: nobody writes to this pipe\n")


def test_a_pipe_is_read_once(files: Path, command: Otb) -> None:
    """What comes through a pipe is checked like a file."""
    os.mkfifo(files / "pipe.yaml")
    # Opened for both, so that the write needs no second process.
    descriptor = os.open(files / "pipe.yaml", os.O_RDWR)
    os.write(descriptor, WRONG.encode())
    reader = os.open(files / "pipe.yaml", os.O_RDONLY)
    writer = os.open(files / "pipe.yaml", os.O_WRONLY)
    os.close(descriptor)
    os.close(writer)
    try:
        code, out, _ = command("check", "pipe.yaml", *AT)
    finally:
        os.close(reader)
    assert (code, out.split()[0]) == (1, "pipe.yaml:8:17")


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("path", HOSTILE, ids=lambda path: path.name)
def test_hostile_files_are_problems_in_every_form(command: Otb, path: Path, form: str) -> None:
    """A hostile file has errors, exit 1, and no fault of ours, whatever is printed."""
    code, out, err = command("check", str(path), "--format", form)
    assert (code, err) == (1, "")
    assert out


def test_an_empty_file_is_a_problem(files: Path, command: Otb) -> None:
    """Nothing in a file is a problem of the file: exit 1."""
    (files / "empty.yaml").write_bytes(b"")
    code, out, _ = command("check", "empty.yaml")
    assert (code, out.split()[1].rstrip(":")) == (1, "empty-document")


def test_a_kind_without_schema_is_unknown(files: Path, command: Otb) -> None:
    """The kind of a document whose schema comes later is a problem, not our fault."""
    (files / "r.json").write_text('{"otb": "1.0", "kind": "plan", "id": "r", "version": "1.0.0"}')
    code, out, err = command("check", "r.json")
    assert (code, err) == (1, "")
    assert out.split()[1].rstrip(":") == "unknown-kind"


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_no_damaged_file_is_our_fault(data: st.DataObject, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A file with bytes cut out, doubled or replaced is in order or has problems with places; nothing is raised."""
    folder = tmp_path_factory.mktemp("damaged")
    for path in EXAMPLES.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    name = data.draw(st.sampled_from(["policy.full.yaml", "catalog.full.yaml", "value-rules.full.yaml"]))
    raw = (EXAMPLES / name).read_bytes()
    start = data.draw(st.integers(0, len(raw)))
    end = data.draw(st.integers(start, min(len(raw), start + 40)))
    put = data.draw(
        st.sampled_from([b"", raw[start:end] * 2, b"\x00", b"\xff", b"{", b"]", b": ", b"\n", b"- "])
    )
    (folder / name).write_bytes(raw[:start] + put + raw[end:])
    checked = check_files([str(folder / "policy.full.yaml")], kind=None, at=0)
    assert all(problem.place is not None for problem in checked.problems)


def test_colour_is_for_terminals_alone(files: Path, command: Otb, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pipe gets no escapes; a terminal gets colour, unless NO_COLOR says otherwise."""
    assert "\x1b" not in command("check", "wrong.yaml", *AT)[1]
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    assert "\x1b[31munknown-tier\x1b[0m" in command("check", "wrong.yaml", *AT)[1]
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in command("check", "wrong.yaml", *AT)[1]
