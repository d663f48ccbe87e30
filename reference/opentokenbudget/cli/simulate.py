"""`otb simulate`: what a policy would have done with past requests."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import click

from ..amounts import UnknownZone, zone_named
from ..metering import LogWriter
from ..opening import CannotOpen, compiled_policy, open_document
from ..problems import Place, Problem, ProblemError, did_you_mean
from ..replay import (
    FIELDS,
    Baseline,
    RawRow,
    Refusals,
    Row,
    RowReader,
    Simulation,
    in_time_order,
    is_field,
    parse_assignment,
    read_rows,
)
from ..routing import Policy
from .formats import line_of
from .parameters import Seed, apart, format_option, pairs, standard_input_once
from .printing import print_json, print_lines, tell
from .progress import Progress
from .rereading import file_to_reread
from .simulated import report


@click.command("simulate")
@click.argument("policy")
@click.argument("requests", nargs=-1, required=True, metavar="REQUESTS...")
@click.option(
    "--baseline", metavar="MODEL|as-run", help="Compare with one model for everything, or with what ran."
)
@click.option(
    "--log", "log_path", metavar="FILE", help="Write the usage log (JSON Lines; `-` is standard output)."
)
@click.option("--summary", "summary_path", metavar="FILE", help="Write all figures as JSON, ready to plot.")
@click.option(
    "--column",
    "columns",
    multiple=True,
    metavar="FIELD=NAME",
    help="The file's column for a field: input_tokens=ContextTokens.",
)
@click.option("--timezone", metavar="ZONE", help="The IANA zone of instants that name none.")
@click.option(
    "--assign",
    "assignments",
    multiple=True,
    metavar="NAME=VALUE:WEIGHT,...",
    help="Draw an attribute that rows lack; the result is synthetic.",
)
@click.option(
    "--seed", type=Seed(), default="simulation", show_default=True, help="Ids and draws follow from it."
)
@format_option
@click.option("--quiet", is_flag=True, help="No progress bar.")
def simulate(
    policy: str,
    requests: tuple[str, ...],
    baseline: str | None,
    log_path: str | None,
    summary_path: str | None,
    columns: tuple[str, ...],
    timezone: str | None,
    assignments: tuple[str, ...],
    seed: str,
    form: str,
    quiet: bool,
) -> int:
    """Replay REQUESTS (.jsonl, .csv or .parquet files, or `-` for JSON Lines) under POLICY, in time order.

    Fields of a row: at, id, text, input_tokens, output_tokens, max_output_tokens, the policy's attributes by name,
    usage.METER, score.TIER or score.MODEL, and for `--baseline as-run` model and cost.
    Usage is taken to be the same whichever model serves.

    \b
    otb simulate policy.yaml last-month.jsonl --baseline openai/gpt-6-astra --log simulated.jsonl
    """
    standard_input_once(policy, *requests)
    if summary_path == "-":
        raise click.UsageError("--summary is a file: --format json prints the figures on standard output")
    apart({"--log": log_path, "--summary": summary_path}, (policy, *requests))
    compiled, pools = compiled_policy(open_document(policy, kind="policy"))
    catalog = compiled.catalog
    if baseline not in (None, "as-run") and catalog.resolve(baseline) is None:
        message = f"`{baseline}` is not a model of the catalog `{catalog.id}`"
        raise ProblemError(Problem("unknown-model", "", message))
    against = None if baseline is None else Baseline(None if baseline == "as-run" else baseline)
    drawn = [parse_assignment(text) for text in assignments]
    for assignment in drawn:
        if assignment.attribute not in compiled.attributes:
            message = f"`{assignment.attribute}` is not an attribute of the policy"
            raise ProblemError(Problem("unknown-attribute", "", message))
    names = [assignment.attribute for assignment in drawn]
    if len(set(names)) < len(names):
        raise click.UsageError("--assign draws an attribute once")
    _known_zone(timezone)
    reader = RowReader(
        compiled,
        columns=_columns(compiled, columns),
        timezone=timezone,
        assignments=drawn,
        seed=seed,
    )
    refused = Refusals()
    with ExitStack() as stack:
        files = [file_to_reread(name, stack) for name in requests]
        log = None
        if log_path is not None:
            log = stack.enter_context(_log(log_path))
        simulation = Simulation(
            compiled, seed=seed, baseline=against, log=None if log is None else log.write, pools=pools
        )
        progress = stack.enter_context(Progress("replaying", quiet=quiet))
        for row, raw in _rows(files, reader, refused, progress):
            try:
                simulation.run(row)
            except ProblemError as wrong:
                for problem in wrong.problems:
                    refused.append(problem.at(Place(raw.file, raw.line, 1)))
    summary = simulation.summary
    figures = {
        "seed": seed,
        "synthetic": [str(assignment) for assignment in drawn],
        "policy": compiled.stamp.as_json(),
        "catalog": compiled.catalog_stamp.as_json(),
        "against": baseline,
        "refused_rows": len(refused),
        "ignored_columns": list(reader.ignored()),
        **summary.as_json(),
    }
    if summary_path is not None:
        _write(summary_path, json.dumps(figures, ensure_ascii=False, indent=2) + "\n")
    if form == "json":
        print_json(figures, err=log_path == "-")
    else:
        print_lines(report(figures), err=log_path == "-")
    print_lines((line_of(problem) for problem in refused.shown), err=True)
    if len(refused) > len(refused.shown):
        tell(f"… and {len(refused) - len(refused.shown):,} rows more that were refused")
    if not summary.requests:
        empty = Problem("empty", "", "there is no request in the input").at(
            Place("<stdin>" if requests[0] == "-" else requests[0], 1, 1)
        )
        raise ProblemError(empty)
    return 1 if refused else 0


def _rows(
    files: list[tuple[Path, str]], reader: RowReader, refused: Refusals, progress: Progress
) -> Iterator[tuple[Row, RawRow]]:
    """Yield the rows in time order, as they are read and as they are written; the others are refused, once."""

    def timed() -> Iterator[tuple[int, RawRow]]:
        # Reading begins anew for each pass, and so do its complaints.
        refused.clear()
        for path, name in files:
            for raw in read_rows(path, name, refused):
                at = reader.instant(raw)
                if isinstance(at, Problem):
                    refused.append(at)
                else:
                    yield at, raw

    for at, raw in in_time_order(timed):
        row = reader.read(raw, at)
        if isinstance(row, Problem):
            refused.append(row)
        else:
            yield row, raw
        progress.advance()


def _columns(policy: Policy, texts: Sequence[str]) -> dict[str, str]:
    columns = pairs(texts, "--column FIELD=NAME")
    for field, name in columns.items():
        if not is_field(policy, field):
            known = did_you_mean(field, (*FIELDS, *policy.attributes))
            raise click.UsageError(f"`{field}` is not a field of a row{known}")
        if list(columns.values()).count(name) > 1:
            raise click.UsageError(f"the column `{name}` is given for two fields")
    return columns


def _log(name: str) -> LogWriter:
    if name == "-":
        return LogWriter(sys.stdout.buffer, owned=False)
    try:
        return LogWriter(open(name, "wb"))
    except (OSError, ValueError) as wrong:
        raise CannotOpen(name, (getattr(wrong, "strerror", None) or "not a usable name").lower()) from None


def _write(name: str, text: str) -> None:
    try:
        Path(name).write_text(text, encoding="utf-8")
    except (OSError, ValueError) as wrong:
        raise CannotOpen(name, (getattr(wrong, "strerror", None) or "not a usable name").lower()) from None


def _known_zone(timezone: str | None) -> None:
    if timezone is not None:
        try:
            zone_named(timezone)
        except UnknownZone as wrong:
            raise ProblemError(Problem("unknown-zone", "", str(wrong))) from None
