"""Smoke: is the driver broken, or the router wrong? Few questions, each with a hint how to mend what is found."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from .asking import Answer, Fault, Question, Result, Skipped
from .claims import Claims
from .program import Program
from .visible import as_json

_AT = "2026-11-23T12:00:00Z"
_CATALOG = {
    "otb": "1.0",
    "kind": "catalog",
    "id": "prices",
    "version": "1.0.0",
    "currency": "USD",
    "models": [{"id": "a/b", "prices": [{"from": None, "rates": {"input": "1", "output": "1"}}]}],
}
_POLICY = {
    "otb": "1.0",
    "kind": "policy",
    "id": "policy",
    "version": "1.0.0",
    "catalog": {"path": "catalog"},
    "tiers": [{"id": "t", "models": ["a/b"]}],
    "default": {"tier": "t"},
}
_CLASSIFIED = {
    **_POLICY,
    "attributes": {"task": {"type": "string"}},
    "classifiers": [{"id": "words", "gives": "task", "keywords": [{"of": "refund", "any": ["refund"]}]}],
}
_RULES = {"otb": "1.0", "kind": "value-rules", "id": "rules", "version": "1.0.0", "default": "2", "rules": []}
_DECIDE = Question("step", {"request": {"id": "r1", "input_tokens": 10, "max_output_tokens": 1}}, "decide")
_GIVEN = {"catalog": _CATALOG, "policy": _POLICY}
_PLAIN = "answer `configure` and `reset` with {}, whatever is given: what is wrong with it is told by a step"


class Check(NamedTuple):
    """One thing that was looked at.

    Attributes:
        name: what a driver does, in few words.
        wrong: what was seen instead; "" when all is well.
        hint: how to mend it.
        blame: `driver` or `router`.
    """

    name: str
    wrong: str
    hint: str
    blame: str = "driver"


class _Trivial(NamedTuple):
    given: Mapping[str, Any]
    before: tuple[Question, ...]
    question: Question
    pointer: str
    expected: Any


_TRIVIAL: Mapping[str, _Trivial] = {
    "documents": _Trivial({}, (), Question("step", {"document": _CATALOG}, "check"), "problems", []),
    "pricing": _Trivial(
        {"catalog": _CATALOG},
        (),
        Question("step", {"model": "a/b", "usage": {"input": 1_000_000}, "at": _AT}, "price"),
        "total",
        "1",
    ),
    "value": _Trivial({"value_rules": _RULES}, (), Question("step", {"facts": {}}, "weigh"), "value", "2"),
    "classifiers": _Trivial(
        {"catalog": _CATALOG, "policy": _CLASSIFIED},
        (),
        Question("step", {"text": "hello"}, "classify"),
        "classified",
        {},
    ),
    "routing": _Trivial(_GIVEN, (), _DECIDE, "candidate", "a/b"),
    "cascade": _Trivial(_GIVEN, (_DECIDE,), Question("step", {"outcome": {}}, "next"), "final", True),
    "usage-log": _Trivial(
        _GIVEN, (_DECIDE,), Question("step", {"usage": {"input": 1_000_000}}, "settle"), "total", "1"
    ),
    "pools": _Trivial(_GIVEN, (), Question("step", {}, "pools"), "balances", []),
}


def smoke(program: Program) -> Iterator[Check]:
    """Yield what was looked at, one after another; where a driver does not start there is nothing more."""
    claims = program.start()
    name, hint = "starts, and answers `start`", "answer with protocol, implementation, profiles and features"
    if isinstance(claims, Fault):
        yield Check(
            name, _said(claims), f"{hint}; write nothing else to standard output, and flush each line"
        )
        return
    yield Check(name, "", hint)
    if not claims.profiles:
        yield Check(
            "claims something", "no profile is claimed", "name in `profiles` what the router does", "router"
        )
    yield _echoes(program)
    yield _skips(program)
    yield _goes_on(program)
    yield _takes_large(program)
    if {"routing", "cascade"} <= set(claims.profiles):
        yield _keeps(program)
        for command in ("reset", "configure"):
            yield _forgets(program, command)
    yield from _profiles(program, claims)
    ending = program.stop()
    wrong = "" if ending.fault is None else _said(ending.fault)
    yield Check(
        "answers `stop` and ends with the exit code 0",
        wrong,
        "answer, leave the loop, and end every child process",
    )


def _echoes(program: Program) -> Check:
    _, wrong = _asked(program, [Question("configure"), Question("reset")] * 2)
    hint = f"answer every line with the `id` that it has, in order, and flush; {_PLAIN}"
    return Check("answers in order, with the id of each message", wrong, hint)


def _skips(program: Program) -> Check:
    answer = program.ask_all([Question("step", {}, "nobody-has-this")])[-1]
    wrong = "" if isinstance(answer, Skipped) else _said(answer)
    hint = "answer `skipped` with a reason to every op that you do not know"
    return Check("skips an op that it does not have", wrong, hint)


def _goes_on(program: Program) -> Check:
    answer = program.send(b"this is no message")
    hint = (
        'answer {"id": null, "errored": {"message": "..."}} to a line that you cannot read, and read the next'
    )
    name = "answers `errored` to a line that is no message, and goes on"
    if not (isinstance(answer, Fault) and answer.code == "answered-errored"):
        return Check(name, _said(answer), hint)
    _, wrong = _asked(program, [Question("configure")])
    return Check(name, wrong, f"{hint}; {_PLAIN}")


def _takes_large(program: Program) -> Check:
    _, wrong = _asked(program, [Question("configure", {"seed": "x" * 1_000_000}), Question("configure")])
    return Check("reads a line of a million characters", wrong, f"read whole lines, however long; {_PLAIN}")


def _keeps(program: Program) -> Check:
    answer, wrong = _asked(
        program, [Question("configure", _GIVEN), _DECIDE, Question("step", {"outcome": {}}, "next")]
    )
    if not wrong and (not isinstance(answer, Result) or _forgot(answer)):
        wrong = _said(answer)
    hint = f"keep the last decision until `reset` or `configure`: `next` and `settle` speak of it; {_PLAIN}"
    return Check("keeps what was asked between steps", wrong, hint)


def _forgets(program: Program, command: str) -> Check:
    again = Question("reset") if command == "reset" else Question("configure", _GIVEN)
    asked = [Question("configure", _GIVEN), _DECIDE, again, Question("step", {"outcome": {}}, "next")]
    answer, wrong = _asked(program, asked)
    if not wrong and not (isinstance(answer, Result) and _forgot(answer)):
        wrong = _said(answer)
    hint = f"on `{command}` drop the last decision: `next` answers `nothing-to-settle` then; {_PLAIN}"
    return Check(f"forgets on `{command}`", wrong, hint)


def _forgot(answer: Result) -> bool:
    value = answer.value
    problems = value.get("problems") if isinstance(value, dict) else None
    listed = problems if isinstance(problems, list) else []
    return any(isinstance(one, dict) and one.get("code") == "nothing-to-settle" for one in listed)


def _profiles(program: Program, claims: Claims) -> Iterator[Check]:
    for profile in claims.profiles:
        trivial = _TRIVIAL.get(profile)
        if trivial is None:
            continue
        name = f"{profile}: one trivial `{trivial.question.op}`"
        asked = [Question("configure", trivial.given), *trivial.before, trivial.question]
        answer, unready = _asked(program, asked)
        if unready:
            yield Check(name, unready, _PLAIN)
            continue
        if not isinstance(answer, Result):
            yield Check(
                name, _said(answer), f"hand `{trivial.question.op}` to the router, or do not claim {profile}"
            )
            continue
        found = answer.value.get(trivial.pointer) if isinstance(answer.value, dict) else None
        right = type(found) is type(trivial.expected) and found == trivial.expected
        wrong = (
            "" if right else f"`{trivial.pointer}` of {as_json(trivial.expected)} expected, {_said(answer)}"
        )
        hint = f"the driver works, the router is asked: {as_json(trivial.question.args, 200)}"
        yield Check(name, wrong, hint, "router")


def _asked(program: Program, questions: Sequence[Question]) -> tuple[Answer, str]:
    """Return the last answer, and which `configure` or `reset` was not answered with an empty mapping, if any."""
    answers = program.ask_all(questions)
    for question, answer in zip(questions, answers, strict=False):
        if question.command != "step" and answer != Result({}):
            return answers[-1], f"`{question.command}`: {_said(answer)}"
    return answers[-1], ""


def _said(answer: Answer) -> str:
    if isinstance(answer, Result):
        return f"found the answer {as_json(answer.value, 300)}"
    if isinstance(answer, Skipped):
        return f"found it skipped: {answer.reason}"
    last = "".join(f"\n  | {line}" for line in answer.stderr.splitlines()[-10:])
    return f"{answer.code}: {answer.message}{last}"
