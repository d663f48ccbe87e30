"""What is found wrong while a catalog is read, and the checks of dates that its parts share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, final

from opentokenbudget.amounts import InvalidInstant
from opentokenbudget.problems import Problem

from .lifecycle import moment
from .requirements import catalog_problem
from .timeline import FOR_EVER, SINCE_EVER, Stretch


@final
class Findings:
    """A list of problems that grows while a document is read."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def add(self, code: str, pointer: str, message: str) -> None:
        """Note one problem."""
        self.problems.append(catalog_problem(code, pointer, message))

    def stretch(self, plain: Mapping[str, Any], pointer: str) -> Stretch | None:
        """Return `[from, until)` of `plain`, or None after noting what is wrong with it."""
        edges = {"from": SINCE_EVER, "until": FOR_EVER}
        for key in edges:
            text = plain.get(key)
            if text is None:
                continue
            try:
                edges[key] = moment(text)
            except InvalidInstant as wrong:
                self.add("bad-instant", f"{pointer}/{key}", str(wrong))
                return None
        if edges["until"] <= edges["from"]:
            message = f"`{plain['until']}` is not after `from`, so nothing lies between"
            self.add("empty-period", f"{pointer}/until", message)
            return None
        return Stretch(edges["from"], edges["until"])

    def check_overlap(self, stretches: Sequence[Stretch], pointer: str) -> None:
        """Note when the last of `stretches` meets an earlier one."""
        *earlier, last = stretches
        for number, stretch in enumerate(earlier):
            if stretch.meets(last):
                message = f"it overlaps the one before it, number {number + 1}"
                self.add("overlapping-periods", pointer, message)
                return


def in_document_order(data: object, problems: Sequence[Problem]) -> tuple[Problem, ...]:
    """Return `problems` in the order in which their pointers stand in `data`."""

    def path(problem: Problem) -> list[int]:
        here, steps = data, []
        for step in problem.pointer.split("/")[1:]:
            if isinstance(here, Mapping):
                key = step.replace("~1", "/").replace("~0", "~")
                keys = list(here)
                steps.append(keys.index(key) if key in here else len(keys))
                here = here.get(key)
            elif isinstance(here, Sequence) and step.isdigit() and int(step) < len(here):
                steps.append(int(step))
                here = here[int(step)]
        return steps

    return tuple(sorted(problems, key=path))
