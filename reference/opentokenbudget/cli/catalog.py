"""`otb catalog`: prices of others as a catalog, what changed between two, what is odd in one."""

from __future__ import annotations

import json
import time
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

import click

from .lazy import Command, LazyGroup
from .parameters import at_option, format_option, standard_input_once
from .printing import print_json, print_lines

if TYPE_CHECKING:
    from ..importing.catalog_diff import Change
    from ..importing.disagreement import Comparison

_COMMANDS = {
    "import": Command("catalog_import", "Import prices of genai-prices or litellm as a catalog."),
    "diff": Command("catalog", "Say what changed between two catalogs, or where two sources disagree."),
    "lint": Command("catalog", "Name prices that are likelier a mistake than a price."),
}


class _CatalogGroup(LazyGroup):
    """The commands of `otb catalog`; `diff` and `lint` lie in this module."""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name == "import":
            from .catalog_import import import_

            return import_
        return {"diff": diff, "lint": lint}.get(cmd_name)


@click.group("catalog", cls=_CatalogGroup, commands_by_name=_COMMANDS)
def catalog() -> None:
    """Import, compare and lint price catalogs."""


class _Percent(click.ParamType[Decimal]):
    """A number of percent, 0 or more."""

    name = "percent"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Decimal:
        try:
            percent = Decimal(str(value).removesuffix("%").strip())
        except InvalidOperation:
            self.fail(f"`{value}` is no percentage", param, ctx)
        if not percent.is_finite() or percent < 0:
            self.fail(f"`{value}` is no percentage", param, ctx)
        return percent


@click.command("diff")
@click.argument("first")
@click.argument("second")
@click.option(
    "--disagreements", is_flag=True, help="Take them for two sources of the same moment, not two versions."
)
@click.option(
    "--threshold",
    type=_Percent(),
    metavar="PERCENT",
    help="End with exit code 1 when a rate differs by more than this.",
)
@at_option
@format_option
def diff(
    first: str, second: str, disagreements: bool, threshold: Decimal | None, at: int | None, form: str
) -> int:
    """Say what the catalog SECOND says otherwise than FIRST.

    Models that are new or gone, rates with their change in percent and since when, periods, lifecycle.
    With `--disagreements`, models are matched by id, by alias, or as the same model of the same provider, and
    their prices at `--at` are compared; which of two prices is likelier is a hint.

    \b
    otb catalog diff prices-old.yaml prices.yaml --threshold 10
    otb catalog diff genai.yaml litellm.yaml --disagreements --format json
    """
    from ..importing.catalog_diff import catalog_changes, largest_percent
    from ..importing.disagreement import compare_sources, largest_gap
    from ..opening import open_document

    standard_input_once(first, second)
    one = open_document(first, kind="catalog").data
    other = open_document(second, kind="catalog").data
    if disagreements:
        comparison = compare_sources(one, other, at=time.time_ns() if at is None else at)
        largest = largest_gap(comparison)
        _print_disagreements(comparison, form)
    else:
        changes = catalog_changes(one, other)
        largest = largest_percent(changes)
        _print_changes(changes, form)
    return 1 if threshold is not None and largest > threshold else 0


@click.command("lint")
@click.argument("file")
@click.option(
    "--against",
    multiple=True,
    metavar="FILE",
    help="An earlier version, or another source, to compare prices with. May be given several times.",
)
@click.option("--strict", is_flag=True, help="End with exit code 1 when anything is odd.")
@format_option
def lint(file: str, against: tuple[str, ...], strict: bool, form: str) -> int:
    """Name prices of the catalog FILE that are likelier a mistake of the source than a price.

    More than 200 for 1,000,000 tokens, a cache that costs more than the input, a batch dearer than the standard,
    output at less than a twentieth of input, jumps against the version before, prices far from all other providers'.

    \b
    otb catalog lint prices.yaml --against prices-old.yaml
    """
    from ..documents import placed
    from ..importing.quarantine import suspicions
    from ..opening import open_document

    standard_input_once(file, *against)
    document = open_document(file, kind="catalog")
    others = [open_document(path, kind="catalog").data for path in against]
    found = placed(document, suspicions(document.data, against=others))
    if form == "json":
        print_json([problem.as_json() for problem in found])
    else:
        models = len(document.data["models"])
        told = [str(problem) for problem in found]
        print_lines([*told, f"{_many(len(found), 'odd price')} in {_many(models, 'model')}"])
    return 1 if strict and found else 0


def _print_changes(changes: tuple[Change, ...], form: str) -> None:
    if form == "json":
        print_json([change.as_json() for change in changes])
        return
    told = [_change_line(change) for change in changes]
    counts = {kind: sum(change.kind == kind for change in changes) for kind in ("added", "removed", "rate")}
    others = len(changes) - sum(counts.values())
    told.append(
        f"{_many(counts['added'], 'model')} added, {counts['removed']} removed, "
        f"{_many(counts['rate'], 'rate')} changed, {_many(others, 'other change')}"
    )
    print_lines(told)


def _change_line(change: Change) -> str:
    span = f" since {change.since}" if change.since else ""
    span += f" until {change.until}" if change.until else ""
    when = f" when {change.when}" if change.when else ""
    match change.kind:
        case "added" | "removed":
            return f"{change.kind} {change.model}"
        case "rate":
            percent = f" ({change.percent} %)" if change.percent else ""
            before, after = (
                side if side is not None else "no price" for side in (change.before, change.after)
            )
            return f"{change.model} {change.meter} {before} -> {after}{percent}{when}{span}"
        case "situation":
            side = "first" if change.before else "second"
            return f"{change.model} only the {side} tells apart{when}{span}"
        case _:
            before, after = (_short(side) for side in (change.before, change.after))
            return f"{change.model} {change.kind} {before} -> {after}{span}"


def _short(side: Any) -> str:
    return "nothing" if side is None else json.dumps(side, ensure_ascii=False)


def _print_disagreements(comparison: Comparison, form: str) -> None:
    if form == "json":
        form_json = {
            "models": comparison.models,
            "agreeing": comparison.agreeing,
            "disagreements": [item.as_json() for item in comparison.disagreements],
        }
        print_json(form_json)
        return
    told = []
    for item in comparison.disagreements:
        names = " = ".join(dict.fromkeys(item.models))
        first, second = (side if side is not None else "no price" for side in (item.first, item.second))
        ratio = f" ({item.ratio} times)" if item.ratio else ""
        when = f" when {item.when}" if item.when else ""
        hint = "" if item.likelier == "unknown" else f"; likelier the {item.likelier}"
        told.append(f"{names} {item.meter} {first} | {second}{ratio}{when}{hint}: {item.because}")
    both, apart = _many(comparison.models, "model"), len(comparison.disagreements)
    told.append(f"{both} in both; {comparison.agreeing:,} rates are the same, {apart:,} are not")
    print_lines(told)


def _many(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"
