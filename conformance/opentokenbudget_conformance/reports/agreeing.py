"""Whether a stored report says one thing alone: its verdicts are those of its own numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

_RESULTS = ("passed", "failed", "skipped", "errored", "disabled")


def contradiction(report: Mapping[str, Any]) -> str:
    """Return the first thing that `report`, of the right form, says against itself; "" when it does not.

    A profile is met when it is claimed, has core cases, and all of them have passed (90-conformance.md).
    """
    return next(_contradictions(report), "")


def _contradictions(report: Mapping[str, Any]) -> Iterator[str]:
    names = [profile["id"] for profile in report["profiles"]]
    if len(set(names)) < len(names):
        yield "a profile stands in it twice"
    counted = Counter((case["profile"], case.get("feature"), case["result"]) for case in report["cases"])
    for profile in report["profiles"]:
        name = profile["id"]
        yield from _of_part(profile, profile["core"], f"the profile `{name}`", (name, None), counted)
        for feature in profile.get("features", ()):
            said, key = f"the feature `{feature['id']}`", (name, feature["id"])
            yield from _of_part(feature, feature["extended"], said, key, counted)
    for case in report["cases"]:
        if case["profile"] not in names:
            yield f"the case `{case['id']}` is of the profile `{case['profile']}`, which is not in it"
    bad = sorted(case["id"] for case in report["cases"] if case["result"] in ("failed", "errored"))
    if bad != sorted(failure["case"] for failure in report["failures"]):
        yield "its failures are not its cases that failed or errored"


def _of_part(
    part: Mapping[str, Any],
    tally: Mapping[str, int],
    said: str,
    key: tuple[str, str | None],
    counted: Mapping[tuple[str, str | None, str], int],
) -> Iterator[str]:
    if part["met"] != (part["claimed"] and 0 < tally["cases"] == tally["passed"]):
        verdict = "is met" if part["met"] else "is not met"
        yield f"{said} {verdict}, with {tally['passed']} of {tally['cases']} cases passed"
    for result in _RESULTS:
        if tally[result] != counted[(*key, result)]:
            yield f"{said} counts {tally[result]} cases as {result}, and lists {counted[(*key, result)]}"
