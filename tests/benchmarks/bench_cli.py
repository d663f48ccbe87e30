"""Whole commands: CPU seconds of `otb --help` and of `otb check` on the example policy, beside a bare Python."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from pathlib import Path
from statistics import median

from rows import Row, show

POLICY = Path(__file__).parent.parent.parent / "schemas" / "v1" / "examples" / "policy.full.yaml"
ROUNDS = 9


def cpu_ms(command: list[str]) -> float:
    """Return user and system milliseconds of one run of `command`."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    # Compiled modules are kept, as they are after an installation.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    subprocess.run(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False, env=environment
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1000


def main() -> list[Row]:
    """Measure, print and return the rows; the commands' rounds alternate."""
    otb = [sys.executable, "-m", "opentokenbudget"]
    commands = {
        "bare": [sys.executable, "-c", "pass"],
        "help": [*otb, "--help"],
        "check": [*otb, "check", str(POLICY)],
    }
    took: dict[str, list[float]] = {name: [] for name in commands}
    for number in range(ROUNDS + 1):
        for name, command in commands.items():
            spent = cpu_ms(command)
            # The first round compiles and warms up.
            if number:
                took[name].append(spent)
    bare, shown, checked = (median(took[name]) for name in commands)
    rows = [
        Row("otb --help", shown, "ms", "<= 100 ms CPU", shown <= 100, "bare Python", bare),
        Row(
            "otb check, the example policy with its catalog",
            checked,
            "ms",
            "<= 200 ms CPU",
            checked <= 200,
            "bare Python",
            bare,
        ),
    ]
    show(rows)
    return rows


if __name__ == "__main__":
    main()
