"""Holds the suite against faulty routers, in forks: several at once, in each a few routers one after the other."""

from __future__ import annotations

import gc
import json
import os
import resource
import signal
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple

from changing import Faulty, Pristine, StaleChange, changed_texts, import_changed, pristine

from opentokenbudget_conformance import Case, load_cases, run_case

ENOUGH = 0.8
"""The share of the other requirements that a faulty router passes: more than one bug is no use."""

_CASE_SECONDS = 5
_TOGETHER = 16
_MEMORY_BYTES = 2**31


Trial = tuple[Faulty, Sequence[Case]]
"""A router, and the cases that it is asked."""


class Outcome(NamedTuple):
    """What the suite said of a faulty router.

    Attributes:
        id: the router's.
        survived: requirements that it breaks and whose cases pass all the same.
        failed: other requirements that a case of theirs fails.
        passed: how many other requirements pass.
        fault: why it could not be tried; "" otherwise.
    """

    id: str
    survived: tuple[str, ...]
    failed: tuple[str, ...]
    passed: int
    fault: str = ""

    @property
    def caught(self) -> bool:
        return not self.survived and not self.fault

    @property
    def specific(self) -> bool:
        """Whether it passes enough of what it does not break."""
        return self.passed >= ENOUGH * (self.passed + len(self.failed))

    @classmethod
    def from_json(cls, row: dict[str, Any]) -> Outcome:
        return cls(**{**row, "survived": tuple(row["survived"]), "failed": tuple(row["failed"])})


def try_all(routers: Iterable[Faulty], *, own: bool = False, workers: int = 0) -> Iterator[Outcome]:
    """Return what the suite says of each router, as they end.

    Args:
        routers: to be tried.
        own: ask only the cases of the requirements that a router breaks.
        workers: how many at once; as many as there are processors by default.
    """
    cases = load_cases()
    known = _warm(cases)
    # What is shared with the forks is never looked at again, and so never copied.
    gc.collect()
    gc.freeze()
    waiting: list[Trial] = [(router, _cases_of(cases, router.breaks) if own else cases) for router in routers]
    together = _TOGETHER if own else 1
    running: dict[int, tuple[list[Trial], int]] = {}
    while waiting or running:
        while waiting and len(running) < (workers or os.cpu_count() or 1):
            trials, waiting = waiting[:together], waiting[together:]
            pid, answers = _fork(trials, known)
            running[pid] = (trials, answers)
        pid, status = os.wait()
        trials, answers = running.pop(pid)
        with os.fdopen(answers, "rb") as pipe:
            lines = pipe.read().splitlines()
        yield from (_outcome(*trial, line) for trial, line in zip(trials, lines, strict=False))
        if len(lines) < len(trials):
            # One of them ended the process: the others get another.
            yield Outcome(trials[len(lines)][0].id, (), (), 0, f"its process ended with {status}")
            waiting = trials[len(lines) + 1 :] + waiting


def _warm(cases: Sequence[Case]) -> Pristine:
    """Return the reference as it is, all that the cases need being imported on the way."""
    from opentokenbudget.driving import Session

    for case in cases:
        run_case(case, Session())
    return pristine()


def _cases_of(cases: Sequence[Case], requirements: Sequence[str]) -> tuple[Case, ...]:
    return tuple(case for case in cases if set(case.requirements) & set(requirements))


def _fork(trials: Sequence[Trial], known: Pristine) -> tuple[int, int]:
    """Return the process that holds `trials`, and the pipe to which it writes a line for each."""
    answers, theirs = os.pipe()
    pid = os.fork()
    if pid:
        os.close(theirs)
        return pid, answers
    code = 1
    try:
        os.close(answers)
        gc.disable()
        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
        signal.signal(signal.SIGALRM, _too_long)
        for router, cases in trials:
            os.write(theirs, json.dumps(_tried(router, cases, known)).encode() + b"\n")
        code = 0
    finally:
        os._exit(code)
    raise AssertionError


def _tried(router: Faulty, cases: Sequence[Case], known: Pristine) -> dict[str, Any]:
    """Return which of `cases` fail, by their numbers; or why they cannot be asked."""
    try:
        with tempfile.TemporaryDirectory() as folder:
            driving = import_changed(changed_texts(router), Path(folder), known)
            return {"failing": [n for n, case in enumerate(cases) if not _passes(case, driving.Session)]}
    except StaleChange as stale:
        return {"fault": str(stale)}
    except Exception as broken:
        return {"fault": f"it cannot be made: {type(broken).__name__}: {broken}"}


def _passes(case: Case, session: Any) -> bool:
    signal.alarm(_CASE_SECONDS)
    try:
        return run_case(case, session()).passed
    except (Exception, _TooLong):  # a step that fails is `errored`, and no pass
        return False
    finally:
        signal.alarm(0)


class _TooLong(BaseException):
    """A case took too long: no handler of a router may take it for an error of its own."""


def _too_long(number: int, frame: FrameType | None) -> None:
    raise _TooLong


def _outcome(router: Faulty, cases: Sequence[Case], line: bytes) -> Outcome:
    answer = json.loads(line)
    if "fault" in answer:
        return Outcome(router.id, (), (), 0, answer["fault"])
    failed = {name for number in answer["failing"] for name in cases[number].requirements}
    others = {name for case in cases for name in case.requirements} - set(router.breaks)
    survived = tuple(name for name in router.breaks if name not in failed)
    return Outcome(router.id, survived, tuple(sorted(others & failed)), len(others - failed))


def outcome_text(outcome: Outcome, *, own: bool) -> str:
    """Return in two lines at most what became of a router."""
    verdict = "caught" if outcome.caught else f"NOT CAUGHT {' '.join(outcome.survived)} {outcome.fault}"
    if own:
        return f"{outcome.id}: {verdict}"
    share = "" if outcome.specific else "; TOO WIDE"
    others = outcome.passed + len(outcome.failed)
    failing = f"\n    also fails {' '.join(outcome.failed)}" if outcome.failed else ""
    return f"{outcome.id}: {verdict}; {outcome.passed} of {others} others pass{share}{failing}"
