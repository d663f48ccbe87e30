"""`otb drive`: what the reference answers to messages that no case holds."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from opentokenbudget.driving import OPS, serve


def drive(*messages: dict[str, Any]) -> tuple[list[dict[str, Any]], str]:
    """Return the answers to `messages`, and what was written about faults."""
    answers, faults = io.BytesIO(), io.StringIO()
    serve(io.BytesIO(b"".join(json.dumps(one).encode() + b"\n" for one in messages)), answers, faults)
    return [json.loads(line) for line in answers.getvalue().splitlines()], faults.getvalue()


@pytest.mark.parametrize("op", [op for op in OPS if OPS[op].needs or op == "parse"])
def test_an_argument_that_is_missing_is_named(op: str) -> None:
    """A step that cannot be asked is `errored`, in words of the protocol; the driver goes on, and no fault is told."""
    (answer, after), faults = drive(
        {"command": "step", "id": 1, "op": op, "args": {}}, {"command": "reset", "id": 2}
    )
    needed = OPS[op].needs or ("text", "base64")
    assert f"`{op}` needs" in answer["errored"]["message"]
    assert all(f"`{name}`" in answer["errored"]["message"] for name in needed)
    assert after == {"id": 2, "result": {}}
    assert faults == ""
