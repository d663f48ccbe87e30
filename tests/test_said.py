"""What the reference says in words is as it was when somebody last read it, and reads as messages should."""

from __future__ import annotations

import json
import re

import pytest

from opentokenbudget_conformance import Case, load_cases
from said import FILE, said

CASES = load_cases()
WRITTEN: dict[str, list[str]] = {}
for line in FILE.read_text(encoding="utf-8").splitlines():
    WRITTEN.setdefault(line.partition("\t")[0], []).append(line)


@pytest.mark.parametrize("case", CASES, ids=[case.id for case in CASES])
def test_what_is_said_was_read(case: Case) -> None:
    """The problems answered to the case are those of said.txt, word for word; `python tests/said.py` writes it anew."""
    assert list(said(case)) == WRITTEN.get(case.id, [])


def test_nothing_is_said_of_cases_that_are_gone() -> None:
    """Every line of said.txt is of a case."""
    assert WRITTEN.keys() <= {case.id for case in CASES}


@pytest.mark.parametrize("case_id", WRITTEN)
def test_a_message_reads_as_messages_do(case_id: str) -> None:
    """A message begins in lower case or with a quotation, does not end with a full stop, and is one line."""
    for line in WRITTEN[case_id]:
        message = json.loads(line.rpartition("\t")[2])
        assert re.match(r"[a-z0-9`]|otb|JSON|YAML|I-Regexp", message), line
        assert not message.endswith("."), line
