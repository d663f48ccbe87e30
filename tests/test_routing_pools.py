"""What a decision says where pools were asked: under which health, how it was reached, and what it looked at."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import desk
from opentokenbudget import open_engine
from opentokenbudget.routing import Identity, answer, ask, parse_request

POOL: dict[str, Any] = {
    "id": "p",
    "limit": {"requests": 9},
    "window": {"lifetime": True},
    "enforcement": "reserve",
    "on_store_failure": "closed",
}
CASCADE = {
    "id": "all",
    "cascade": {"tiers": ["small", "medium", "large"], "accept": {"score": {"gte": "1"}}},
}


@pytest.mark.parametrize("error", [None, "timeout"])
def test_a_second_attempt_says_how_it_was_reached_each_time(tmp_path: Path, error: str | None) -> None:
    """Asked again, a second attempt has the reasons that it had; its models were looked at the first time alone."""
    engine = open_engine(desk.written(tmp_path, rules=[CASCADE], pools=[POOL], attributes=None), seed="s")
    known = {desk.MEDIUM: "unhealthy"}
    told, looked_at = [], []
    for _ in range(2):
        first = engine.decide({"id": "r1", "input_tokens": 900}, at=desk.AT)
        second = engine.next(first, error=error, health=known, at=desk.AT)
        told.append((second.tier, second.health, second.reasons))
        notes = [note for note in engine.trace(second).candidates if note.attempt == 2]
        looked_at.append([note.candidate for note in notes if note.reason == "chosen"])
    way = ("fallback", "escalated") if error else ("escalated",)
    assert told == [("large", known, way)] * 2
    assert looked_at == [[desk.LARGE], []]


def test_a_cascade_goes_as_high_as_thresholds_leave(tmp_path: Path) -> None:
    """The tier that a threshold names may still serve a step of the cascade, and none above it."""
    lowered = {"thresholds": [{"at": "0.1", "do": {"downgrade": "medium"}}]}
    engine = open_engine(
        desk.written(tmp_path, rules=[CASCADE], pools=[POOL | lowered], attributes=None), seed="s"
    )
    first = engine.decide({"id": "r1", "input_tokens": 900}, at=desk.AT)
    second = engine.next(first, at=desk.AT)
    assert (first.tier, second.tier, second.reasons[0]) == ("small", "medium", "escalated")
    third = engine.next(second, at=desk.AT)
    assert (third.final, third.reasons[-1]) == (True, "unaccepted")


def test_a_rule_that_denies_takes_nothing_away_that_is_held() -> None:
    """What pools hold for a request stays its attempt, under the policy that is asked."""

    class Holding:
        top, lowered, observed = 2, (), None

        def __init__(self, attempt: Any) -> None:
            self.held = lambda question, health: attempt

    plain, denying = desk.compiled(rules=[]), desk.compiled(rules=[{"id": "no", "deny": True}])
    asked = parse_request(plain, {"id": "r1", "input_tokens": 900})
    attempt = answer(plain, ask(plain, Identity("test"), asked, desk.AT), desk.AT, {}).attempt
    question = ask(denying, Identity("test"), asked, desk.AT)
    found = answer(denying, question, desk.AT, {}, None, Holding(attempt))  # type: ignore[arg-type]
    assert (found.policy, found.attempts, found.reasons) == (denying, (attempt,), ("rule",))
    assert (found.action, found.final, found.model) == ("allow", False, desk.MEDIUM)
