"""The problem: one thing that is wrong with an input, as data.

Codes are kebab-case words from the closed list in schemas/v1/problem-codes.json.
A wrong document is an expected result, so its problems are returned, all of them, in document order;
`ProblemError` is raised only where a call cannot answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple, final

Severity = Literal["error", "warning"]


class Place(NamedTuple):
    """Where in a file: `line` and `column` count from 1."""

    file: str
    line: int
    column: int


@final
@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong.

    Attributes:
        code: from the closed list.
        pointer: JSON pointer into the document; "" is the whole.
        message: lower-case, no full stop, input in backticks.
        requirement: the requirement id that is violated, or "" for a lint.
        severity: `error` or `warning`.
        place: file, line and column, when the document came from a file.
    """

    code: str
    pointer: str
    message: str
    requirement: str = ""
    severity: Severity = "error"
    place: Place | None = None

    def at(self, place: Place) -> Problem:
        """Return the same problem, placed."""
        return replace(self, place=place)

    def as_json(self) -> dict[str, object]:
        """Return the wire form (schemas/v1/problem.schema.json)."""
        form: dict[str, object] = {"code": self.code, "severity": self.severity, "pointer": self.pointer}
        form["message"] = self.message
        if self.requirement:
            form["requirement"] = self.requirement
        if self.place is not None:
            form.update(file=self.place.file, line=self.place.line, column=self.place.column)
        return form

    def __str__(self) -> str:
        place = f"{self.place.file}:{self.place.line}:{self.place.column} " if self.place else ""
        pointer = f" {self.pointer}" if self.pointer else ""
        requirement = f" ({self.requirement})" if self.requirement else ""
        return f"{place}{self.code}{pointer}: {self.message}{requirement}"


class CannotOpen(Exception):
    """A file that the caller named is missing or cannot be opened. `path` is the name, `reason` says why."""

    def __init__(self, path: str, reason: str) -> None:
        self.path = path
        self.reason = reason
        super().__init__(f"cannot open `{path}`: {reason}")


class ProblemError(Exception):
    """A call cannot answer; `problems` says why, and `code` is the first one's."""

    def __init__(self, problems: Problem | Sequence[Problem]) -> None:
        self.problems: tuple[Problem, ...] = (problems,) if isinstance(problems, Problem) else tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))

    @property
    def code(self) -> str:
        return self.problems[0].code
