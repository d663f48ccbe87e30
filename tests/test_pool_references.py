"""What a policy says of its pools: every name leads somewhere, and what is said holds together."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from types import FrameType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opentokenbudget.routing.references import policy_problems

NAMES = [f"p{number}" for number in range(7)]


def policy(parents: Mapping[str, str | None], **more: Any) -> dict[str, Any]:
    """Return a policy with a pool for each name of `parents`, which is its part; `more` are fields of each."""
    pool = {"limit": {"tokens": 5}, "window": {"lifetime": True}, "enforcement": "check", **more}
    return {
        "tiers": [{"id": "t", "models": ["a/small"]}],
        "default": {"tier": "t"},
        "pools": [
            {"id": name, **pool, **({} if parent is None else {"parent": parent})}
            for name, parent in parents.items()
        ],
    }


def lines_run(call: Callable[[], object]) -> int:
    """Return how many lines of Python `call` runs."""
    run = 0

    def traced(frame: FrameType, event: str, argument: object) -> Any:
        nonlocal run
        run += event == "line"
        return traced

    before = sys.gettrace()
    sys.settrace(traced)
    try:
        call()
    finally:
        sys.settrace(before)
    return run


@given(st.fixed_dictionaries({name: st.sampled_from([None, *NAMES]) for name in NAMES}))
def test_a_pool_that_is_its_own_parent_by_whatever_way_is_refused(parents: dict[str, str | None]) -> None:
    """Those that are on a circle, and no other that leads into one."""

    def leads_back(name: str) -> bool:
        after = parents[name]
        for _ in parents:
            if after is None or after == name:
                break
            after = parents[after]
        return after == name

    found = [problem.pointer for problem in policy_problems(policy(parents), None)]
    assert found == [f"/pools/{place}/parent" for place, name in enumerate(parents) if leads_back(name)]


@pytest.mark.parametrize("is_circle", [False, True], ids=["a chain", "a circle"])
def test_twice_the_parents_are_twice_the_work(is_circle: bool) -> None:
    """A long chain of pools, and a long circle, is looked at once."""

    def work(pools: int) -> int:
        parents: dict[str, str | None] = {f"p{number}": f"p{number - 1}" for number in range(pools)}
        parents["p0"] = f"p{pools - 1}" if is_circle else None
        long = policy(parents)
        return lines_run(lambda: policy_problems(long, None))

    assert work(200) < work(100) * 5 / 2


def test_a_long_circle_is_not_told_whole() -> None:
    """The way back is said to its first steps: problems of a long circle stay short."""
    parents: dict[str, str | None] = {f"p{number}": f"p{(number + 1) % 300}" for number in range(300)}
    found = policy_problems(policy(parents), None)
    assert len(found) == 300
    assert max(len(problem.message) for problem in found) < 200
    assert found[5].message.endswith("p5 → p6 → p7 → p8 → p9 → p10 → p11 → p12 → … → p5")


def test_meters_are_no_other_measure_for_another_order_of_their_tags() -> None:
    """A parent counts the same measure however it is written."""
    written = policy({"a": None, "b": "a"}, limit={"input.audio": 5})
    written["pools"][0]["limit"] = {"audio.input": 5}
    assert policy_problems(written, None) == ()
