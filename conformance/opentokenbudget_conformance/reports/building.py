"""Builds a report: the same data for the same answers, suite and seed. No instant, no duration, no path of ours."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from opentokenbudget.documents import read

from ..asking import Fault
from ..cases import Case
from ..claims import FEATURES, PROFILES, PROTOCOL, Claims
from ..judging import ABSENT, Mismatch
from ..program import Ending
from ..running import RESULTS, CaseResult
from ..suite import Suite
from ..visible import as_json, visible

Report = dict[str, Any]

_COUNTED = ("passed", "failed", "skipped", "errored", "disabled")
_MISMATCHES = 20


def build_report(
    suite: Suite,
    claims: Claims,
    results: Sequence[CaseResult],
    *,
    ending: Ending,
    command: str,
    seed: str,
    minimised: Mapping[str, Mapping[str, Any]] | None = None,
) -> Report:
    """Return the report on `results`, in the form of report.schema.json.

    Args:
        suite: all of it, whatever was asked.
        claims: of the driver.
        results: of the cases that were chosen, by path.
        ending: how the driver ended.
        command: what runs all of this again.
        seed: what the order of the cases was drawn from.
        minimised: by case id: what still shows its failure.
    """
    about = {"name": claims.name, "version": claims.version, "language": claims.language, "url": claims.url}
    judged_by: Report = {"version": suite.version, "digest": suite.digest, "cases": len(suite.cases)}
    if suite.zoo is not None:
        judged_by["zoo"] = suite.zoo._asdict()
    report: Report = {
        "otb": "1.0",
        "kind": "report",
        "protocol": PROTOCOL,
        "implementation": {key: value for key, value in about.items() if value},
        "suite": judged_by,
        "reproduce": {"command": command, "seed": seed},
    }
    if ending.exit_code is not None or ending.fault is not None:
        report["ending"] = _ending(ending)
    by_path = {result.case.path: result for result in results}
    report["profiles"] = [_profile(profile, suite.cases, by_path, claims) for profile in PROFILES]
    report["requirements"] = _requirements(results)
    report["cases"] = [_case(result) for result in results]
    report["failures"] = [
        _failure(result, (minimised or {}).get(result.case.id))
        for result in results
        if result.result in ("failed", "errored")
    ]
    return report


def mismatch_form(step: int, op: str, mismatch: Mismatch) -> Report:
    """Return a mismatch of the answer to the step `step`, its values as JSON text."""
    form: Report = {
        "step": step,
        "op": op,
        "expectation": mismatch.expectation,
        "pointer": visible(mismatch.pointer),
    }
    for name, value in (("expected", mismatch.expected), ("found", mismatch.found)):
        if value is not ABSENT:
            form[name] = as_json(value)
    return form


def fault_form(fault: Fault) -> Report:
    """Return a fault, without standard error when that was silent."""
    form = {"code": fault.code, "message": visible(fault.message)}
    return {**form, "stderr": fault.stderr} if fault.stderr else form


def _ending(ending: Ending) -> Report:
    form: Report = {} if ending.exit_code is None else {"exit_code": ending.exit_code}
    return form if ending.fault is None else {**form, "fault": fault_form(ending.fault)}


def _profile(
    profile: str, cases: Iterable[Case], results: Mapping[str, CaseResult], claims: Claims
) -> Report:
    mine = [case for case in cases if case.profile == profile]
    core = _tally((case for case in mine if not case.features), results)
    form: Report = {"id": profile, **_standing(profile in claims.profiles, core), "core": core}
    features = [
        (feature, _tally((case for case in mine if feature in case.features), results))
        for feature, extended in FEATURES.items()
        if extended == profile
    ]
    if features:
        form["features"] = [
            {"id": feature, **_standing(feature in claims.features, tally), "extended": tally}
            for feature, tally in features
        ]
    return form


def _standing(claimed: bool, tally: Mapping[str, int]) -> Report:
    """Return whether something is claimed and met; what no case shows is never met."""
    return {"claimed": claimed, "met": claimed and 0 < tally["cases"] == tally["passed"]}


def _tally(cases: Iterable[Case], results: Mapping[str, CaseResult]) -> dict[str, int]:
    listed = list(cases)
    counts = Counter(results[case.path].result for case in listed if case.path in results)
    return {"cases": len(listed), **{result: counts[result] for result in _COUNTED}}


def _requirements(results: Iterable[CaseResult]) -> list[Report]:
    found: dict[str, list[CaseResult]] = {}
    for result in results:
        for requirement in result.case.requirements:
            found.setdefault(requirement, []).append(result)
    return [
        {
            "id": requirement,
            "result": min((one.result for one in found[requirement]), key=RESULTS.index),
            "cases": [one.case.id for one in found[requirement]],
        }
        for requirement in sorted(found)
    ]


def _case(result: CaseResult) -> Report:
    case = result.case
    form: Report = {"id": case.id, "path": case.path, "profile": case.profile}
    if case.features:
        form["feature"] = case.features[0]
    form["result"] = result.result
    reason = result.disabled if result.result == "disabled" else result.skipped
    return (
        {**form, "reason": visible(reason)} if reason and result.result in ("disabled", "skipped") else form
    )


def _failure(result: CaseResult, minimised: Mapping[str, Any] | None) -> Report:
    case = result.case
    form: Report = {"case": case.id, "title": case.title, "result": result.result}
    if result.fault is not None:
        if result.at_step >= 0:
            form |= {"step": result.at_step, "op": case.steps[result.at_step].op}
        form["fault"] = fault_form(result.fault)
    else:
        form["mismatches"] = [
            mismatch_form(index, case.steps[index].op, mismatch)
            for index, mismatch in result.mismatches[:_MISMATCHES]
        ]
    # What a report holds can be read by every reader of documents, whatever an answer was.
    if minimised is not None and not read(json.dumps(minimised).encode(), file="a.json").problems:
        form["minimised"] = dict(minimised)
    return form
