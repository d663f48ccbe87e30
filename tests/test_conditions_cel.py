"""Every operator has its equivalent in the Common Expression Language."""

from __future__ import annotations

import pytest

from opentokenbudget.conditions import parse, to_cel
from strategies_conditions import TYPES

ZONE = '"Asia/Tokyo"'
SECONDS = (
    f'(facts["time"].getHours({ZONE}) * 3600 + facts["time"].getMinutes({ZONE}) * 60'
    f' + facts["time"].getSeconds({ZONE}))'
)


@pytest.mark.parametrize(
    ("when", "expression"),
    [
        ({"task": "a"}, 'facts["task"] == "a"'),
        ({"task": 'a"\n\\'}, 'facts["task"] == "a\\"\\n\\\\"'),
        ({"context.region": ["eu", "us"]}, 'facts["context.region"] in ["eu", "us"]'),
        ({"eu": False}, 'facts["eu"] == false'),
        ({"cost": {"lte": "0.05"}}, 'facts["cost"] <= 50000000000'),
        ({"input": {"gt": 1, "lt": 5}}, 'facts["input"] > 1 && facts["input"] < 5'),
        ({"task": {"prefix": "a"}}, 'facts["task"].startsWith("a")'),
        ({"task": {"contains": "a"}}, 'facts["task"].contains("a")'),
        ({"tags": {"contains": "a"}}, '"a" in facts["tags"]'),
        ({"task": {"matches": "a|b."}}, 'facts["task"].matches("^(?:a|b[^\\\\n\\\\r])$")'),
        ({"task": {"exists": True}}, '"task" in facts'),
        ({"task": {"exists": False}}, '!("task" in facts)'),
        (
            {"eu": True, "any": [{"task": "a"}, {"not": {"task": "b", "input": 1}}]},
            'facts["eu"] == true && (facts["task"] == "a" || !(facts["task"] == "b" && facts["input"] == 1))',
        ),
        (
            {"time": [{"days": ["sat"], "start": "22:00", "end": "01:00", "timezone": "Asia/Tokyo"}]},
            f'((facts["time"].getDayOfWeek({ZONE}) in [6] && {SECONDS} >= 79200)'
            f' || (facts["time"].getDayOfWeek({ZONE}) in [0] && {SECONDS} < 3600))',
        ),
    ],
)
def test_a_condition_is_written_in_cel(when, expression):
    """The expression is true exactly where the condition is; a missing fact is an error there."""
    assert to_cel(parse(when, types=TYPES)) == expression
