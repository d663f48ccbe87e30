"""Every fence in README and docs/ runs, and says what it says it prints."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import click
import pytest

from opentokenbudget.cli import COMMANDS, otb

ROOT = Path(__file__).parent.parent
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
FENCE = re.compile(r"^```([^\n`]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")


class Fence(NamedTuple):
    """A fenced block: its language, the words after it, and where it stands."""

    language: str
    words: tuple[str, ...]
    text: str
    line: int


def fences(page: Path) -> list[Fence]:
    source = page.read_text(encoding="utf-8")
    found = []
    for match in FENCE.finditer(source):
        language, *words = match[1].split() or [""]
        found.append(Fence(language, tuple(words), match[2], source.count("\n", 0, match.start()) + 1))
    return found


def run(command: str, folder: Path) -> str:
    """Return what `command` prints on both streams; our own commands are those of this environment."""
    scripts = Path(sys.executable).parent
    environment = {**os.environ, "PATH": f"{scripts}{os.pathsep}{os.environ['PATH']}", "NO_COLOR": "1"}
    done = subprocess.run(
        ["bash", "-c", command], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    return done.stdout + done.stderr


def agrees(printed: str, expected: str) -> bool:
    """Return whether `printed` is `expected`, where a line `…` stands for any lines and `…` in a line for any text."""
    pattern = "".join(
        r"(?:.*\n)*?"
        if line.strip() == "…"
        else ".*?".join(map(re.escape, line.rstrip().split("…"))) + r"[ ]*\n"
        for line in expected.splitlines()
    )
    return (
        re.fullmatch(pattern, printed if printed.endswith("\n") or not printed else printed + "\n")
        is not None
    )


def check(fence: Fence, folder: Path) -> None:
    place = f"line {fence.line}"
    names = [word.removeprefix("file=") for word in fence.words if word.startswith("file=")]
    if names:
        path = folder / names[0]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(fence.text, encoding="utf-8")
        if fence.language == "json":
            json.loads(fence.text)
    elif fence.language == "console":
        for chunk in re.split(r"^\$ ", fence.text, flags=re.MULTILINE)[1:]:
            command, _, expected = chunk.partition("\n")
            printed = run(command, folder)
            assert agrees(printed, expected), f"{place}: `{command}` prints\n{printed}"
    elif fence.language == "python":
        command = [sys.executable, "-c", fence.text]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{place}: {done.stderr}"
    elif fence.language == "sh":
        # `setup` is run by .ci/run in a clean clone, `norun` needs what no test has; both must at least parse.
        assert fence.words in (("setup",), ("norun",)), (
            f"{place}: a shell fence is `console`, `sh setup` or `sh norun`"
        )
        for line in fence.text.splitlines():
            shlex.split(line)
    else:
        assert fence.language == "text", (
            f"{place}: `{fence.language}` is no kind of fence that a test can run"
        )


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_fence_runs(page: Path, tmp_path: Path) -> None:
    """The fences of a page, one after another in a folder that is empty at first, do what the page says."""
    for fence in fences(page):
        check(fence, tmp_path)


@pytest.mark.parametrize("page", [*PAGES, *sorted((ROOT / "spec").glob("*.md"))], ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    """A relative link names a file of the repository."""
    broken = [
        link
        for link in LINK.findall(page.read_text(encoding="utf-8"))
        if "://" not in link and not (page.parent / link).exists()
    ]
    assert not broken


def test_every_command_has_its_place_in_the_readme() -> None:
    """README's table names every command of `otb`."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    missing = [name for name in COMMANDS if f"`otb {name}" not in readme]
    assert not missing


def commands() -> list[tuple[str, click.Command]]:
    """Return every command of `otb`, those of groups too, with its name."""
    found: list[tuple[str, click.Command]] = []
    pending: list[tuple[str, click.Command]] = [("otb", otb)]
    while pending:
        name, command = pending.pop()
        found.append((name, command))
        if isinstance(command, click.Group):
            context = click.Context(command)
            for below in command.list_commands(context):
                member = command.get_command(context, below)
                assert member is not None
                pending.append((f"{name} {below}", member))
    return found


def test_every_command_and_option_explains_itself() -> None:
    """`--help` says something of each command and of each option."""
    silent = [name for name, command in commands() if not command.help]
    for name, command in commands():
        options = (one for one in command.params if isinstance(one, click.Option))
        silent += [f"{name} {option.opts[0]}" for option in options if not option.help]
    assert not silent


def test_every_command_of_a_group_is_in_the_documentation() -> None:
    """README or a page of docs/ shows each command, subcommands too."""
    pages = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
    missing = [name for name, _ in commands() if f"{name} " not in pages and f"`{name}`" not in pages]
    assert not missing


def test_a_fence_that_prints_something_else_is_found() -> None:
    """The comparison fails on another word, a line more, and a line less."""
    assert agrees("a 1 b\nc\nd\n", "a … b\n…\nd\n")
    assert not agrees("a 1 x\n", "a … b\n")
    assert not agrees("a\nb\n", "a\n")
    assert not agrees("a\n", "a\nb\n")
