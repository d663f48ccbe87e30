"""How problems of conditions speak of what they found."""

from __future__ import annotations

from collections.abc import Mapping

REQUIREMENTS = {
    "bad-condition": "OTB-COND-001",
    "bad-regex": "OTB-COND-024",
    "bad-window": "OTB-COND-014",
    "condition-too-deep": "OTB-COND-022",
    "empty-condition": "OTB-COND-002",
    "empty-window": "OTB-COND-018",
    "operator-mismatch": "OTB-COND-021",
    "type-mismatch": "OTB-COND-020",
    "unknown-attribute": "OTB-COND-019",
    "unknown-operator": "OTB-COND-003",
    "unknown-zone": "OTB-COND-025",
}
"""The requirement that each problem code of this room reports."""


def kind_of(value: object) -> str:
    """Return what a JSON value is, in words, with the value where it is short."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, str):
        return f"the string `{value[:64]}`"
    if isinstance(value, int):
        return f"the integer `{value}`" if abs(value) < 10**30 else "an integer beyond 30 digits"
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, list | tuple):
        return "a list"
    return "a fraction" if isinstance(value, float) else "no JSON value"


def escaped(key: object) -> str:
    """Return `key` as one step of a JSON pointer."""
    return str(key).replace("~", "~0").replace("/", "~1")
