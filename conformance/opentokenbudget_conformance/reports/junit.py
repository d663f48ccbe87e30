"""A report as JUnit XML, for build servers: a suite for each profile, a test for each case."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from xml.sax.saxutils import escape

# What XML 1.0 cannot hold, not even escaped.
_ILLEGAL = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_QUOTES = {'"': "&quot;", "\n": "&#10;", "\r": "&#13;", "\t": "&#9;"}


def as_junit(report: Mapping[str, Any]) -> str:
    """Return `report` as JUnit XML; what XML cannot hold is replaced by U+FFFD."""
    return "\n".join(_lines(report)) + "\n"


def _lines(report: Mapping[str, Any]) -> Iterator[str]:
    failures = {failure["case"]: failure for failure in report["failures"]}
    about = report["implementation"]
    yield '<?xml version="1.0" encoding="UTF-8"?>'
    yield f"<testsuites name={_quoted(about['name'] + ' ' + about['version'])} {_counts(report['cases'])}>"
    for profile in report["profiles"]:
        cases = [case for case in report["cases"] if case["profile"] == profile["id"]]
        if not cases:
            continue
        yield f"  <testsuite name={_quoted(profile['id'])} {_counts(cases)}>"
        for case in cases:
            yield from _case(case, failures.get(case["id"]))
        yield "  </testsuite>"
    yield "</testsuites>"


def _counts(cases: list[Mapping[str, Any]]) -> str:
    results = [case["result"] for case in cases]
    skipped = results.count("skipped") + results.count("disabled")
    failed, errored = results.count("failed"), results.count("errored")
    return f'tests="{len(cases)}" failures="{failed}" errors="{errored}" skipped="{skipped}"'


def _case(case: Mapping[str, Any], failure: Mapping[str, Any] | None) -> Iterator[str]:
    head = f"    <testcase classname={_quoted(case['profile'])} name={_quoted(case['id'])}"
    inside = list(_inside(case, failure))
    if not inside:
        yield f"{head}/>"
        return
    yield f"{head}>"
    yield from inside
    yield "    </testcase>"


def _inside(case: Mapping[str, Any], failure: Mapping[str, Any] | None) -> Iterator[str]:
    if case["result"] in ("skipped", "disabled"):
        reason = f"{case['result']}: {case['reason']}" if "reason" in case else case["result"]
        yield f"      <skipped message={_quoted(reason)}/>"
    if failure is None:
        return
    if "fault" in failure:
        fault = failure["fault"]
        message = f"message={_quoted(fault['message'])} type={_quoted(fault['code'])}"
        yield f"      <error {message}>{_plain(fault.get('stderr', ''))}</error>"
    mismatches = failure.get("mismatches", ())
    if mismatches:
        first = mismatches[0]
        head = f"{first['expectation']} {first['pointer'] or '(whole)'}"
        body = "\n".join(
            f"step {one['step']} {one['op']}: {one['expectation']} {one['pointer'] or '(whole)'}:"
            f" expected {one.get('expected', 'nothing')}, found {one.get('found', 'nothing')}"
            for one in mismatches
        )
        yield f"      <failure message={_quoted(head)} type={_quoted(first['expectation'])}>{_plain(body)}</failure>"


def _plain(text: str) -> str:
    return escape(_ILLEGAL.sub("�", text), {"\r": "&#13;"})


def _quoted(text: str) -> str:
    return '"' + escape(_ILLEGAL.sub("�", text), _QUOTES) + '"'
