"""Files: only regular files below the first one's folder are read, and what cannot be opened says so."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path

import pytest

from opentokenbudget.opening import CannotOpen, load_file, read_bytes
from test_documents_loading import FILES, POLICY


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The files of a right policy, in a folder of their own with a catalog outside of it."""
    inside = tmp_path / "inside"
    for name, raw in FILES.items():
        (inside / name).parent.mkdir(parents=True, exist_ok=True)
        (inside / name).write_bytes(raw)
    (tmp_path / "outside.yaml").write_bytes(FILES["v.yaml"])
    return inside


def codes(path: Path) -> list[tuple[str, str]]:
    document, problems = load_file(path)
    assert (document is None) == bool(problems)
    return [(problem.code, problem.pointer) for problem in problems]


def test_a_policy_and_what_it_refers_to_are_read(folder: Path) -> None:
    """The document has its references, and the names of files as the caller would write them."""
    document, problems = load_file(folder / "p.yaml")
    assert problems == ()
    assert document is not None
    assert document.references["/catalog"].file == f"{folder.as_posix()}/prices/c.yaml"


def test_a_file_in_the_working_directory_is_named_as_given(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bare name works, and places repeat it."""
    monkeypatch.chdir(folder)
    document, problems = load_file("p.yaml")
    assert problems == ()
    assert document is not None
    assert (document.file, document.references["/value_rules"].file) == ("p.yaml", "v.yaml")


@pytest.mark.parametrize("name", ["missing.yaml", "", "no/such/folder/p.yaml", "nul\0.yaml", ".", "x" * 5000])
def test_a_first_file_that_cannot_be_opened_raises(folder: Path, name: str) -> None:
    """A missing file, a folder, a name that cannot be: `CannotOpen`, with the name and a reason."""
    path = f"{folder}/{name}" if name else ""
    with pytest.raises(CannotOpen) as caught:
        load_file(path)
    assert caught.value.path == path
    assert caught.value.reason


def test_standard_input_is_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`-` is standard input; its references lie in the working directory."""
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(POLICY)))
    document, problems = load_file("-")
    assert problems == ()
    assert document is not None
    assert document.file == "<stdin>"
    assert document.references["/value_rules"].id == "v"


def test_a_link_that_leads_out_is_refused(folder: Path) -> None:
    """A link to a file or folder outside is `unsafe-path`; one that stays inside is followed."""
    value = folder / "v.yaml"
    value.unlink()
    value.symlink_to(folder.parent / "outside.yaml")
    assert codes(folder / "p.yaml") == [("unsafe-path", "/value_rules/path")]
    value.unlink()
    (folder / "real.yaml").write_bytes(FILES["v.yaml"])
    value.symlink_to("real.yaml")
    assert codes(folder / "p.yaml") == []
    prices = folder / "prices"
    (prices / "c.yaml").rename(folder.parent / "c.yaml")
    prices.rmdir()
    prices.symlink_to(folder.parent)
    assert codes(folder / "p.yaml") == [("unsafe-path", "/catalog/path")]


def test_a_linked_first_file_refers_to_the_folder_of_the_link(folder: Path) -> None:
    """The first file may be a link to anywhere, as mounted files are; its own name says the folder."""
    policy = folder / "p.yaml"
    policy.rename(folder.parent / "elsewhere.yaml")
    policy.symlink_to(folder.parent / "elsewhere.yaml")
    assert codes(policy) == []


def test_a_link_to_itself_is_unreadable(folder: Path) -> None:
    """A circle of links is a problem, not an exception."""
    (folder / "v.yaml").unlink()
    (folder / "v.yaml").symlink_to("v.yaml")
    assert codes(folder / "p.yaml") == [("unreadable-file", "/value_rules/path")]


@pytest.mark.parametrize("what", ["folder", "pipe", "nothing", "too long"])
def test_what_is_no_file_is_refused_without_waiting(folder: Path, what: str) -> None:
    """A folder, a pipe that nobody writes to, nothing at all, a name that cannot be: one problem each."""
    value = folder / "v.yaml"
    value.unlink()
    code = "unreadable-file"
    if what == "folder":
        value.mkdir()
    elif what == "pipe":
        os.mkfifo(value)
    elif what == "nothing":
        code = "missing-file"
    else:
        long = "v" * 900
        (folder / "p.yaml").write_bytes(POLICY.replace(b"v.yaml", long.encode()))
    assert codes(folder / "p.yaml") == [(code, "/value_rules/path")]


def test_a_device_is_refused(folder: Path) -> None:
    """A link to an endless device leads out of the folder and is not read."""
    (folder / "v.yaml").unlink()
    (folder / "v.yaml").symlink_to("/dev/zero")
    assert codes(folder / "p.yaml") == [("unsafe-path", "/value_rules/path")]


def test_an_endless_first_file_is_read_to_the_cap() -> None:
    """Of a first file no more is read than a document may have, and one byte."""
    document, problems = load_file("/dev/zero")
    assert document is None
    assert [problem.code for problem in problems] == ["too-large"]
    assert len(read_bytes("/dev/zero")) == 32 * 1024 * 1024 + 1


def test_a_reference_back_by_another_name_is_a_circle(folder: Path) -> None:
    """A catalog that extends a link to itself ends in a problem."""
    catalog = FILES["prices/c.yaml"].replace(b"../base", b"again")
    (folder / "c.yaml").write_bytes(catalog)
    (folder / "again.yaml").symlink_to("c.yaml")
    assert codes(folder / "c.yaml") == [("reference-cycle", "/extends/path")]
