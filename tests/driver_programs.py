"""Small drivers for tests: each answers the suite's messages, and does one thing besides."""

from __future__ import annotations

import sys
from pathlib import Path

STARTED = {
    "protocol": "1.0",
    "implementation": {"name": "small", "version": "1"},
    "profiles": ["pricing"],
    "features": [],
}

_LOOP = """
import json, os, signal, sys, time
STARTED = {started!r}
def answer(message, **said):
    print(json.dumps({{"id": message["id"], **(said or {{"result": {{}}}})}}), flush=True)
{before}
for line in sys.stdin:
    try:
        message = json.loads(line)
    except ValueError:
        answer({{"id": None}}, errored={{"message": "no message"}})
        continue
    command, op = message["command"], message.get("op")
    if command == "start":
        answer(message, result=STARTED)
    elif command == "step":
{step}
    elif command == "stop":
{stop}
        break
    else:
        answer(message)
{after}
"""


def driver(
    folder: Path,
    step: str = "answer(message)",
    *,
    stop: str = "answer(message)",
    before: str = "",
    after: str = "",
    started: object = None,
) -> list[str]:
    """Return the command of a driver that does `step` at every step; `op` and `message` are at hand."""
    file = folder / "driver.py"
    text = _LOOP.format(
        started=STARTED if started is None else started,
        step=_indented(step),
        stop=_indented(stop),
        before=before,
        after=after,
    )
    file.write_text(text, encoding="utf-8")
    return [sys.executable, "-S", "-E", str(file)]


def _indented(text: str) -> str:
    return "\n".join(f"        {line}" for line in text.splitlines())
