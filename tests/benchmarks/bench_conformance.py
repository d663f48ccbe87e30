"""The runner: 2,000 steps asked of a program, beside what the program and the judge take by themselves."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from itertools import cycle, islice
from pathlib import Path
from statistics import median
from time import perf_counter

from rows import Row, show

from opentokenbudget.driving import Session
from opentokenbudget_conformance.asking import Fault
from opentokenbudget_conformance.cases import Case, load_cases
from opentokenbudget_conformance.program import Program
from opentokenbudget_conformance.running import run_case

STEPS = 2000
GOAL_S = 2.0
ROUNDS = 3

_ECHO = """
import json, sys
about = {"protocol": "1.0", "implementation": {"name": "echo", "version": "1"}, "profiles": [], "features": []}
for line in sys.stdin.buffer:
    message = json.loads(line)
    result = about if message["command"] == "start" else {}
    sys.stdout.write('{"id":%d,"result":%s}\\n' % (message["id"], json.dumps(result)))
    sys.stdout.flush()
"""


def asked() -> list[Case]:
    """Return cases that have at least `STEPS` steps, the suite's own as often as needed."""
    cases: list[Case] = []
    steps = 0
    plain = [case for case in load_cases() if not any("distribution" in step.expect for step in case.steps)]
    for case in islice(cycle(plain), 10 * STEPS):
        if steps >= STEPS:
            break
        cases.append(case)
        steps += len(case.steps)
    return cases


def seconds(command: Sequence[str], cases: Sequence[Case]) -> tuple[float, float]:
    """Return the seconds of the start and of the cases, each asked and judged alone."""
    begun = perf_counter()
    with Program(command) as program:
        if isinstance(program.start(), Fault):
            raise SystemExit("the program of the benchmark does not start")
        started = perf_counter()
        for case in cases:
            run_case(case, program)
        took = perf_counter() - started
        program.stop()
    return started - begun, took


def main() -> list[Row]:
    """Measure, print and return the rows; the rounds of the programs alternate."""
    cases = asked()
    with tempfile.TemporaryDirectory() as folder:
        echo = Path(folder) / "echo.py"
        echo.write_text(_ECHO, encoding="utf-8")
        reference = [sys.executable, "-m", "opentokenbudget", "drive"]
        commands = {"reference": reference, "echo": [sys.executable, "-S", str(echo)]}
        took: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
        inside: list[float] = []
        for _ in range(ROUNDS):
            for name, command in commands.items():
                took[name].append(seconds(command, cases))
            begun = perf_counter()
            session = Session()
            for case in cases:
                run_case(case, session)
            inside.append(perf_counter() - begun)
    middle = {name: median(run for _, run in runs) for name, runs in took.items()}
    start = median(begun for begun, _ in took["reference"])
    goal = f"< {GOAL_S:g} s"
    rows = [
        Row(
            f"{STEPS:,} steps asked of `otb drive`",
            middle["reference"],
            "s",
            goal,
            middle["reference"] < GOAL_S,
            "the same in process",
            median(inside),
            f"its start took {start:.3f} s",
        ),
        Row(
            f"{STEPS:,} steps asked of a program that echoes",
            middle["echo"],
            "s",
            goal,
            middle["echo"] < GOAL_S,
        ),
    ]
    show(rows)
    return rows


if __name__ == "__main__":
    main()
