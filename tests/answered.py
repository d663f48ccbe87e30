"""What the reference answers to generated questions, as digests: a change of any answer shows.

`tests/test_second.py` asks the second implementation the same sequences, so these are the answers of both.
`python tests/answered.py` writes answered.txt anew: find out first which answer changed, and why.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from opentokenbudget.driving import Session
from opentokenbudget_conformance.asking import Result
from opentokenbudget_conformance.fuzzing.comparing import answers_to, compared
from opentokenbudget_conformance.fuzzing.sequences import sequence

FILE = Path(__file__).parent / "answered.txt"
SEED = "otb"
GROUP = 50
GROUPS = 40


def digest(group: int) -> str:
    """Return the digest of the answers to the sequences of a group."""
    hashed = hashlib.sha256()
    for number in range(group * GROUP, (group + 1) * GROUP):
        for answer in answers_to(sequence(SEED, number), Session()):
            text = compared(answer.value) if isinstance(answer, Result) else json.dumps(answer)
            hashed.update(text.encode() + b"\n")
    return hashed.hexdigest()[:32]


if __name__ == "__main__":
    FILE.write_text("".join(f"{digest(group)}\n" for group in range(GROUPS)), encoding="utf-8")
