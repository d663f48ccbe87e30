"""Reports: the same bytes for the same answers, valid, in four forms, and nothing that a router says acts in any."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opentokenbudget.documents import read, schema_problems
from opentokenbudget.driving import Session
from opentokenbudget_conformance.asking import FAULTS, Fault
from opentokenbudget_conformance.cases import Case, Step, load_cases
from opentokenbudget_conformance.claims import FEATURES, PROFILES, Claims
from opentokenbudget_conformance.judging import Mismatch
from opentokenbudget_conformance.minimising import minimise_all
from opentokenbudget_conformance.program import Ending
from opentokenbudget_conformance.reports import FORMS, build_report, rendered
from opentokenbudget_conformance.reports.badge import as_badge
from opentokenbudget_conformance.reports.folding import folded
from opentokenbudget_conformance.running import CaseResult, run_cases
from opentokenbudget_conformance.shrinking import shrink
from opentokenbudget_conformance.suite import Suite, ZooScore, chosen, digest_of, load_suite

ROOT = Path(__file__).parent.parent
CLAIMS = Claims("router", "1.0", "", "", ("documents", "pricing"), ("yaml",))
PAYLOADS = [
    "<script>alert(1)</script>",
    "]]><evil/>",
    '" onload="x',
    "\x1b[31mred",
    "a\x00b\x08\uffff",
    "\ud800",
    "e\u0301\u202e",
    "x" * 100_000,
    "&lt;&#0;",
    "\r\n::set-output",
]


def case(id_: str, *requirements: str, profile: str = "pricing", features: tuple[str, ...] = ()) -> Case:
    step = Step("price", {"model": "a/b"}, {"exact": {"/total": "1"}})
    named = requirements or ("OTB-A-001",)
    return Case(
        id_, f"Rule {id_}", named, "positive", profile, features, "draft", {"seed": "s"}, (step,), f"a/{id_}.yaml",
        {"id": id_},
    )  # fmt: skip


def report_on(*results: CaseResult, claims: Claims = CLAIMS, **more: Any) -> dict[str, Any]:
    """Return the report on `results` by a suite that has their cases alone."""
    cases = tuple(result.case for result in results)
    suite = Suite(cases, "0.1.0", digest_of(cases), ZooScore(3, 3))
    ending = more.pop("ending", Ending(0, None))
    return build_report(suite, claims, results, ending=ending, command="run", seed="otb", **more)


def failed(found: Any, pointer: str = "/total", id_: str = "a") -> CaseResult:
    return CaseResult(case(id_), ({},), ((0, Mismatch("exact", pointer, "1", found)),))


def is_valid(report: Any) -> bool:
    reading = read(json.dumps(report).encode(), file="report.json")
    return not reading.problems and not schema_problems(reading.data, "report")


def test_the_schema_names_what_the_runner_knows() -> None:
    """The faults, profiles and features of the schemas are those of the runner."""
    schema = json.loads((ROOT / "schemas" / "v1" / "report.schema.json").read_text())["$defs"]
    assert tuple(schema["fault"]["properties"]["code"]["enum"]) == FAULTS
    assert set(schema["profileId"]["enum"]) == set(PROFILES)
    assert set(schema["featureId"]["enum"]) == set(FEATURES)


def test_the_page_names_every_fault() -> None:
    """Every code of a fault is explained in the README of the suite."""
    readme = (ROOT / "conformance" / "README.md").read_text(encoding="utf-8")
    assert [code for code in FAULTS if f"`{code}`" not in readme] == []


def test_a_profile_is_met_when_it_is_claimed_and_all_its_core_cases_passed() -> None:
    """One case that is not passed, or not asked, or no claim, or no case at all: then it is not met."""
    passed = CaseResult(case("a"))
    extended = CaseResult(case("e", profile="documents", features=("yaml",)))
    core = CaseResult(case("d", profile="documents"))

    def met(*results: CaseResult, claims: Claims = CLAIMS, **more: Any) -> list[str]:
        report = report_on(*results, claims=claims, **more)
        assert is_valid(report)
        return [profile["id"] for profile in report["profiles"] if profile["met"]]

    assert met(passed) == ["pricing"]
    assert met(passed, core, replace(extended, skipped="no")) == ["documents", "pricing"]
    for other in (failed(1, id_="b"), replace(passed, case=case("b"), disabled="x")):
        assert met(passed, other) == []
    assert met(passed, claims=CLAIMS._replace(profiles=())) == []
    suite = Suite((case("a"), case("b")), "0.1.0", digest_of([]), None)
    partly = build_report(suite, CLAIMS, [passed], ending=Ending(None, None), command="c", seed="s")
    assert not any(profile["met"] for profile in partly["profiles"])
    assert is_valid(partly)


def test_a_feature_is_met_when_all_its_cases_passed() -> None:
    """Extended features are counted beside the core, and neither makes the other fail."""
    extended = CaseResult(case("e", profile="documents", features=("yaml",)))
    report = report_on(extended)
    (documents,) = [profile for profile in report["profiles"] if profile["id"] == "documents"]
    assert documents["features"][0]["met"]
    assert documents["core"]["cases"] == 0
    assert not report_on(replace(extended, skipped="no"))["profiles"][0]["features"][0]["met"]


def test_a_requirement_has_the_worst_result_of_its_cases() -> None:
    """errored, failed, disabled, skipped, passed: the first of them that there is."""
    results = [
        CaseResult(case("p", "OTB-A-001", "OTB-A-002", "OTB-A-003", "OTB-A-004", "OTB-A-005")),
        CaseResult(case("s", "OTB-A-002", "OTB-A-003", "OTB-A-004", "OTB-A-005"), skipped="no"),
        CaseResult(case("d", "OTB-A-003", "OTB-A-004", "OTB-A-005"), disabled="why"),
        replace(failed(1), case=case("f", "OTB-A-004", "OTB-A-005")),
        CaseResult(case("e", "OTB-A-005"), fault=Fault("ended", "it ended")),
    ]
    report = report_on(*results)
    assert [row["result"] for row in report["requirements"]] == [
        "passed",
        "skipped",
        "disabled",
        "failed",
        "errored",
    ]
    assert report["requirements"][1]["cases"] == ["p", "s"]


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}


@pytest.mark.parametrize("payload", PAYLOADS, ids=range(len(PAYLOADS)))
def test_nothing_that_a_router_says_acts(payload: str) -> None:
    """Whatever stands in an answer, a reason or standard error is text in every form, and the report is valid."""
    fault = Fault("ended", payload or "x", payload[:4000].replace("\ud800", "").replace("\x00", ""))
    hostile = [
        failed({payload: [payload]}, f"/{payload}"),
        CaseResult(case("b"), skipped=payload),
        CaseResult(case("c"), disabled=payload),
    ]
    errored = CaseResult(case("d"), fault=fault._replace(stderr=""))
    minimised = {"a": {"steps": [{"op": "price", "args": {"x": payload}}]}}
    report = report_on(*hostile, errored, ending=Ending(1, fault._replace(stderr="")), minimised=minimised)
    assert is_valid(report)
    for form in ("text", *FORMS):
        text = rendered(report, form)
        assert text.isascii() or "\ud800" not in text
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f\u202e]", text)
        assert "::set-output" not in [line[:12] for line in text.splitlines()]
    ElementTree.fromstring(rendered(report, "junit"))
    page = _Tags()
    page.feed(rendered(report, "html"))
    assert not page.tags & {"script", "evil", "img", "link", "iframe"}
    assert not any(name.startswith("on") or name == "src" for name in page.attributes)


def test_a_page_fetches_nothing() -> None:
    """The page is one file: no address is loaded, and its own policy says so."""
    html = rendered(report_on(failed("2")), "html")
    assert "default-src &#x27;none&#x27;" in html or "default-src 'none'" in html
    assert not re.search(r"(src=|url\(|@import|https?://)", html)


def test_junit_counts_what_there_is() -> None:
    """Failures, errors and skips stand where build servers look for them."""
    report = report_on(
        failed("2"),
        CaseResult(case("b"), skipped="no"),
        CaseResult(case("c"), fault=Fault("ended", "it ended", "trace")),
        CaseResult(case("d")),
    )
    root = ElementTree.fromstring(rendered(report, "junit"))
    (suite,) = root
    assert {name: suite.get(name) for name in ("tests", "failures", "errors", "skipped")} == {
        "tests": "4",
        "failures": "1",
        "errors": "1",
        "skipped": "1",
    }
    assert suite.find("testcase/error").text == "trace"


@pytest.mark.parametrize(
    ("profiles", "results", "message", "color"),
    [
        ((), (CaseResult(case("a")),), "nothing claimed", "lightgrey"),
        (("pricing",), (CaseResult(case("a")),), "pricing", "brightgreen"),
        (("pricing",), (failed("2"),), "0 of 1 profiles met", "red"),
        (("pricing", "value"), (CaseResult(case("a")),), "1 of 2 profiles met", "orange"),
    ],
)
def test_a_badge_says_what_is_met(
    profiles: tuple[str, ...], results: tuple[CaseResult, ...], message: str, color: str
) -> None:
    """A badge is green when every claim is met, and never when nothing is claimed."""
    badge = as_badge(report_on(*results, claims=CLAIMS._replace(profiles=profiles)))
    assert badge == {"schemaVersion": 1, "label": "open token budget", "message": message, "color": color}


def test_the_digest_is_that_of_the_cases() -> None:
    """Order of loading is no matter, one changed letter of one case is."""
    one, other = case("a"), case("b")
    assert digest_of([one, other]) == digest_of([other, one])
    assert digest_of([one]) != digest_of([replace(one, document={"id": "A"})])
    assert re.fullmatch("sha256:[0-9a-f]{64}", load_suite().digest)


def test_cases_are_chosen_by_claim_or_by_name() -> None:
    """Without names the cases of claimed profiles and features are asked; with names those that meet all."""
    cases = [
        case("a"),
        case("b", "OTB-A-002"),
        case("v", profile="value"),
        case("y", profile="documents", features=("yaml",)),
    ]

    def ids(claims: Claims = CLAIMS, **named: Any) -> str:
        return "".join(one.id for one in chosen(cases, claims, **named))

    assert ids() == "aby"
    assert ids(CLAIMS._replace(features=())) == "ab"
    assert ids(profiles=("value",)) == "v"
    assert ids(ids=("v", "a")) == "av"
    assert ids(requirement="OTB-A-002") == "b"
    assert ids(requirement="OTB-A-002", profiles=("value",)) == ""


class Doubling(Session):
    """The reference, but for one bug: more than ten tokens are billed twice."""

    def step(self, op: str, args: Mapping[str, Any]) -> Any:
        if op == "price" and args["usage"].get("input", 0) > 10:
            args = {**args, "usage": {**args["usage"], "input": args["usage"]["input"] * 2}}
        return super().step(op, args)


def test_a_failure_is_made_small() -> None:
    """What is left shows the bug and nothing else: one model, one rate, the smallest usage, one expectation."""
    cases = [one for one in load_cases() if one.id == "a-tie-is-rounded-to-even"]
    document = cases[0].given
    steps = (
        Step("lifecycle", {"model": "a/b", "at": "2026-11-23T12:00:00Z"}, {"absent": ["/nothing"]}),
        Step(
            "price",
            {"model": "a/b", "usage": {"input": 5000}, "at": "2026-11-23T12:00:00Z"},
            {"exact": {"/lines/0/quantity": 5000, "/lines/0/meter": "input"}},
        ),
    )
    results = run_cases([replace(cases[0], steps=steps, given=document)], Doubling())
    assert results[0].result == "failed"
    (small,) = minimise_all(results, Doubling(), Session()).values()
    assert small["alone"] == "fails"
    (step,) = small["steps"]
    assert step["args"]["usage"] == {"input": 11}
    assert len(step["expect"]) == 1
    assert small == next(iter(minimise_all(results, Doubling(), Session()).values()))
    untouched = next(iter(minimise_all(results, Doubling(), None).values()))
    assert untouched["given"] == document
    assert len(untouched["steps"]) == 1
    assert is_valid(report_on(*results, minimised={results[0].case.id: small}))


def test_a_failure_that_does_not_show_again_is_said_to() -> None:
    """Where the case passes alone, it is told, and shown as it was asked."""
    cases = [one for one in load_cases() if one.id == "a-tie-is-rounded-to-even"]
    (result,) = run_cases(cases, Session())
    wrong = replace(result, mismatches=((0, Mismatch("decimal", "/total", "0", "1")),))
    (small,) = minimise_all([wrong], Session(), Session()).values()
    assert small["alone"] == "passes"


def test_tries_are_bounded() -> None:
    """With no tries left a failure is only cut short."""
    (small,) = minimise_all([failed("2")], Session(), Session(), tries=0).values()
    assert small["alone"] == "not-asked"
    assert small["steps"] == [{"op": "price", "args": {"model": "a/b"}, "expect": {"exact": {"/total": "1"}}}]


values = st.recursive(
    st.none() | st.booleans() | st.integers(-1000, 1000) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4),
    max_leaves=12,
)


def leaves(value: Any) -> list[Any]:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return [value] if inner is None else [leaf for item in inner for leaf in leaves(item)]


@settings(max_examples=100)
@given(values, st.integers(0, 200))
def test_what_is_shrunk_still_holds_and_is_never_asked_too_often(value: Any, budget: int) -> None:
    """The result holds what must, is no larger, is the same each time, and costs no more tries than allowed."""
    asked = []

    def still(candidate: Any) -> bool:
        asked.append(candidate)
        return any(leaf == 7 or leaf is True or leaf == "x" for leaf in leaves(candidate))

    start = {"here": value, "there": [7]}
    small = shrink(start, still, budget)
    assert len(asked) <= budget
    assert still(small)
    assert len(json.dumps(small)) <= len(json.dumps(start))
    assert shrink(start, still, budget) == small


@pytest.mark.parametrize(
    ("value", "still", "small"),
    [
        ({"a": [1, 2, 300], "b": 5}, lambda value: len(value.get("a", [])) > 1, {"a": [0, 0]}),
        ([5, -1000], lambda value: len(value) == 2 and value[1] < -17, [0, -18]),
        ({"a": "hello world"}, lambda value: "w" in value.get("a", ""), {"a": "w"}),
        ({"a": "123.5"}, lambda value: value.get("a", "").isdigit() or value.get("a") == "123.5", {"a": "0"}),
        ({"a": True}, lambda value: "a" in value, {"a": False}),
    ],
)  # fmt: skip
def test_a_value_is_shrunk_to_what_is_needed(value: Any, still: Any, small: Any) -> None:
    """Nothing of the result can be left out, shortened or brought nearer to nothing."""
    assert shrink(value, still, 1000) == small


@given(values)
def test_folded_json_is_the_same_json(value: Any) -> None:
    """Breaking lines changes nothing of what is read."""
    assert json.loads(folded({"a": value, "b": [value] * 3})) == {"a": value, "b": [value] * 3}


def test_a_report_is_the_same_bytes_whatever_the_order() -> None:
    """Two runs of one seed give the same bytes in every form, and other seeds differ in the seed alone."""
    cases = load_cases()[:40]
    suite = Suite(cases, "0.1.0", digest_of(cases), None)

    def report(seed: str) -> dict[str, Any]:
        results = run_cases(cases, Session(), seed=seed)
        return build_report(suite, CLAIMS, results, ending=Ending(0, None), command="run", seed=seed)

    first = report("otb")
    assert [rendered(first, form) for form in FORMS] == [rendered(report("otb"), form) for form in FORMS]
    assert {**report("other"), "reproduce": 0} == {**first, "reproduce": 0}
