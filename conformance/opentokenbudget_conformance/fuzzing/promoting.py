"""Promotion: a difference that was settled becomes a case, with the answers of the program that is right."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence as Many
from typing import Any

import yaml

from ..asking import Result, Skipped
from ..cases import read_case
from ..visible import as_json, visible
from .comparing import Router, answers_to
from .sequences import Sequence

_PROFILES = {
    "price": "pricing",
    "bounds": "pricing",
    "lifecycle": "pricing",
    "weigh": "value",
    "classify": "classifiers",
    "decide": "routing",
    "next": "cascade",
}
_HEAD = "# yaml-language-server: $schema=../../../schemas/v1/case.schema.json\n"


class CannotPromote(Exception):
    """The program that is right did not answer all of the sequence, or so that it makes no case."""


def promoted(
    sequence: Sequence, right: Router, *, case_id: str, title: str, requirements: Many[str], polarity: str
) -> str:
    """Return the text of a case that asks `sequence` and expects the answers of `right`.

    Raises:
        CannotPromote: it skipped a step, or failed, or what it answered makes no case.
    """
    steps = []
    for (op, args), answer in zip(sequence.steps, answers_to(sequence, right), strict=False):
        if not isinstance(answer, Result):
            why = answer.reason if isinstance(answer, Skipped) else f"{answer.code}: {answer.message}"
            raise CannotPromote(f"`{op}` was not answered: {why}")
        steps.append({"op": op, "args": dict(args), "expect": _expected(op, answer.value)})
    if len(steps) < len(sequence.steps):
        raise CannotPromote("the program ended before the last step")
    case: dict[str, Any] = {
        "otb": "1.0",
        "kind": "case",
        "id": case_id,
        "version": "1.0.0",
        "title": title,
        "requirements": list(requirements),
        "polarity": polarity,
        "profile": _PROFILES.get(sequence.steps[-1][0], "documents"),
    }
    if sequence.given:
        case["given"] = dict(sequence.given)
    case["steps"] = steps
    try:
        text: str = _HEAD + yaml.dump(
            case, Dumper=_Quoting, sort_keys=False, allow_unicode=True, default_flow_style=None, width=160
        )
        raw = text.encode("utf-8")
    except (yaml.YAMLError, UnicodeEncodeError) as why:
        raise CannotPromote(f"no file can hold it: {visible(str(why), 200)}") from None
    _, problems = read_case(raw, f"{case_id}.yaml")
    if problems:
        raise CannotPromote(
            f"it is no case: {problems[0].code} at `{problems[0].pointer}`: {problems[0].message}"
        )
    return text


def _expected(op: str, answer: Any) -> dict[str, Any]:
    """Return the expectation of `answer`.

    Raises:
        CannotPromote: it is neither a mapping nor a list of problems.
    """
    if not isinstance(answer, Mapping):
        raise CannotPromote(f"`{op}` was answered with {as_json(answer, 100)}, which is no mapping")
    if "problems" not in answer:
        return {"result": dict(answer)}
    try:
        return {
            "problems": [
                {"code": problem["code"], "pointer": problem["pointer"]} for problem in answer["problems"]
            ]
        }
    except (KeyError, TypeError):
        said = as_json(answer["problems"], 100)
        raise CannotPromote(
            f"`{op}` was answered with {said}, which are no problems with code and pointer"
        ) from None


class _Quoting(yaml.SafeDumper):
    """Writes strings so that they stay strings for every reader, and nothing twice by reference."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _string(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    plain = text.replace("-", "").replace("_", "").replace("/", "").isalpha() and text.isascii()
    style = None if plain and text not in ("true", "false", "null") else '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Quoting.add_representer(str, _string)
