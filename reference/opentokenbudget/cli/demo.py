"""`otb demo`: a support desk's day under a policy, on real prices, without a key or a network."""

from __future__ import annotations

import json
import os
import re
import textwrap
import time
from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import click

from .._bundled import catalog_file
from ..amounts import PICO, format_decimal, format_instant, parse_decimal
from ..demo import ERAS, era_at, read_bundled, traffic
from ..documents import Document
from ..engine import Engine
from ..metering import LogWriter
from ..opening import catalog_of, compiled_policy, open_document
from ..pools import Pools
from ..pools.stores.memory import MemoryStore
from ..problems import CannotOpen, Problem, ProblemError
from ..replay import Baseline, RawRow, RowReader, Simulation, Summary, share
from ..routing import Decision, Policy, compile_policy
from .explaining import explained
from .parameters import Instant, Seed
from .printing import print_lines
from .simulated import percent

DAY_NS = 86_400 * 10**9
SEED = "demo"
COLUMNS = 80
_TRY = "          otb simulate {} {}"
_TO_LAST_COLUMN = re.compile(r"(?:.*  )?")
_DEEPEST = COLUMNS // 2


@click.command("demo")
@click.option(
    "--as-of",
    "as_of",
    type=Instant(),
    metavar="INSTANT",
    help="Models and prices of then; now when left out.",
)
@click.option(
    "--out", type=click.Path(file_okay=False), default="otb-demo", show_default=True, help="Where files go."
)
@click.option(
    "--requests",
    "count",
    type=click.IntRange(10, 1_000_000),
    default=10_000,
    show_default=True,
    help="How many the day has.",
)
@click.option("--seed", type=Seed(), default=SEED, show_default=True, help="The traffic follows from it.")
def demo(as_of: int | None, out: str, count: int, seed: str) -> None:
    """Route a day of a fintech's support desk: what it costs with one model, and under a policy.

    The traffic is synthetic: seeded, with an outcome for each tier, so that quality is measured and not assumed.
    The prices are real. Nothing is sent anywhere.
    """
    instant = time.time_ns() if as_of is None else as_of
    desk = open_desk(Path(out), instant, count, seed)
    policy, pools = compiled_policy(desk.policy)
    largest = desk.policy.data["tiers"][-1]["models"][0]
    ours, chosen = replay(policy, desk, desk.folder / "usage.jsonl", pools, largest)
    large, small = (replay(single(desk.policy, rank), desk)[0] for rank in (-1, 0))
    engine = Engine(policy, clock=lambda: instant, seed=seed, pools=pools, store=MemoryStore(lambda: instant))
    report = _report(desk, engine, ours, large, small, chosen)
    print_lines(short for line in report for short in _wrapped(line))


@dataclass(frozen=True, slots=True)
class Desk:
    """The files of one demonstration, and the rows that they hold."""

    folder: Path
    at: int
    seed: str
    policy: Document
    rows: tuple[RawRow, ...]


def open_desk(folder: Path, instant: int, count: int, seed: str) -> Desk:
    """Write the desk's files of that time into `folder`, and return them opened.

    Raises:
        ProblemError: `no-desk-at-time` before the models of the first policy were sold.
        CannotOpen: `folder` cannot be written.
    """
    era = era_at(instant)
    if era is None:
        message = f"the desk has no models at {format_instant(instant)}: its first policy is of August 2024"
        raise ProblemError(Problem("no-desk-at-time", "", message))
    contents = {**read_bundled(era), "prices.yaml": catalog_file().read_bytes()}
    _only_ours(folder, contents)
    rows = tuple(traffic(count, seed=seed, begin=instant // DAY_NS * DAY_NS))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in contents.items():
            (folder / name).write_bytes(content)
        requests = folder / "requests.jsonl"
        requests.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    except OSError as wrong:
        raise CannotOpen(str(folder), (wrong.strerror or "cannot be written").lower()) from None
    raw = tuple(RawRow("requests.jsonl", number, row) for number, row in enumerate(rows, start=1))
    return Desk(folder, instant, seed, open_document(folder / "policy.yaml", kind="policy"), raw)


def _only_ours(folder: Path, contents: Mapping[str, bytes]) -> None:
    """Refuse a folder in which something stands that `otb demo` did not write, and would overwrite.

    Raises:
        click.UsageError: which file.
    """
    written = [read_bundled(era) for era in ERAS]
    for name, content in contents.items():
        there = folder / name
        if there.is_file() and there.read_bytes() not in (content, *(era.get(name) for era in written)):
            message = (
                f"`{there}` is not as `otb demo` writes it: name another folder with --out, or remove it"
            )
            raise click.UsageError(message)
    if not (folder / "policy.yaml").exists():
        for name in ("requests.jsonl", "usage.jsonl"):
            if os.path.lexists(folder / name):
                raise click.UsageError(f"`{folder / name}` is there already: name another folder with --out")


def single(document: Document, rank: int) -> Policy:
    """Return the desk's policy with one tier alone, and in it the model that serves first."""
    tier = document.data["tiers"][rank]
    data: dict[str, Any] = {
        field: document.data[field] for field in ("otb", "kind", "version", "catalog", "defaults")
    }
    data |= {"id": f"all-{tier['id']}", "subject": document.data["subject"]}
    data |= {"attributes": document.data["attributes"], "classifiers": document.data["classifiers"]}
    data |= {"tiers": [tier], "default": {"tier": tier["id"]}}
    return compile_policy(data, catalog=catalog_of(document.references["/catalog"]))


class Chosen(NamedTuple):
    """Decisions to explain: the first on a case of fraud, and the first denial, if any."""

    sample: Decision
    denial: Decision | None


def replay(
    policy: Policy,
    desk: Desk,
    log: Path | None = None,
    pools: Pools | None = None,
    against: str | None = None,
) -> tuple[Summary, Chosen]:
    """Return what `policy` makes of the desk's day beside the model `against`, and decisions to explain."""
    reader = RowReader(policy)
    sample = denial = None
    with nullcontext() if log is None else LogWriter(log.open("wb")) as writer:
        simulation = Simulation(
            policy,
            seed=desk.seed,
            baseline=None if against is None else Baseline(against),
            log=None if writer is None else writer.write,
            pools=pools,
        )
        for raw in desk.rows:
            at = reader.instant(raw)
            row = at if isinstance(at, Problem) else reader.read(raw, at)
            if isinstance(row, Problem):
                raise ProblemError(row)
            decision = simulation.run(row)
            if sample is None or (sample.question.task != "fraud" and decision.question.task == "fraud"):
                sample = decision
            if denial is None and decision.action == "deny":
                denial = decision
    if sample is None:
        raise AssertionError("the desk has at least ten rows")
    return simulation.summary, Chosen(sample, denial)


def _report(
    desk: Desk, engine: Engine, ours: Summary, large: Summary, small: Summary, chosen: Chosen
) -> Iterator[str]:
    tiers = desk.policy.data["tiers"]
    currency = ours.currency
    yield (
        f"A fintech's support desk on {format_instant(desk.at)[:10]}: {ours.requests:,} synthetic requests "
        f"(seed `{desk.seed}`; outcomes are drawn for each tier), with the models and prices of then."
    )
    yield ""
    yield f"{'':<12}{'cost ' + currency:>14}  {'quality':>8}"
    for name, summary in (
        (f"all {tiers[-1]['id']}", large),
        (f"all {tiers[0]['id']}", small),
        ("the policy", ours),
    ):
        yield f"{name:<12}{format_decimal(summary.spent):>14}  {_mean(summary):>8}  {_served_by(summary)}"
    yield ""
    saving = f"{format_decimal(ours.saving)} {currency} ({percent(share(ours.saving, ours.baseline))})"
    yield f"saving    {saving}, with quality {_mean(ours)} beside {_mean(large)}"
    # What was denied cost nothing, and saved nothing either.
    served = f", over the {ours.compared:,} requests that were served" if ours.denied else ""
    yield f"          against all {tiers[-1]['id']}{served}"
    mix = ", ".join(
        f"{tier} {percent(share(served.requests, ours.requests))}" for tier, served in ours.by_tier.items()
    )
    yield f"mix       {mix}"
    yield f"pools     {', '.join(_budget(pool, currency) for pool in desk.policy.data['pools'])}"
    denied = ", ".join(f"{reason} {count:,}" for reason, count in sorted(ours.reasons.items())) or "nobody"
    yield f"          downgraded {ours.actions['downgrade']:,}; denied {denied}"
    yield ""
    yield "One decision, explained:"
    yield from (f"  {line}" for line in explained(chosen.sample, engine.trace(chosen.sample)))
    yield ""
    if chosen.denial is not None:
        yield "One denial, explained:"
        yield from (f"  {line}" for line in explained(chosen.denial))
        yield ""
    log = desk.folder / "usage.jsonl"
    records, total = _read_back(log)
    verdict = (
        "the sum above, exactly"
        if total == ours.spent
        else f"NOT the sum above, {format_decimal(ours.spent)}"
    )
    yield f"log       {log}: {records:,} records, whose costs add up to {format_decimal(total)} {currency}: {verdict}"
    yield f"files     {desk.folder / 'policy.yaml'}, value.yaml, prices.yaml, requests.jsonl"
    yield "          change one, then:"
    yield _TRY.format(desk.folder / "policy.yaml", desk.folder / "requests.jsonl")


def _budget(pool: Mapping[str, Any], currency: str) -> str:
    """Return what a pool of the desk allows, in words: all of these have one limit and a calendar window."""
    ((measure, amount),) = pool["limit"].items()
    each = f" for each {' and '.join(pool['partition_by'])}" if "partition_by" in pool else ""
    return f"{pool['id']} {amount} {currency if measure == 'cost' else measure} a {pool['window']['calendar']}{each}"


def _wrapped(line: str) -> list[str]:
    """Return `line` in lines of a terminal's width, the further ones under its last column; a command stays whole."""
    if len(line) <= COLUMNS or line.startswith(_TRY.partition("{")[0]):
        return [line]
    before = _TO_LAST_COLUMN.match(line)
    indent = 0 if before is None else min(before.end(), _DEEPEST)
    return textwrap.wrap(
        line, COLUMNS, subsequent_indent=" " * indent, break_long_words=False, break_on_hyphens=False
    )


def _read_back(log: Path) -> tuple[int, int]:
    """Return how many records the log has, and the sum of their costs in units of 10⁻¹²."""
    records = total = 0
    with log.open("rb") as file:
        for line in file:
            records += 1
            total += parse_decimal(json.loads(line).get("total", "0"))
    return records, total


def _mean(summary: Summary) -> str:
    measured = summary.quality
    return "–" if not measured.policy_rows else f"{measured.policy_alone / measured.policy_rows / PICO:.4f}"


def _served_by(summary: Summary) -> str:
    return ", ".join(sorted(summary.by_model))
