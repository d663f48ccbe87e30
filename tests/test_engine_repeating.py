"""A request that is asked again, where what was kept of it is damaged."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

import desk
from opentokenbudget import open_engine

POOL: dict[str, Any] = {
    "id": "month",
    "limit": {"requests": 9},
    "window": {"calendar": "month"},
    "enforcement": "reserve",
    "at_limit": "deny",
    "on_store_failure": "closed",
}
REQUEST = {"id": "r", "attributes": {"user": "u"}, "input_tokens": 1000, "max_output_tokens": 100}


@pytest.mark.parametrize(
    "changed",
    [
        {"whole": "{"},
        {"whole": ""},
        {"whole": "[]"},
        {"whole": "null"},
        {0: 7},
        {1: -1},
        {1: "first"},
        {2: "second"},
        {4: "refuse"},
        {5: [1]},
        {6: "many"},
        {9: None},
        {10: 1.5},
    ],
    ids=str,
)
def test_what_is_kept_and_none_of_ours_is_a_store_that_does_not_answer(
    tmp_path: Path, changed: dict[Any, Any]
) -> None:
    """A damaged memo denies with `store-unavailable`; what it holds can be settled all the same."""
    policy, path = desk.written(tmp_path, pools=[POOL]), tmp_path / "otb.db"
    engine = open_engine(policy, store=f"sqlite:///{path}", seed="s")
    decided = engine.decide(REQUEST)
    engine.close()
    with sqlite3.connect(path) as connection:
        (memo,) = connection.execute("SELECT memo FROM reservations").fetchone()
        kept = json.loads(memo)
        for place, value in changed.items():
            if place != "whole":
                kept[place] = value
        connection.execute("UPDATE reservations SET memo = ?", (changed.get("whole", json.dumps(kept)),))
    connection.close()
    engine = open_engine(policy, store=f"sqlite:///{path}", seed="s")
    again = engine.decide(REQUEST)
    assert (again.action, again.reasons[-1]) == ("deny", "store-unavailable")
    settled = engine.settle(decided, usage={"input": 1, "output": 1}).as_json()
    assert settled["reservation"]["status"] == "settled"
    engine.close()
