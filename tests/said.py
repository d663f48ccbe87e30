"""What the reference says in words: the problems that it answers to the cases, one line each.

The suite never compares messages; people read them. `python tests/said.py` writes said.txt anew: read the difference.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from opentokenbudget.driving import Session
from opentokenbudget_conformance import Case, load_cases
from opentokenbudget_conformance.asking import Question, Result, ask_all
from opentokenbudget_conformance.cases import Step

FILE = Path(__file__).parent / "said.txt"


def said(case: Case) -> Iterator[str]:
    """Yield a line for each problem that the reference answers to the case."""
    questions = [Question("configure", case.given), *map(_question, case.steps)]
    for number, answer in enumerate(ask_all(Session(), questions)[1:]):
        problems = answer.value.get("problems", ()) if isinstance(answer, Result) else ()
        for problem in problems:
            place = f"{problem.get('line', '-')}:{problem.get('column', '-')}"
            words = (case.id, number, problem["code"], json.dumps(problem["pointer"]), problem["severity"])
            last = (problem.get("requirement", "-"), place, json.dumps(problem["message"]))
            yield "\t".join(map(str, words + last))


def everything_said() -> dict[str, list[str]]:
    """Return what is said by case, of those that problems are answered to."""
    found = {case.id: list(said(case)) for case in load_cases()}
    return {case_id: lines for case_id, lines in sorted(found.items()) if lines}


def _question(step: Step) -> Question:
    if step.op in ("configure", "reset"):
        return Question(step.op, step.args)
    return Question("step", step.args, step.op)


if __name__ == "__main__":
    FILE.write_text(
        "\n".join(line for lines in everything_said().values() for line in lines) + "\n", encoding="utf-8"
    )
