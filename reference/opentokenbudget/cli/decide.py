"""`otb decide`: one request answered under a policy, with the reasons."""

from __future__ import annotations

import time
from typing import Any

import click

from ..documents import parse_document
from ..opening import engine_of, open_document, read_bytes
from ..pools.stores.memory import MemoryStore
from ..problems import ProblemError
from .explaining import explained
from .parameters import Seed, at_option, format_option, standard_input_once
from .printing import print_json, print_lines


@click.command("decide")
@click.argument("policy")
@click.argument("request")
@at_option
@click.option("--explain", "explain", is_flag=True, help="Say for each rule and candidate why or why not.")
@click.option("--seed", type=Seed(), default="", help="The operator's seed, from which ids and draws follow.")
@click.option(
    "--outcome",
    multiple=True,
    metavar="ERROR|score=S",
    help="How attempts ended, one after another: timeout, score=0.4.",
)
@format_option
def decide(
    policy: str, request: str, at: int | None, explain: bool, seed: str, outcome: tuple[str, ...], form: str
) -> None:
    """Answer the REQUEST in a file (`-` is standard input) under POLICY.

    A denial is an answer too: the exit code is 0. Pools are taken for unused.
    """
    standard_input_once(policy, request)
    document, problems = parse_document(
        read_bytes(request), file="<stdin>" if request == "-" else request, kind="request"
    )
    if document is None:
        raise ProblemError(problems)
    now = time.time_ns() if at is None else at
    engine = engine_of(
        open_document(policy, kind="policy"), MemoryStore(lambda: now), seed=seed, clock=lambda: now
    )
    decision = engine.decide(document.data, at=at)
    for ended in outcome:
        given: dict[str, Any] = {"error": ended}
        if ended.startswith("score="):
            given = {"score": ended.removeprefix("score=")}
        decision = engine.next(decision, at=at, **given)
    if form == "json":
        print_json(decision.as_json(engine.trace(decision) if explain else None))
    else:
        print_lines(explained(decision, engine.trace(decision) if explain else None))
