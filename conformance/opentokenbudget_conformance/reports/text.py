"""A report in lines, for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..visible import visible

_SHOWN = 10
_LONGEST_LINE = 140_000
"""More than the longest command and what stands before it."""


def as_text(report: Mapping[str, Any], *, failures: int = _SHOWN) -> str:
    """Return `report` in lines: what is met first, then what is wrong, then how to see it again."""
    # A stored report may hold what a terminal would act on.
    return "\n".join(visible(line, _LONGEST_LINE) for line in _lines(report, failures))


def standing(part: Mapping[str, Any]) -> str:
    """Return in words whether a profile or a feature is claimed and met."""
    tally = part.get("core") or part["extended"]
    if part["claimed"]:
        if not tally["cases"]:
            return "no cases yet"
        return "met" if part["met"] else "not met"
    return "not claimed"


def counted(tally: Mapping[str, int]) -> str:
    """Return in words how many cases of how many passed, and what became of the others."""
    asked = sum(tally[result] for result in ("passed", "failed", "skipped", "errored", "disabled"))
    others = [
        f"{tally[result]} {result}"
        for result in ("failed", "errored", "skipped", "disabled")
        if tally[result]
    ]
    if asked < tally["cases"]:
        others.append(f"{tally['cases'] - asked} not asked")
    return f"{tally['passed']} of {tally['cases']}" + (f" ({', '.join(others)})" if others else "")


def _lines(report: Mapping[str, Any], shown: int) -> Iterator[str]:
    about, suite = report["implementation"], report["suite"]
    language = f" ({about['language']})" if "language" in about else ""
    yield f"{about['name']} {about['version']}{language}, by suite {suite['version']} of {suite['cases']} cases"
    for profile in report["profiles"]:
        asked = any(
            profile["core"][result] for result in ("passed", "failed", "skipped", "errored", "disabled")
        )
        if profile["claimed"] or asked:
            yield f"  {profile['id']:<12} {standing(profile):<12} {counted(profile['core'])}"
        for feature in profile.get("features", ()):
            if feature["claimed"]:
                name = f"{profile['id']}/{feature['id']}"
                yield f"  {name:<12} {standing(feature):<12} {counted(feature['extended'])}"
    if not any(profile["claimed"] for profile in report["profiles"]):
        yield "  nothing is claimed"
    for failure in report["failures"][:shown]:
        yield from _failure(failure)
    hidden = len(report["failures"]) - shown
    if hidden > 0:
        yield f"... and {hidden} more failures"
    if "fault" in report.get("ending", {}):
        fault = report["ending"]["fault"]
        yield f"at its end: {fault['code']}: {fault['message']} (OTB-CONF-008)"
    zoo = suite.get("zoo")
    if zoo is not None:
        yield f"the suite itself: {zoo['caught']} of {zoo['routers']} faulty routers caught"
    yield f"digest {suite['digest']}"
    yield f"again: {report['reproduce']['command']}"


def _failure(failure: Mapping[str, Any]) -> Iterator[str]:
    yield f"{failure['result']} {failure['case']}"
    if "title" in failure:
        yield f"  {failure['title']}"
    if "fault" in failure:
        at = f"step {failure['step']} {failure['op']}: " if "step" in failure else ""
        yield f"  {at}{failure['fault']['code']}: {failure['fault']['message']}"
        for line in failure["fault"].get("stderr", "").splitlines()[-5:]:
            yield f"    | {line}"
    for mismatch in failure.get("mismatches", ()):
        where = f"{mismatch['expectation']} {mismatch['pointer'] or '(whole)'}"
        yield f"  step {mismatch['step']} {mismatch['op']}: {where}"
        yield f"    expected {_short(mismatch.get('expected', 'nothing'))}"
        yield f"    found    {_short(mismatch.get('found', 'nothing'))}"


def _short(text: str) -> str:
    return text if len(text) <= 200 else f"{text[:200]}..."
