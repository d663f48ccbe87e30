"""A report as one page: nothing is fetched, nothing runs, and whatever an answer held is text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from .folding import folded
from .style import STYLE
from .text import counted, standing

_OPEN = 3
_RESULTS = ("passed", "failed", "errored", "skipped", "disabled")


def as_html(report: Mapping[str, Any]) -> str:
    """Return `report` as a page: what is met first, then failures, then every requirement with its cases."""
    about = report["implementation"]
    title = f"{about['name']} {about['version']}"
    head = (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        f"<title>{_text(title)}: Open Token Budget conformance</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>"
    )
    parts = (_header, _profiles, _failures, _requirements, _again)
    body = "\n".join(line for part in parts for line in part(report))
    return f"{head}\n{body}\n</main>\n</body>\n</html>\n"


def _header(report: Mapping[str, Any]) -> Iterator[str]:
    about, suite = report["implementation"], report["suite"]
    claimed = [profile for profile in report["profiles"] if profile["claimed"]]
    met = [profile for profile in claimed if profile["met"]]
    if not claimed:
        verdict, kind = "Nothing is claimed", "none"
    elif len(met) == len(claimed):
        verdict, kind = "Every claimed profile is met", "passed"
    else:
        verdict, kind = f"{len(met)} of {len(claimed)} claimed profiles are met", "failed"
    details = [about["language"]] if "language" in about else []
    details += [about["url"]] if "url" in about else []
    yield '<header>\n<p class="kicker">Open Token Budget · conformance</p>'
    yield f'<h1>{_text(about["name"])} <span class="version">{_text(about["version"])}</span></h1>'
    if details:
        yield f'<p class="about">{_text(" · ".join(details))}</p>'
    yield f'<p class="verdict {kind}">{verdict}</p>'
    tally = {result: sum(case["result"] == result for case in report["cases"]) for result in _RESULTS}
    asked = len(report["cases"])
    yield _bar(tally, asked)
    words = [
        f'<span class="key {result}">{tally[result]} {result}</span>' for result in _RESULTS if tally[result]
    ]
    yield f'<p class="keys">{asked} of {suite["cases"]} cases asked: {" ".join(words) or "none"}</p>\n</header>'


def _bar(tally: Mapping[str, int], whole: int) -> str:
    parts = (
        f'<span class="{result}" style="flex-grow:{tally[result]}"></span>'
        for result in _RESULTS
        if tally.get(result)
    )
    left = whole - sum(tally.get(result, 0) for result in _RESULTS)
    rest = f'<span class="unasked" style="flex-grow:{left}"></span>' if left > 0 else ""
    return f'<div class="bar" aria-hidden="true">{"".join(parts)}{rest}</div>'


def _profiles(report: Mapping[str, Any]) -> Iterator[str]:
    yield '<section>\n<h2>Profiles</h2>\n<div class="profiles">'
    for profile in report["profiles"]:
        if not profile["core"]["cases"] and not profile["claimed"]:
            continue
        yield f'<article class="{_kind(profile)}">'
        yield f'<h3>{_text(profile["id"])}<span class="mark">{standing(profile)}</span></h3>'
        yield _bar(profile["core"], profile["core"]["cases"])
        yield f"<p>core: {counted(profile['core'])}</p>"
        for feature in profile.get("features", ()):
            yield f"<p>{_text(feature['id'])}: {counted(feature['extended'])}, {standing(feature)}</p>"
        yield "</article>"
    empty = [profile["id"] for profile in report["profiles"] if not profile["core"]["cases"]]
    yield "</div>"
    if empty:
        yield f'<p class="about">No cases yet: {", ".join(empty)}.</p>'
    yield "</section>"


def _kind(profile: Mapping[str, Any]) -> str:
    if not profile["claimed"]:
        return "none"
    return "passed" if profile["met"] else "failed"


def _failures(report: Mapping[str, Any]) -> Iterator[str]:
    if not report["failures"]:
        return
    cases = {case["id"]: case for case in report["cases"]}
    shows: dict[str, list[str]] = {}
    for requirement in report["requirements"]:
        for case in requirement["cases"]:
            shows.setdefault(case, []).append(requirement["id"])
    yield f"<section>\n<h2>Failures <small>{len(report['failures'])}</small></h2>"
    for number, failure in enumerate(report["failures"]):
        case = cases.get(failure["case"], {})
        ids = " ".join(shows.get(failure["case"], ()))
        opened = " open" if number < _OPEN else ""
        yield f'<details class="failure" id="{_text(failure["case"])}"{opened}>'
        yield f"<summary>{_key(failure['result'])} <code>{_text(failure['case'])}</code>"
        yield f'<span class="ids">{_text(ids)}</span></summary>'
        yield f'<p class="title">{_text(failure.get("title", ""))}</p>'
        yield f'<p class="about">{_text(case.get("path", ""))}</p>'
        yield from _fault(failure)
        yield from _mismatches(failure)
        if "minimised" in failure:
            yield from _minimised(failure["minimised"])
        yield "</details>"
    yield "</section>"


def _fault(failure: Mapping[str, Any]) -> Iterator[str]:
    if "fault" not in failure:
        return
    fault = failure["fault"]
    at = f"at step {failure['step']}, {failure['op']}: " if "step" in failure else ""
    yield f"<p>{_text(at)}<code>{_text(fault['code'])}</code> {_text(fault['message'])}</p>"
    if "stderr" in fault:
        yield f"<h4>standard error</h4><pre>{_text(fault['stderr'])}</pre>"


def _mismatches(failure: Mapping[str, Any]) -> Iterator[str]:
    if "mismatches" not in failure:
        return
    yield '<div class="wide"><table><thead>'
    yield "<tr><th>step</th><th>expectation</th><th>expected</th><th>found</th></tr></thead><tbody>"
    for one in failure["mismatches"]:
        where = f"{_text(one['expectation'])} <code>{_text(one['pointer'] or 'whole answer')}</code>"
        cells = (f"{one['step']} {_text(one['op'])}", where, _value(one, "expected"), _value(one, "found"))
        yield f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"
    yield "</tbody></table></div>"


def _value(mismatch: Mapping[str, Any], name: str) -> str:
    return f"<code>{_text(mismatch[name])}</code>" if name in mismatch else "<i>nothing</i>"


def _minimised(minimised: Mapping[str, Any]) -> Iterator[str]:
    words = {
        "fails": "What still fails, made small",
        "passes": "Asked alone, in a fresh process, it passes: something asked before it matters",
        "not-asked": "What was asked until then",
    }
    yield f"<h4>{words[minimised.get('alone', 'not-asked')]}</h4>"
    if "mismatch" in minimised:
        one = minimised["mismatch"]
        where = f"<code>{_text(one['pointer'] or 'the whole answer')}</code>"
        yield f"<p>expected {_value(one, 'expected')}, found {_value(one, 'found')} at {where}</p>"
    shown = {key: minimised[key] for key in ("given", "steps") if key in minimised}
    yield f"<pre>{_text(folded(shown))}</pre>"


def _requirements(report: Mapping[str, Any]) -> Iterator[str]:
    if not report["requirements"]:
        return
    results = {case["id"]: case["result"] for case in report["cases"]}
    failing = {failure["case"] for failure in report["failures"]}
    yield f'<section>\n<h2>Requirements <small>{len(report["requirements"])}</small></h2>\n<table class="all"><tbody>'
    for requirement in report["requirements"]:
        cases = " ".join(_case(case, results.get(case, ""), case in failing) for case in requirement["cases"])
        name = f"<code>{_text(requirement['id'])}</code>"
        yield f"<tr><td>{name}</td><td>{_key(requirement['result'])}</td>"
        yield f'<td class="cases">{cases}</td></tr>'
    yield "</tbody></table>\n</section>"


def _key(result: str) -> str:
    return f'<span class="key {_text(result)}">{_text(result)}</span>'


def _case(case: str, result: str, linked: bool) -> str:
    name = f'<span class="{_text(result)}">{_text(case)}</span>'
    return f'<a href="#{_text(case)}">{name}</a>' if linked else name


def _again(report: Mapping[str, Any]) -> Iterator[str]:
    suite, again = report["suite"], report["reproduce"]
    yield f"<section>\n<h2>Reproduce</h2>\n<pre>{_text(again['command'])}</pre>\n<dl>"
    rows = [
        ("suite", f"{suite['version']}, {suite['cases']} cases"),
        ("digest", suite["digest"]),
        ("seed", again["seed"]),
    ]
    if "zoo" in suite:
        zoo = suite["zoo"]
        rows.append(("the suite itself", f"{zoo['caught']} of {zoo['routers']} faulty routers caught"))
    ending = report.get("ending", {})
    if "exit_code" in ending:
        rows.append(("exit code", str(ending["exit_code"])))
    if "fault" in ending:
        rows.append(("at its end", f"{ending['fault']['code']}: {ending['fault']['message']}"))
    yield from (f"<dt>{_text(name)}</dt><dd>{_text(value)}</dd>" for name, value in rows)
    yield "</dl>\n</section>"


def _text(value: object) -> str:
    return escape(str(value)).encode("utf-8", "backslashreplace").decode()
