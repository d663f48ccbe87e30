"""`otb catalog import`: prices of others as a catalog, with a report of what was lost."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..amounts import InvalidInstant, parse_date
from ..opening import CannotOpen, read_bytes
from ..problems import ProblemError
from .lazy import Command, LazyGroup
from .parameters import apart
from .printing import print_text, tell

if TYPE_CHECKING:
    from ..importing.drafts import Imported

_SHOWN = 10
_COMMANDS = {
    "genai-prices": Command("catalog_import", "The installed package genai-prices."),
    "litellm": Command("catalog_import", "litellm's file model_prices_and_context_window.json."),
}


class _ImportGroup(LazyGroup):
    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        return {"genai-prices": genai_prices, "litellm": litellm}.get(cmd_name)


@click.group("import", cls=_ImportGroup, commands_by_name=_COMMANDS)
def import_() -> None:
    """Import prices of others as a catalog.

    Suspicious models are left out and named; `--loss` writes what became of every construct of the source.
    """


class _Date(click.ParamType[str]):
    """A date, like 2026-11-23."""

    name = "date"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        try:
            parse_date(value)
        except InvalidInstant as wrong:
            self.fail(str(wrong), param, ctx)
        return str(value)


class _Version(click.ParamType[str]):
    """A version, as it stands in the catalog's description."""

    name = "version"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        text = str(value)
        if not text.isprintable() or len(text) > 64:
            self.fail("a version is at most 64 printable characters", param, ctx)
        return text


def _import_options(command: Callable[..., Any]) -> Callable[..., Any]:
    options = (
        click.option("--out", metavar="FILE", help="Where the catalog goes; standard output when left out."),
        click.option(
            "--model",
            "models",
            multiple=True,
            metavar="GLOB",
            help="Only models whose id or alias matches, like 'openai/gpt-4o*'. May be given several times.",
        ),
        click.option(
            "--at", type=_Date(), metavar="DATE", help="When the source was read; today when left out."
        ),
        click.option(
            "--format", "form", type=click.Choice(["yaml", "json"]), help="By the name of --out, else yaml."
        ),
        click.option("--loss", metavar="FILE", help="Where the loss report goes, as JSON."),
        click.option("--keep-quarantined", is_flag=True, help="Leave suspicious models in."),
        click.option("--quiet", is_flag=True, help="No counts on standard error."),
    )
    for option in reversed(options):
        command = option(command)
    return command


@click.command("genai-prices")
@_import_options
def genai_prices(
    out: str | None,
    models: tuple[str, ...],
    at: str | None,
    form: str | None,
    loss: str | None,
    keep_quarantined: bool,
    quiet: bool,
) -> None:
    """Import the installed package genai-prices: all providers and models, with their dated prices.

    \b
    otb catalog import genai-prices --out prices.yaml --model 'openai/*' --model 'anthropic/*'
    """
    from ..importing.genai_prices import import_genai_prices

    apart({"--out": out, "--loss": loss}, ())

    try:
        imported = import_genai_prices(
            retrieved=at or _today(), models=models, keep_quarantined=keep_quarantined
        )
    except ProblemError as wrong:
        if wrong.code == "missing-package":
            raise click.ClickException(wrong.problems[0].message) from None
        raise
    _write(imported, out, form, loss, quiet)


@click.command("litellm")
@click.argument("file")
@click.option(
    "--source-version",
    type=_Version(),
    default="",
    metavar="VERSION",
    help="The version of litellm that the file is from.",
)
@_import_options
def litellm(
    file: str,
    source_version: str,
    out: str | None,
    models: tuple[str, ...],
    at: str | None,
    form: str | None,
    loss: str | None,
    keep_quarantined: bool,
    quiet: bool,
) -> None:
    """Import litellm's FILE of prices, `model_prices_and_context_window.json`; `-` is standard input.

    \b
    otb catalog import litellm model_prices_and_context_window.json --out prices.yaml --loss loss.json
    """
    from ..importing.litellm_prices import import_litellm, read_price_file

    apart({"--out": out, "--loss": loss}, [file])

    entries = read_price_file(read_bytes(file), file="<stdin>" if file == "-" else file)
    imported = import_litellm(
        entries,
        retrieved=at or _today(),
        version=source_version,
        models=models,
        keep_quarantined=keep_quarantined,
    )
    _write(imported, out, form, loss, quiet)


def _today() -> str:
    return datetime.now(UTC).date().isoformat()


def _write(imported: Imported, out: str | None, form: str | None, loss: str | None, quiet: bool) -> None:
    from ..importing.catalog_text import json_text, yaml_text
    from ..importing.losses import counted

    counts = counted(imported.losses)
    if loss is not None:
        report = {
            "counts": counts,
            "losses": [item.as_json() for item in imported.losses],
            "quarantined": [problem.as_json() for problem in imported.quarantined],
        }
        _write_text(loss, json.dumps(report, indent=1) + "\n")
    as_json = form == "json" or (form is None and (out or "").endswith(".json"))
    text = json_text(imported.catalog) if as_json else yaml_text(imported.catalog)
    if out is None:
        print_text(text.rstrip("\n"))
    else:
        _write_text(out, text)
    if quiet:
        return
    models, periods = imported.catalog["models"], sum(len(m["prices"]) for m in imported.catalog["models"])
    tell(f"{len(models):,} models, {periods:,} price periods")
    tell(", ".join(f"{count:,} {severity}" for severity, count in counts.items()))
    if imported.quarantined:
        tell(f"{len(imported.quarantined):,} suspicious prices:")
        for problem in imported.quarantined[:_SHOWN]:
            tell(f"  {problem.code} {problem.message}")
        if len(imported.quarantined) > _SHOWN:
            tell(f"  and {len(imported.quarantined) - _SHOWN:,} more: --loss writes them all")


def _write_text(path: str, text: str) -> None:
    try:
        if path == "-":
            print_text(text.rstrip("\n"))
        else:
            Path(path).write_text(text, encoding="utf-8", newline="\n")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None)
        raise CannotOpen(path, str(reason).lower() if reason else "not a usable name") from None
