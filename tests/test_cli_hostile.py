"""The commands under hostile and merely unusual input: no traceback, no hang, nothing lost, nothing acted on."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import desk
from opentokenbudget.cli import otb, run

ROW: dict[str, Any] = {"at": "2026-11-23T12:00:00Z", "id": "good", "input_tokens": 10, "output_tokens": 5}
ACTING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
ESCAPE, REVERSE = "\x1b[31mred", "\u202eevil"

Otb = Callable[..., tuple[int, str, str]]


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str]) -> Otb:
    """Run a command in this process: exit code, standard output, standard error."""

    def go(*arguments: object) -> tuple[int, str, str]:
        code = run(otb, [str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return go


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    """A policy that declares attributes of each type, with its catalog beside it."""
    attributes = {
        "user": {"type": "string"},
        "plan": {"type": "string", "values": ["free", "pro"]},
        "count": {"type": "integer"},
        "size": {"type": "decimal"},
        "eager": {"type": "boolean"},
        "tags": {"type": "strings"},
    }
    return desk.written(tmp_path, attributes=attributes)


def lines(path: Path, *rows: Any) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def process(*arguments: object, **more: Any) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "opentokenbudget", *map(str, arguments)]
    return subprocess.run(command, capture_output="stdout" not in more, timeout=60, check=False, **more)


WRONG_FIELDS = [
    ("needs", 5, "wrong-type /needs"),
    ("needs", {"a": 1}, "wrong-type /needs"),
    ("needs", [1], "wrong-type /needs/0"),
    ("needs", ["tools", "tools"], "duplicate-item /needs/1"),
    ("needs", [ESCAPE], "bad-character /needs/0"),
    ("classifications", 5, "wrong-type /classifications"),
    ("classifications", {"words": 5}, "wrong-type /classifications/words"),
    ("classifications", {"words": {"value": "a"}}, "missing-field /classifications/words"),
    ("classifications", {"words": {"value": "a", "confidence": "2"}}, "bad-format /classifications/words"),
    ("attributes", 5, "wrong-type /attributes"),
    ("attributes", {"nope": "x"}, "unknown-attribute /attributes/nope"),
    ("attributes", {"user": ESCAPE}, "bad-character /attributes/user"),
    ("attributes", {"user": "e\u0301"}, "not-normalized /attributes/user"),
    ("user", "x" * 5000, "out-of-range /attributes/user"),
    ("plan", "gold", "not-one-of /plan"),
    ("count", 1.5, "wrong-type /count"),
    ("count", "٣", "wrong-type /count"),
    ("count", 10**17, "wrong-type /count"),
    ("size", 1.5, "bad-format /size"),
    ("eager", "yes", "wrong-type /eager"),
    ("tags", [["a"]], "wrong-type /tags"),
    ("context.service_tier", ["batch"], "wrong-type /context/service_tier"),
    ("context.service_tier", 5, "wrong-type /context/service_tier"),
    ("id", ESCAPE, "bad-character /id"),
    ("id", REVERSE, "bad-character /id"),
    ("id", "x" * 300, "out-of-range /id"),
    ("subject", REVERSE, "bad-character /subject"),
    ("input_tokens", -1, "bad-quantity /input_tokens"),
    ("input_tokens", 10**30, "bad-quantity /input_tokens"),
    ("max_output_tokens", 0, "bad-quantity /max_output_tokens"),
    ("usage.input", 5, "duplicate-meter /usage.input"),
    ("usage.A B", 5, "bad-meter /usage.A B"),
    ("cost", "-1", "bad-format /cost"),
    ("score.small", 0.5, "bad-format /score.small"),
    ("at", "0001-01-01T00:00:00+23:59", "bad-instant /at"),
    ("at", "9999-12-31T23:59:59-23:59", "bad-instant /at"),
    ("at", 5, "bad-instant /at"),
    ("text", {}, "wrong-type /text"),
]


@pytest.mark.parametrize(("field", "value", "told"), WRONG_FIELDS)
def test_a_field_that_no_request_may_have_refuses_its_row_alone(
    field: str, value: object, told: str, policy: Path, tmp_path: Path, command: Otb
) -> None:
    """A wrong value is told with place and code, and the row beside it counts."""
    rows = lines(tmp_path / "rows.jsonl", ROW, ROW | {"id": "bad", field: value})
    code, out, err = command("simulate", policy, rows, "--format", "json", "--baseline", "as-run")
    assert code == 1
    assert f"rows.jsonl:2:1 {told}" in err
    figures = json.loads(out)
    assert (figures["requests"], figures["refused_rows"]) == (1, 1)
    assert not ACTING.search(out + err)


def test_every_row_that_is_refused_is_counted_and_ten_are_shown(
    policy: Path, tmp_path: Path, command: Otb
) -> None:
    """What is wrong is counted in full while only the first of it is kept."""
    rows = lines(tmp_path / "rows.jsonl", ROW, *[ROW | {"id": f"bad{n}", "needs": n} for n in range(50)])
    code, out, err = command("simulate", policy, rows, "--format", "json")
    assert (code, json.loads(out)["refused_rows"]) == (1, 50)
    assert len(err.splitlines()) == 11
    assert err.splitlines()[-1].endswith("40 rows more that were refused")


def test_instants_at_the_ends_of_the_calendar_are_replayed(
    policy: Path, tmp_path: Path, command: Otb
) -> None:
    """The first and the last second that can be written make one curve."""
    ends = [ROW | {"at": "9999-12-31T23:59:59Z", "id": "z"}, ROW | {"at": "0001-01-01T00:00:00Z", "id": "a"}]
    code, out, _ = command("simulate", policy, lines(tmp_path / "rows.jsonl", *ends), "--format", "json")
    figures = json.loads(out)
    assert code == 0
    assert [figures["from"], figures["until"]] == ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"]
    assert figures["curve"][0]["from"] == "0001-01-01T00:00:00Z"


def test_a_zone_whose_offset_has_seconds_places_instants_to_the_second(
    policy: Path, tmp_path: Path, command: Otb
) -> None:
    """Monrovia was 43 minutes and 8 seconds behind in 1900."""
    rows = lines(tmp_path / "rows.jsonl", ROW | {"at": "1900-01-01 00:17:30"})
    options = ("--timezone", "Africa/Monrovia", "--format", "json")
    _, out, _ = command("simulate", policy, rows, *options)
    assert json.loads(out)["from"] == "1900-01-01T01:00:38Z"


@pytest.mark.parametrize(
    ("name", "content", "requests", "refused"),
    [
        ("bom.jsonl", b"\xef\xbb\xbf{row}\n", 1, 0),
        ("crlf.jsonl", b"{row}\r\n\r\n{row}\r\n", 2, 0),
        ("wide.jsonl", "{row}\n".encode("utf-16"), 0, 2),
        ("deep.jsonl", b"{row}\n" + b"[" * 100_000 + b"\n", 1, 1),
        ("digits.jsonl", b'{row}\n{"at":1' + b"0" * 5000 + b"}\n", 1, 1),
        ("nan.jsonl", b'{row}\n{"at":NaN}\n', 1, 1),
        ("nul.jsonl", b"{row}\n" + b"\0" * 5000, 1, 1),
        ("bom.csv", b"\xef\xbb\xbfat,input_tokens,output_tokens\n2026-11-23T12:00:00Z,1,2\n", 1, 0),
        ("long.csv", b"at,input_tokens,output_tokens,text\n2026-11-23T12:00:00Z,1,2," + b"x" * 200_000, 1, 0),
        ("open.csv", b'at,input_tokens,output_tokens\n2026-11-23T12:00:00Z,1,2\n"2026', 1, 1),
        ("extra.csv", b"at,input_tokens,output_tokens\n2026-11-23T12:00:00Z,1,2,3\n\n", 0, 1),
        ("many.csv", b",".join(b"c%d" % n for n in range(100_000)) + b"\n1,2\n", 0, 1),
    ],
)
def test_files_of_odd_form_lose_no_row_in_silence(
    name: str, content: bytes, requests: int, refused: int, policy: Path, tmp_path: Path, command: Otb
) -> None:
    """Marks, line ends, encodings, depth, digits, long fields: every row is replayed or told of."""
    path = tmp_path / name
    path.write_bytes(content.replace(b"{row}", json.dumps(ROW).encode()))
    code, out, _ = command("simulate", policy, path, "--format", "json")
    figures = json.loads(out)
    assert (figures["requests"], figures["refused_rows"]) == (requests, refused)
    assert code == (1 if refused or not requests else 0)


def test_values_that_only_parquet_has_are_judged_in_any_order(
    policy: Path, tmp_path: Path, command: Otb
) -> None:
    """Not-a-number, wide integers, blobs and dates are refused or ignored; a name with stars is one file."""
    duckdb = pytest.importorskip("duckdb")
    odd, wide = tmp_path / "odd.parquet", tmp_path / "[a]*.parquet"
    columns = "5 AS output_tokens, 'x'::BLOB AS blob, DATE '2026-01-01' AS day, [1.5, 'nan'::DOUBLE] AS list"
    with duckdb.connect() as connection:
        connection.execute(
            "COPY (SELECT TIMESTAMP '2026-11-23 12:00:00' - INTERVAL (i) MINUTE AS at, 'nan'::DOUBLE AS input_tokens,"
            f" {columns} FROM range(3) t(i)) TO '{odd}'"
        )
        connection.execute(
            f"COPY (SELECT TIMESTAMP '2026-11-23' AS at, 1 AS input_tokens, {columns}) TO '{wide}'"
        )
    code, out, err = command("simulate", policy, odd, "--timezone", "UTC", "--format", "json")
    assert (code, json.loads(out)["refused_rows"]) == (1, 3)
    assert "bad-quantity /input_tokens: `nan`" in err
    code, out, _ = command("simulate", policy, wide, "--timezone", "UTC", "--format", "json")
    assert (code, json.loads(out)["requests"]) == (0, 1)


@pytest.mark.parametrize("option", ["--log", "--summary"])
@pytest.mark.parametrize("link", [False, True])
def test_nothing_is_written_over_what_is_read(
    option: str, link: bool, policy: Path, tmp_path: Path, command: Otb
) -> None:
    """Naming an input as output is misuse, also through a link, and leaves the input as it was."""
    rows = target = lines(tmp_path / "rows.jsonl", ROW)
    before = rows.read_bytes()
    if link:
        target = tmp_path / "link"
        target.symlink_to(rows)
    code, _, err = command("simulate", policy, rows, option, target)
    assert code == 2
    assert "would overwrite what is read" in err
    assert rows.read_bytes() == before


def test_an_import_does_not_overwrite_its_source(tmp_path: Path, command: Otb) -> None:
    """`--out` and `--loss` on the file that is imported are misuse."""
    source = tmp_path / "prices.json"
    source.write_text("{}")
    for option in ("--out", "--loss"):
        assert command("catalog", "import", "litellm", source, option, source)[0] == 2
    assert source.read_text() == "{}"


def test_the_demo_overwrites_only_what_it_wrote(tmp_path: Path, command: Otb) -> None:
    """A second demonstration is fine; a policy that somebody changed is not overwritten."""
    options = ("demo", "--requests", "10", "--out", tmp_path)
    assert [command(*options)[0] for _ in range(2)] == [0, 0]
    changed = tmp_path / "policy.yaml"
    changed.write_text("mine")
    code, _, err = command(*options)
    assert (code, changed.read_text()) == (2, "mine")
    assert "is not as `otb demo` writes it" in err


@pytest.mark.parametrize(
    "text", ["plan=gold", "count=x", "user=\x1b[31m", "plan=free:" + "9" * 5000, "nope=1", "plan="]
)
def test_a_value_to_draw_is_one_of_its_attribute(
    text: str, policy: Path, tmp_path: Path, command: Otb
) -> None:
    """What could not stand in a row cannot be drawn either: exit 1 before anything is replayed."""
    code, out, err = command("simulate", policy, lines(tmp_path / "rows.jsonl", ROW), "--assign", text)
    assert (code, out) == (1, "")
    assert not ACTING.search(err.rstrip("\n"))


@pytest.mark.parametrize(
    "options",
    [
        ("--column", "nope=x"),
        ("--column", "at=x", "--column", "id=x"),
        ("--assign", "plan=free", "--assign", "plan=pro"),
        ("--seed", "\udcff"),
        ("--summary", "-"),
    ],
)
def test_options_that_mean_nothing_are_misuse(
    options: tuple[str, ...], policy: Path, tmp_path: Path, command: Otb
) -> None:
    """An unknown field, a column for two fields, two draws of one attribute, bytes that are no text: exit 2."""
    assert command("simulate", policy, lines(tmp_path / "rows.jsonl", ROW), *options)[0] == 2


@pytest.mark.parametrize(
    "arguments",
    [
        ("check", "-", "-"),
        ("decide", "-", "-"),
        ("simulate", "-", "-"),
        ("simulate", "policy.yaml", "-", "-"),
        ("catalog", "diff", "-", "-"),
        ("catalog", "lint", "-", "--against", "-"),
    ],
)
def test_standard_input_is_read_once(arguments: tuple[str, ...], command: Otb) -> None:
    """`-` for two arguments is misuse, not an empty second document."""
    code, _, err = command(*arguments)
    assert code == 2
    assert "standard input can be read once" in err


@pytest.mark.parametrize(
    "arguments",
    [
        ("price", "PIPE", "m", "input=1"),
        ("decide", "PIPE", "PIPE"),
        ("simulate", "POLICY", "PIPE"),
        ("catalog", "diff", "PIPE", "PIPE"),
        ("catalog", "import", "litellm", "PIPE"),
        ("init", "new", "--from", "litellm", "PIPE"),
        ("simulate", "POLICY", "FOLDER"),
        ("simulate", "POLICY", "ZERO"),
    ],
)
def test_what_is_no_file_is_told_and_not_waited_for(
    arguments: tuple[str, ...], policy: Path, tmp_path: Path, command: Otb
) -> None:
    """A pipe without a writer, a folder, a device without end: exit 2 at once."""
    pipe, folder, zero = (tmp_path / name for name in ("pipe", "folder", "zero.jsonl"))
    os.mkfifo(pipe)
    folder.mkdir()
    zero.symlink_to("/dev/zero")
    names = {"PIPE": pipe, "FOLDER": folder, "ZERO": zero, "POLICY": policy}
    code, _, err = command(*(names.get(argument, argument) for argument in arguments))
    assert code == 2
    assert "cannot open" in err


def test_what_comes_from_input_acts_on_no_terminal(policy: Path, tmp_path: Path, command: Otb) -> None:
    """Names, columns, options and values with escapes are shown as text, in every command."""
    rows = lines(tmp_path / "rows.jsonl", ROW | {ESCAPE: 1, REVERSE: 2})
    request = lines(tmp_path / "request.json", {"id": "a\u2028\u061cb", "input_tokens": 5})
    runs = [
        ("simulate", policy, rows),
        ("simulate", policy, rows, "--format", "json"),
        ("simulate", policy, rows, "--seed", ESCAPE),
        ("simulate", policy, rows, "--baseline", ESCAPE),
        ("simulate", policy, rows, "--timezone", ESCAPE),
        ("simulate", policy, tmp_path / ESCAPE),
        ("decide", policy, request),
        ("decide", policy, request, "--format", "json"),
        ("decide", policy, request, "--outcome", ESCAPE),
        ("price", policy.parent / "catalog.json", ESCAPE, "input=1"),
        ("price", policy.parent / "catalog.json", desk.SMALL, f"{ESCAPE}=1"),
        ("check", tmp_path / ESCAPE),
        ("explain", REVERSE),
        (ESCAPE,),
    ]
    for arguments in runs:
        code, out, err = command(*arguments)
        assert code in (0, 1, 2)
        assert out + err
        assert all(line.isprintable() for line in (out + err).splitlines()), arguments


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59"])
def test_an_instant_beyond_the_calendar_is_refused(
    at: str, policy: Path, tmp_path: Path, command: Otb
) -> None:
    """An offset that leads out of the years 1 to 9999 is wrong in a request, and misuse in an option."""
    request = lines(tmp_path / "request.json", {"id": "q", "input_tokens": 5, "at": at})
    code, _, err = command("decide", policy, request)
    assert code == 1
    assert "bad-instant /at" in err
    plain = lines(tmp_path / "plain.json", {"id": "q", "input_tokens": 5})
    assert command("decide", policy, plain, "--at", at)[0] == 2


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_no_encoding_stops_an_answer(encoding: str, policy: Path, tmp_path: Path) -> None:
    """Arrows and dashes become escapes where the output cannot hold them; JSON stays JSON."""
    rows = lines(tmp_path / "rows.jsonl", ROW | {"id": "é–漢"})
    environment = {**os.environ, "PYTHONIOENCODING": encoding}
    assert process("simulate", policy, rows, env=environment).returncode == 0
    request = lines(tmp_path / "request.json", {"id": "é–漢", "input_tokens": 5})
    done = process("decide", policy, request, "--format", "json", env=environment)
    assert json.loads(done.stdout.decode("ascii"))["request"] == "é–漢"


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a device that is full")
def test_streams_that_are_full_closed_or_gone(policy: Path, tmp_path: Path) -> None:
    """A full disk is exit 2; closed streams and a reader that has gone change no exit code."""
    rows = lines(tmp_path / "rows.jsonl", ROW)
    with open("/dev/full", "wb") as full:
        done = process("check", policy, stdout=full, stderr=subprocess.PIPE)
    assert (done.returncode, done.stderr) == (2, b"error: no space left on device\n")
    otb_here = f"'{sys.executable}' -m opentokenbudget"
    for script, wanted in (
        (f"{otb_here} simulate '{policy}' '{rows}' >&-", 0),
        (f"{otb_here} simulate '{policy}' '{rows}' 2>&-", 0),
        (f"{otb_here} check '{policy}' >&-", 0),
        (f"{otb_here} check - <&-", 2),
        (f"{otb_here} simulate '{policy}' - <&-", 2),
        (f"{otb_here} explain --list | true; exit ${{PIPESTATUS[0]}}", 0),
        (f"{otb_here} check /dev/null | true; exit ${{PIPESTATUS[0]}}", 1),
    ):
        done = subprocess.run(["bash", "-c", script], capture_output=True, timeout=60, check=False)
        assert (done.returncode, b"Traceback" in done.stderr) == (wanted, False), script


def test_an_interrupt_ends_a_run_with_130_and_one_word(policy: Path) -> None:
    """SIGINT while the command waits for its input: `stopped`, no traceback."""
    command = [sys.executable, "-m", "opentokenbudget", "simulate", str(policy), "-", "--log", "-"]
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    # Whoever runs these tests in the background may have had it ignored.
    heard = {"preexec_fn": lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)}
    with subprocess.Popen(command, **pipes, **heard) as running:
        assert running.stdin is not None
        # More than a pipe holds: when all of it is written, the command has begun to read.
        running.stdin.write((json.dumps(ROW) + "\n").encode() * 5000)
        running.stdin.flush()
        running.send_signal(signal.SIGINT)
        _, err = running.communicate(timeout=60)
    assert (running.returncode, err.split()) == (130, [b"stopped"])
