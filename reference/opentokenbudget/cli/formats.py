"""Problems as text for people, as JSON, and in the forms of code scanners, test reports and GitHub's log.

What comes from documents and file names can end nothing here and begin nothing: control characters are shown as
escapes, and each form has its own characters escaped besides.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from typing import TYPE_CHECKING, Any

from ..problems import Place, Problem

if TYPE_CHECKING:
    from .checking import Checked

FORMATS = ("text", "json", "sarif", "junit", "github")

# Build servers take these as commands wherever they stand in a line: `##[…]`, `##vso[…]`, `##teamcity[…]`.
_COMMAND = re.compile(r"##(?=[a-z]*\[)")
_NAMED = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
_NOWHERE = Place("", 1, 1)


def rendered(
    checked: Checked, form: str, *, strict: bool = False, quiet: bool = False, colour: bool = False
) -> str:
    """Return what was found in the form `form`, one of `FORMATS`; "" for nothing."""
    match form:
        case "json":
            return as_json(checked)
        case "sarif":
            return as_sarif(checked)
        case "junit":
            return as_junit(checked, strict=strict)
        case "github":
            return as_github(checked)
        case _:
            return as_text(checked, quiet=quiet, colour=colour)


def visible(text: str) -> str:
    """Return `text` with everything that is not a plain printable character as an escape."""
    if not text.isprintable():
        text = "".join(character if character.isprintable() else _escape(character) for character in text)
    return _COMMAND.sub(r"#\\x23", text) if "##" in text else text


def line_of(problem: Problem, *, colour: bool = False) -> str:
    """Return `file:line:column code pointer: message (requirement)`, with `warning` before the code of one.

    What has no place has none.
    """
    place = problem.place
    where = "" if place is None else f"{visible(place.file)}:{place.line}:{place.column} "
    if where.lstrip().startswith("::"):
        where = f"./{where}"  # The same file; GitHub takes a line that begins with `::` as a command.
    is_error = problem.severity == "error"
    code = problem.code if is_error else f"warning {problem.code}"
    if colour:
        code = f"\x1b[{31 if is_error else 33}m{code}\x1b[0m"
    pointer = f" {visible(problem.pointer)}" if problem.pointer else ""
    requirement = f" ({problem.requirement})" if problem.requirement else ""
    return f"{where}{code}{pointer}: {visible(problem.message)}{requirement}"


def as_text(checked: Checked, *, quiet: bool = False, colour: bool = False) -> str:
    """Return a line for each problem and one for their number."""
    lines = [line_of(problem, colour=colour) for problem in checked.problems]
    if not quiet and checked.files:
        ok = "" if checked.problems or checked.unopened else "ok: "
        lines.append(
            f"{ok}{_counted(checked.errors, 'error')}, {_counted(checked.warnings, 'warning')}"
            f" in {_counted(len(checked.files), 'file')}"
        )
    return "\n".join(lines)


def as_json(checked: Checked) -> str:
    """Return the problems in their wire form, with their number and the names of the files."""
    import json

    return json.dumps(
        {
            "errors": checked.errors,
            "warnings": checked.warnings,
            "files": list(checked.files),
            "unopened": [{"file": missing.path, "reason": missing.reason} for missing in checked.unopened],
            "problems": [problem.as_json() for problem in checked.problems],
        },
        indent=2,
    )


def as_github(checked: Checked) -> str:
    """Return workflow commands that mark each problem at its line."""
    lines = []
    for problem in checked.problems:
        place = problem.place or _NOWHERE
        requirement = f" ({problem.requirement})" if problem.requirement else ""
        pointer = f"{problem.pointer}: " if problem.pointer else ""
        at = f"file={_property(place.file)},line={place.line},col={place.column}"
        lines.append(
            f"::{problem.severity} {at},title={problem.code}::"
            f"{_command_text(pointer + problem.message + requirement)}"
        )
    for missing in checked.unopened:
        lines.append(
            f"::error file={_property(missing.path)},title=cannot-open::{_command_text(missing.reason)}"
        )
    return "\n".join(lines)


def as_junit(checked: Checked, *, strict: bool = False) -> str:
    """Return a JUnit report with a test case for each file; warnings are failures under `strict`, else output."""
    failed = Counter(
        problem.place.file
        for problem in checked.problems
        if problem.place and (strict or problem.severity == "error")
    )
    tests = len(checked.files) + len(checked.unopened)
    counts = f'tests="{tests}" failures="{len(failed)}" errors="{len(checked.unopened)}"'
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<testsuites name="otb check" {counts}>',
        f'  <testsuite name="otb check" {counts} skipped="0">',
    ]
    for file in checked.files:
        lines.append(f'    <testcase classname="otb.check" name="{_xml(file)}">')
        mine = [problem for problem in checked.problems if problem.place and problem.place.file == file]
        for problem in mine:
            if strict or problem.severity == "error":
                lines.append(
                    f'      <failure type="{_xml(problem.code)}" message="{_xml(problem.message)}">'
                    f"{_xml(line_of(problem))}</failure>"
                )
        told = [_xml(line_of(problem)) for problem in mine if not strict and problem.severity == "warning"]
        if told:
            lines.append(f"      <system-out>{chr(10).join(told)}</system-out>")
        lines.append("    </testcase>")
    for missing in checked.unopened:
        lines.append(f'    <testcase classname="otb.check" name="{_xml(missing.path)}">')
        lines.append(f'      <error type="cannot-open" message="{_xml(missing.reason)}"/>')
        lines.append("    </testcase>")
    lines += ["  </testsuite>", "</testsuites>"]
    return "\n".join(lines)


def as_sarif(checked: Checked) -> str:
    """Return a SARIF 2.1.0 log: the rules that were broken, with help, and a result for each problem."""
    import json

    from .. import __version__
    from .codes import problem_codes

    known = problem_codes()
    broken = list(dict.fromkeys(problem.code for problem in checked.problems))
    driver = {
        "name": "otb check",
        "semanticVersion": __version__,
        "rules": [_rule(code, known.get(code, {})) for code in broken],
    }
    notices = [
        {"level": "error", "message": {"text": _message(f"cannot open {missing.path}: {missing.reason}")}}
        for missing in checked.unopened
    ]
    invocation: dict[str, Any] = {"executionSuccessful": not notices}
    if notices:
        invocation["toolExecutionNotifications"] = notices
    run = {
        "tool": {"driver": driver},
        "invocations": [invocation],
        "columnKind": "unicodeCodePoints",
        "artifacts": [{"location": {"uri": _uri(file)}} for file in checked.files],
        "results": [_result(problem, broken.index(problem.code)) for problem in checked.problems],
    }
    schema = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
    return json.dumps({"$schema": schema, "version": "2.1.0", "runs": [run]}, indent=2)


def _rule(code: str, entry: dict[str, str]) -> dict[str, Any]:
    rule: dict[str, Any] = {"id": code}
    if entry:
        lines = [entry["remedy"], *f"example: {entry['example']}".split("\n")]
        rule["shortDescription"] = {"text": _message(entry["summary"])}
        rule["help"] = {"text": "\n".join(_message(line) for line in lines)}
        rule["defaultConfiguration"] = {"level": entry["severity"]}
    return rule


def _result(problem: Problem, rule: int) -> dict[str, Any]:
    place = problem.place or _NOWHERE
    location: dict[str, Any] = {
        "physicalLocation": {
            "artifactLocation": {"uri": _uri(place.file)},
            "region": {"startLine": place.line, "startColumn": place.column},
        }
    }
    if problem.pointer:
        location["logicalLocations"] = [{"fullyQualifiedName": problem.pointer}]
    result: dict[str, Any] = {
        "ruleId": problem.code,
        "ruleIndex": rule,
        "level": problem.severity,
        "message": {"text": _message(problem.message)},
        "locations": [location],
    }
    if problem.requirement:
        result["properties"] = {"requirement": problem.requirement}
    return result


def _message(text: str) -> str:
    r"""Return plain text for a SARIF message, in which `[…](…)` is a link and `{0}` a placeholder."""
    shown = re.sub(r"([\\\[\]])", r"\\\1", visible(text))
    return re.sub(r"\{(\d+)\}", r"{{\1}}", shown)


def _uri(file: str) -> str:
    """Return a file below the working directory as a relative reference, others in full."""
    from urllib.parse import quote

    if file == "<stdin>":
        return quote(file)
    absolute = os.path.abspath(file)
    relative = os.path.relpath(absolute)
    outside = relative == os.pardir or relative.startswith(os.pardir + os.sep)
    path = (absolute if outside else relative).replace(os.sep, "/")
    try:
        raw = os.fsencode(path)
    except UnicodeEncodeError:
        raw = path.encode("utf-8", "replace")
    return ("file://" if outside else "") + quote(raw)


def _command_text(text: str) -> str:
    return visible(text).replace("%", "%25")


def _property(text: str) -> str:
    return _command_text(text).replace(":", "%3A").replace(",", "%2C")


def _xml(text: str) -> str:
    for character, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;")):
        text = text.replace(character, entity)
    return visible(text)


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _escape(character: str) -> str:
    if character in _NAMED:
        return _NAMED[character]
    code = ord(character)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
