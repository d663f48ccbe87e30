"""`otb pools plan`: how the next period's limits could be divided."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import click
import msgspec

from ..amounts import PICO, InvalidDecimal, divide_half_even, format_decimal, parse_decimal
from ..documents import schema_problems
from ..opening import read_bytes
from ..problems import Place, Problem, ProblemError
from .parameters import format_option
from .printing import print_json, print_lines

if TYPE_CHECKING:
    from ..reporting import Plan


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
    from ..reporting import plan_limits, read_shares

    if step > PICO:
        raise click.UsageError("--step is a share, from 0 to 1")
    shares = read_shares(_records(log), pool)
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


def _records(log: str) -> Iterator[Mapping[str, Any]]:
    name = "<stdin>" if log == "-" else log
    for number, line in enumerate(read_bytes(log).splitlines(), start=1):
        place = Place(name, number, 1)
        try:
            record = msgspec.json.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError) as wrong:
            raise ProblemError(
                Problem("syntax-error", "", str(wrong).lower(), "OTB-DOC-001").at(place)
            ) from None
        if found := schema_problems(record, "usage-record"):
            raise ProblemError([problem.at(place) for problem in found])
        yield record


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
