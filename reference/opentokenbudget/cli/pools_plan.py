"""`otb pools plan`: how the next period's limits could be divided."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..amounts import PICO, InvalidDecimal, divide_half_even, format_decimal, parse_decimal
from ..documents import schema_problems
from ..problems import Place, Problem, ProblemError
from ..replay import Refusals, read_json_lines
from .parameters import format_option
from .printing import print_json, print_lines
from .rereading import file_to_reread

if TYPE_CHECKING:
    from ..reporting import Key, Plan, Share


class _Amount(click.ParamType[int]):
    """An amount of the pool's measure, 0 or more, in 10⁻¹²."""

    name = "amount"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        try:
            amount = value if isinstance(value, int) else parse_decimal(value)
        except InvalidDecimal as wrong:
            self.fail(str(wrong), param, ctx)
        return amount if amount >= 0 else self.fail(f"`{value}` is below 0", param, ctx)


@click.command("plan")
@click.argument("log")
@click.argument("pool")
@click.option(
    "--budget", type=_Amount(), metavar="AMOUNT", help="What to divide; what was spent when left out."
)
@click.option(
    "--step",
    type=_Amount(),
    default="0.25",
    show_default=True,
    metavar="SHARE",
    help="How far value may move a limit.",
)
@format_option
def plan(log: str, pool: str, budget: int | None, step: int, form: str) -> None:
    """Propose the next period's limits of the partitions of POOL, from the usage LOG (JSON Lines) of this one.

    Who made more value of the money is proposed more. Nothing is changed: put what you take into the policy.

    \b
    otb pools plan usage.jsonl team-month --budget 5000
    """
    from ..reporting import plan_limits

    if step > PICO:
        raise click.UsageError("--step is a share, from 0 to 1")
    shares = _shares(log, pool)
    if not shares:
        raise ProblemError(
            Problem("empty", "", f"no record of the log speaks of a pool `{pool}`").at(Place(log, 1, 1))
        )
    spent = sum(share.spent for share in shares.values())
    proposed = plan_limits(shares, spent if budget is None else budget, step)
    if form == "json":
        print_json(_form(pool, proposed))
    else:
        print_lines(_table(pool, proposed))


def _shares(log: str, pool: str) -> dict[Key, Share]:
    """Return what the partitions of `pool` did; outcomes are reported after what they value, so they are read first."""
    from ..reporting import read_outcomes, read_shares

    with ExitStack() as stack:
        path, name = file_to_reread(log, stack)
        return read_shares(_records(path, name), pool, read_outcomes(_adjustments(path, name)))


def _adjustments(path: Path, name: str) -> Iterator[Mapping[str, Any]]:
    """Yield the adjustments of a log; what is wrong with a line is said when all of them are read."""
    for row in read_json_lines(path, name, Refusals()):
        if row.values.get("record") == "adjustment" and not schema_problems(row.values, "usage-record"):
            yield row.values


def _records(path: Path, name: str) -> Iterator[Mapping[str, Any]]:
    """Yield the records of a log.

    Raises:
        ProblemError: the first line that is none.
    """
    refused = Refusals()
    for row in read_json_lines(path, name, refused):
        if refused:
            break
        if found := schema_problems(row.values, "usage-record"):
            raise ProblemError([problem.at(Place(name, row.line, 1)) for problem in found])
        yield row.values
    if refused:
        raise ProblemError(refused.shown[0])


def _form(pool: str, proposed: Plan) -> dict[str, Any]:
    return {
        "pool": pool,
        "budget": format_decimal(proposed.budget),
        "step": format_decimal(proposed.step),
        "assumptions": list(_assumptions(proposed)),
        "limits": [
            {
                "partition": list(each.key),
                "attempts": each.share.attempts,
                "spent": format_decimal(each.share.spent),
                "refused": format_decimal(each.share.refused),
                "value": format_decimal(each.share.value),
                "limit": format_decimal(each.limit),
            }
            for each in proposed.proposals
        ],
    }


def _table(pool: str, proposed: Plan) -> Iterator[str]:
    yield f"{pool}: {format_decimal(proposed.budget)} divided"
    head = ("partition", "attempts", "spent", "refused", "value per 1", "limit")
    rows = [
        (
            "/".join(each.key) or "(all)",
            f"{each.share.attempts:,}",
            format_decimal(each.share.spent),
            format_decimal(each.share.refused),
            _ratio(each.share.value, each.share.spent),
            format_decimal(each.limit),
        )
        for each in proposed.proposals
    ]
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]
    for row in (head, *rows):
        first, *rest = row
        cells = (cell.rjust(width) for cell, width in zip(rest, widths[1:], strict=True))
        yield "  ".join((first.ljust(widths[0]), *cells))
    yield ""
    yield "assumed:"
    yield from (f"- {line}" for line in _assumptions(proposed))


def _assumptions(proposed: Plan) -> Iterator[str]:
    yield "what a partition made of its money it makes of the next amount too"
    yield "it asks for as much as it spent and was refused, whatever the season"
    yield "the value of an answer is its reported outcome, else the request's weight times the answer's score, if any"
    yield f"value moves a limit by at most {format_decimal(proposed.step * 100)} % before all are scaled to the budget"


def _ratio(value: int, spent: int) -> str:
    return "-" if not spent else format_decimal(divide_half_even(value * 10**4, spent) * 10**8)
