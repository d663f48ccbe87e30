"""Metamorphic laws hold of the reference, for generated documents and questions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from opentokenbudget.driving import Session
from opentokenbudget_conformance.fuzzing.laws import LAWS, Law
from opentokenbudget_conformance.fuzzing.sequences import Sequence, sequence

NUMBERS = range(600)


def asked(questions: Sequence) -> list[Mapping[str, Any]]:
    """Return the reference's answers."""
    session = Session()
    session.configure(questions.given)
    return [session.step(op, args) for op, args in questions.steps]


@pytest.mark.parametrize("law", LAWS, ids=[law.requirement for law in LAWS])
def test_the_law_holds(law: Law) -> None:
    """The law holds between the answers to every pair that it makes, and some pairs are answered, not refused."""
    answered = 0
    for number in NUMBERS:
        pair = law.pair(sequence("laws", number))
        if pair is not None:
            one, other = asked(pair[0]), asked(pair[1])
            assert law.holds(one, other), f"sequence {number}: {one} and {other}"
            answered += any("problems" not in answer for answer in one)
    assert answered >= 40


@pytest.mark.parametrize("law", LAWS, ids=[law.requirement for law in LAWS])
def test_the_law_can_fail(law: Law) -> None:
    """Answers that are not what the law says are told from those that are."""
    wrong: dict[str, tuple[Any, Any]] = {
        "OTB-PRICE-050": (
            {"total": "1", "lines": [{"amount": "1"}]},
            {"total": "2", "lines": [{"amount": "1"}]},
        ),
        "OTB-PRICE-051": ({"total": "1"}, {"total": "2"}),
        "OTB-PRICE-052": ({"bound": "2"}, {"bound": "1"}),
        "OTB-DEC-070": ({"candidate": "a"}, {"candidate": "b"}),
        "OTB-DEC-071": ({"id": "a"}, {"id": "b"}),
        "OTB-COND-027": ({"result": True}, {"result": "unknown"}),
    }
    one, other = wrong[law.requirement]
    assert not law.holds([one], [other])
    assert law.holds([{"problems": [{"code": "x"}]}], [{"problems": [{"code": "x"}]}])


def test_a_sequence_is_its_seed_and_number() -> None:
    """The same seed and number give the same sequence, another number another one."""
    assert sequence("otb", 7) == sequence("otb", 7)
    assert sequence("otb", 7) != sequence("otb", 8)
    assert sequence("otb", 7) != sequence("other", 7)
