"""A million past requests replayed: time on one core, and memory that does not grow with their number."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from bench_decide import catalog_of
from rows import Row, show

GOAL_S = 60.0
GOAL_GROWTH = 1.25
SIZES = (100_000, 1_000_000)

_POLICY = {
    "otb": "1.0",
    "kind": "policy",
    "id": "bench",
    "version": "1.0.0",
    "catalog": {"path": "catalog.json"},
    "attributes": {"task": {"type": "string"}, "plan": {"type": "string"}},
    "tiers": [
        {"id": "small", "models": ["maker/model-0", "maker/model-1"], "select": "cheapest"},
        {"id": "large", "models": ["maker/model-18", "maker/model-19"]},
    ],
    "rules": [
        {"id": "fraud", "when": {"task": "fraud"}, "tier": "large"},
        {
            "id": "long",
            "when": {"task": ["dispute", "refund"], "input_tokens": {"gt": 2000}},
            "tier": "large",
        },
    ],
    "default": {"tier": "small"},
}
_TASKS = ("balance", "balance", "balance", "dispute", "fraud")


def write_requests(path: Path, count: int) -> None:
    """Write `count` requests in time order, as JSON Lines."""
    with path.open("w", encoding="utf-8") as file:
        for number in range(count):
            at = f"2026-11-{1 + number * 28 // count:02d}T{number % 24:02d}:00:00Z"
            row = {
                "id": f"r{number}",
                "at": at[:11] + "00:00:00Z",
                "task": _TASKS[number % 5],
                "plan": "pro",
                "input_tokens": 300 + number * 7919 % 4000,
                "output_tokens": 50 + number * 104729 % 700,
            }
            file.write(json.dumps(row) + "\n")


def simulate(folder: Path, count: int) -> tuple[float, float]:
    """Return CPU seconds and peak megabytes of `otb simulate` over `count` requests, its log written."""
    requests = folder / f"{count}.jsonl"
    write_requests(requests, count)
    command = [
        sys.executable,
        "-m",
        "opentokenbudget",
        "simulate",
        str(folder / "policy.json"),
        str(requests),
    ]
    command += ["--baseline", "maker/model-19", "--log", str(folder / "log.jsonl"), "--quiet"]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    measured = "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL);"
    measured += "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    done = subprocess.run(
        [sys.executable, "-c", measured, *command], check=True, capture_output=True, text=True
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return seconds, int(done.stdout) / 1024


def main() -> list[Row]:
    """Measure, print and return the rows."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "policy.json").write_text(json.dumps(_POLICY))
        (folder / "catalog.json").write_text(json.dumps(catalog_of(30)))
        (_, small), (seconds, large) = (simulate(folder, size) for size in SIZES)
    rows = [
        Row(
            "simulate 1,000,000 requests with log and baseline",
            seconds,
            "s",
            f"<= {GOAL_S:g} s CPU",
            seconds <= GOAL_S,
        ),
        Row(
            "simulate: peak memory, 1,000,000 beside 100,000",
            large,
            "MB",
            f"<= {GOAL_GROWTH} times",
            large <= small * GOAL_GROWTH,
            "100,000 requests",
            small,
        ),
    ]
    show(rows)
    return rows


if __name__ == "__main__":
    main()
