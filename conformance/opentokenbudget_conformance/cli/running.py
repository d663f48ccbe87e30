"""`otb-conformance run`: judges a program."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from ..asking import Fault
from ..claims import PROFILES, Claims
from ..minimising import minimise_all
from ..program import REFERENCE, Program
from ..reports import FORMS, build_report, rendered
from ..running import run_cases
from ..suite import Suite, chosen, load_suite
from ..visible import visible
from .options import Command, Place, Target, find, format_option, target_options
from .printing import say

_NONE = ("none",)
_LONGEST_COMMAND = 131_072
"""The most characters that report.schema.json grants a command."""


@click.command("run")
@target_options
@click.option(
    "--profile",
    "profiles",
    multiple=True,
    type=click.Choice(PROFILES),
    metavar="P",
    help="Ask the cases of this profile, claimed or not; those that are claimed when left out.",
)
@click.option("--case", "ids", multiple=True, metavar="ID", help="Ask this case.")
@click.option("--requirement", metavar="R", help="Ask the cases of this requirement.")
@click.option("--disable", multiple=True, metavar="ID=REASON", help="Do not ask this case, and say why.")
@click.option("--seed", default="otb", show_default=True, help="What the order of the cases is drawn from.")
@click.option(
    "--oracle",
    type=Command(),
    metavar="CMD",
    help="What failures are minimised against: a driver, `none`, or the reference when left out.",
)
@click.option(
    "--out",
    type=Place(file_okay=False),
    metavar="DIR",
    help="Write report.json, report.html, junit.xml and badge.json here.",
)
@format_option
def COMMAND(
    program: tuple[str, ...],
    time_limit: float,
    memory_limit: int,
    env: tuple[str, ...],
    profiles: tuple[str, ...],
    ids: tuple[str, ...],
    requirement: str | None,
    disable: tuple[str, ...],
    seed: str,
    oracle: tuple[str, ...] | None,
    out: Path | None,
    form: str,
) -> int:
    """Judge a program: ask it the cases of what it claims, and report.

    \b
    otb-conformance run --program "otb drive"
    otb-conformance run --program "node driver.mjs" --profile pricing --out report

    Exits 0 when all that is claimed is met, 1 when something is not or the program ended badly after `stop`,
    2 when it cannot be started.
    """
    suite = load_suite()
    target = Target(program, time_limit, memory_limit, env)
    _check_names(suite, ids, requirement, profiles)
    disabled = _disabled(suite, disable)
    if not visible(seed, 256) == seed or not seed:
        raise click.UsageError("a seed is one line of at most 256 characters")
    words = ("otb-conformance", "run", *target.words())
    words = (*words, *_words(profiles, ids, requirement, disable, seed, oracle))
    command = shlex.join(words)
    if visible(command, _LONGEST_COMMAND) != command:
        raise click.UsageError(
            f"a report holds a command of one line of at most {_LONGEST_COMMAND:,} printable characters"
        )
    judge = _oracle(oracle, suite)
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
    with target.program(suite) as driven:
        claims = driven.start()
        if isinstance(claims, Fault):
            raise _cannot_start(claims)
        cases = chosen(suite.cases, claims, profiles=profiles, ids=ids, requirement=requirement)
        if not cases and (ids or requirement):
            raise click.UsageError("no case is in all that is named: see otb-conformance list")
        results = run_cases(cases, driven, seed=seed, disabled=disabled)
        ending = driven.stop()
        with judge:
            minimised = minimise_all(results, driven, None if oracle == _NONE else judge)
    report = build_report(
        suite, claims, results, ending=ending, command=command, seed=seed, minimised=minimised
    )
    if out is not None:
        for kept, name in FORMS.items():
            (out / name).write_text(rendered(report, kept), encoding="utf-8")
    say(rendered(report, form), newline=False)
    if ending.fault is not None:
        fault = f"{ending.fault.code}: {ending.fault.message}"
        say(visible(f"OTB-CONF-008 is not met: after the cases, {fault}"), err=True)
        return 1
    return 0 if _is_met(report, claims, profiles, named=bool(ids or requirement or profiles)) else 1


def _is_met(report: Any, claims: Claims, profiles: Sequence[str], *, named: bool) -> bool:
    """Return whether all that is claimed or named by profile is met, as far as it was asked.

    What was named and is wrong is never met; of what is not claimed cases may be skipped.
    """
    judged = {*claims.profiles, *profiles}
    bad = [
        case
        for case in report["cases"]
        if case["result"] != "passed"
        and (case["profile"] in judged or case["result"] in ("failed", "errored"))
    ]
    if named or bad:
        return not bad
    features = [feature for profile in report["profiles"] for feature in profile.get("features", ())]
    return all(part["met"] for part in (*report["profiles"], *features) if part["claimed"])


def _check_names(suite: Suite, ids: Sequence[str], requirement: str | None, profiles: Sequence[str]) -> None:
    known = {case.id for case in suite.cases}
    for profile in profiles:
        if not any(case.profile == profile for case in suite.cases):
            raise click.UsageError(f"the profile `{profile}` has no cases yet, so that nothing shows it")
    for id_ in ids:
        if id_ not in known:
            raise click.UsageError(f"no case is called `{id_}`: see otb-conformance list")
    if requirement is not None and not any(requirement in case.requirements for case in suite.cases):
        raise click.UsageError(f"no case shows `{requirement}`: see otb-conformance list")


def _disabled(suite: Suite, given: Sequence[str]) -> dict[str, str]:
    known = {case.id for case in suite.cases}
    found: dict[str, str] = {}
    for one in given:
        id_, _, reason = one.partition("=")
        if not reason.strip():
            raise click.UsageError(
                f"`{one}` does not read like ID=REASON: a case is not disabled without a reason"
            )
        if id_ not in known:
            raise click.UsageError(f"no case is called `{id_}`: see otb-conformance list")
        found[id_] = reason
    return found


def _oracle(command: tuple[str, ...] | None, suite: Suite) -> Program:
    """Return what failures are minimised against; it is started when it is first asked.

    Raises:
        click.ClickException: there is no such program.
    """
    if command is not None and command != _NONE:
        find(command)
    about = {"version": suite.version, "digest": suite.digest}
    return Program(command or REFERENCE, suite=about)


def _words(
    profiles: Sequence[str],
    ids: Sequence[str],
    requirement: str | None,
    disable: Sequence[str],
    seed: str,
    oracle: tuple[str, ...] | None,
) -> list[str]:
    words = [word for profile in profiles for word in ("--profile", profile)]
    words += [word for id_ in ids for word in ("--case", id_)]
    words += [] if requirement is None else ["--requirement", requirement]
    words += [word for one in disable for word in ("--disable", one)]
    words += [] if seed == "otb" else ["--seed", seed]
    return words if oracle is None else [*words, "--oracle", shlex.join(oracle)]


def _cannot_start(fault: Fault) -> click.ClickException:
    said = "".join(f"\n  | {line}" for line in fault.stderr.splitlines()[-10:])
    return click.ClickException(f"the program cannot be started: {fault.code}: {fault.message}{said}")
