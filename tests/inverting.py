"""Branches of both programs, and copies of a program in which one of them goes the other way."""

from __future__ import annotations

import ast
import json
import shutil
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from opentokenbudget.driving import Session
from opentokenbudget_conformance import load_cases, run_case

ROOT = Path(__file__).parent.parent
REFERENCE = Path("reference/opentokenbudget")
SECOND = Path("conformance/second")
_ROOMS = (
    "amounts",
    "classifiers",
    "conditions",
    "documents",
    "driving",
    "engine",
    "pricing",
    "routing",
    "value",
)
_JUDGED = [ROOT / REFERENCE / room for room in _ROOMS]


class Branch(NamedTuple):
    """The test of an `if` or `while`: the file below the repository, and where the test stands in its text."""

    file: Path
    start: int
    end: int
    line: int

    def __str__(self) -> str:
        return f"{self.file.as_posix()}:{self.line} {self.test}"

    @property
    def test(self) -> str:
        """The test as it is written."""
        return " ".join((ROOT / self.file).read_text(encoding="utf-8")[self.start : self.end].split())


def python_branches() -> list[Branch]:
    """Return the branches of the reference that the cases reach, by place."""
    reached = _lines_reached()
    return [branch for branch in all_of_python() if (str(ROOT / branch.file), branch.line) in reached]


def javascript_branches(coverage: Path) -> list[Branch]:
    """Return the branches of the second implementation that a run reached whose coverage Node wrote to a folder."""
    reached: set[Branch] = set()
    for report in coverage.glob("*.json"):
        for script in json.loads(report.read_text(encoding="utf-8"))["result"]:
            file = Path(script["url"].removeprefix("file://"))
            if file.is_relative_to(ROOT / SECOND):
                branches = _tests_in(file.read_text(encoding="utf-8"), file.relative_to(ROOT))
                reached |= {branch for branch in branches if _ran(script["functions"], branch.start)}
    return sorted(reached)


def inverted(branch: Branch, folder: Path) -> list[str]:
    """Write a copy of the program of `branch` to `folder` in which it goes the other way; return its command."""
    for beside in ("schemas", "spec"):
        shutil.copytree(ROOT / beside, folder / beside, dirs_exist_ok=True)
    top = SECOND if branch.file.is_relative_to(SECOND) else REFERENCE
    shutil.copytree(
        ROOT / top, folder / top, ignore=shutil.ignore_patterns("__pycache__"), dirs_exist_ok=True
    )
    text = (ROOT / branch.file).read_text(encoding="utf-8")
    turned = (
        f"!({text[branch.start : branch.end]})"
        if top == SECOND
        else f"(not ({text[branch.start : branch.end]}))"
    )
    (folder / branch.file).write_text(text[: branch.start] + turned + text[branch.end :], encoding="utf-8")
    if top == SECOND:
        return ["node", str(folder / SECOND / "main.mjs")]
    path = f"import sys; sys.path.insert(0, {str(folder / 'reference')!r})"
    return [sys.executable, "-c", f"{path}; from opentokenbudget.cli import main; main()", "drive"]


def all_of_python() -> Iterator[Branch]:
    """Yield the branches of the rooms of the reference that answer the cases, by place."""
    for room in _JUDGED:
        for file in sorted(room.rglob("*.py")):
            if "models" in file.parts:
                continue
            text = file.read_text(encoding="utf-8")
            starts = _line_starts(text)
            for node in ast.walk(ast.parse(text)):
                if isinstance(node, ast.If | ast.IfExp | ast.While):
                    yield _branch(file.relative_to(ROOT), node.test, text, starts)


def _branch(file: Path, test: ast.expr, text: str, starts: Sequence[int]) -> Branch:
    # Columns of the tree are bytes of the line.
    lines = text.splitlines(keepends=True)

    def place(line: int, column: int) -> int:
        return starts[line - 1] + len(lines[line - 1].encode()[:column].decode())

    assert test.end_lineno is not None
    assert test.end_col_offset is not None
    start, end = place(test.lineno, test.col_offset), place(test.end_lineno, test.end_col_offset)
    return Branch(file, start, end, test.lineno)


def _line_starts(text: str) -> list[int]:
    starts = [0]
    for line in text.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    return starts


def _lines_reached() -> set[tuple[str, int]]:
    """Return file and line of all that runs of the reference while it answers the cases."""
    reached: set[tuple[str, int]] = set()
    ours = tuple(str(folder) for folder in _JUDGED)

    def traced(frame: Any, event: str, _: object) -> Any:
        if not frame.f_code.co_filename.startswith(ours):
            return None
        reached.add((frame.f_code.co_filename, frame.f_lineno))
        return traced

    cases = load_cases()
    before = sys.gettrace()
    sys.settrace(traced)
    try:
        for case in cases:
            run_case(case, Session())
    finally:
        sys.settrace(before)
    return reached


def _tests_in(text: str, file: Path) -> Iterator[Branch]:
    """Yield the tests of `if (…)` and `while (…)` in JavaScript; its strings and comments are stepped over."""
    index = 0
    while index < len(text):
        step = _stepped_over(text, index)
        if step > index:
            index = step
            continue
        word = next((word for word in ("if (", "while (") if text.startswith(word, index)), None)
        if word and not (text[index - 1 : index].isalnum() or text[index - 1 : index] in "_$."):
            start = index + len(word)
            end = _closing(text, start)
            yield Branch(file, start, end, text.count("\n", 0, start) + 1)
            index = start
        else:
            index += 1


def _closing(text: str, index: int) -> int:
    """Return where the parenthesis closes that was opened before `index`."""
    depth = 1
    while depth:
        step = _stepped_over(text, index)
        if step > index:
            index = step
            continue
        depth += (text[index] == "(") - (text[index] == ")")
        index += 1
    return index - 1


def _stepped_over(text: str, index: int) -> int:
    """Return the end of the comment or string that begins at `index`, or `index` where none does."""
    if text.startswith("//", index):
        return text.index("\n", index)
    if text.startswith("/*", index):
        return text.index("*/", index) + 2
    quote = text[index]
    if quote == "/" and text[:index].rstrip(" ")[-1:] in "(=,:[!&|?{;\n":
        return _end_of_pattern(text, index + 1)
    if quote not in "'\"`":
        return index
    index += 1
    while text[index] != quote:
        index += 2 if text[index] == "\\" else 1
    return index + 1


def _end_of_pattern(text: str, index: int) -> int:
    """Return the end of the regular expression whose text begins at `index`; a `/` in a class does not end it."""
    in_class = False
    while text[index] != "/" or in_class:
        in_class = text[index] == "[" or (in_class and text[index] != "]")
        index += 2 if text[index] == "\\" else 1
    return index + 1


def _ran(functions: Sequence[dict[str, Any]], offset: int) -> bool:
    """Return whether the innermost range around `offset` was run."""
    ranges = [part for function in functions for part in function["ranges"]]
    around = [part for part in ranges if part["startOffset"] <= offset < part["endOffset"]]
    innermost = min(around, key=lambda part: part["endOffset"] - part["startOffset"], default={"count": 0})
    return bool(innermost["count"])
