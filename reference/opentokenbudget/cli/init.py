"""`otb init`: a commented policy, catalog and value rules, or those that a router's configuration says."""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .parameters import at_option
from .printing import print_json, print_lines, tell

if TYPE_CHECKING:
    from ..importing.litellm_config import ImportedPolicy

_LOSS = "loss.json"


@click.command("init")
@click.argument("folder", metavar="DIR")
@click.option(
    "--from",
    "origin",
    type=(click.Choice(["litellm"]), str),
    metavar="litellm CONFIG",
    help="Import the configuration of a LiteLLM proxy or router; `-` is standard input.",
)
@click.option(
    "--loss",
    metavar="FILE",
    help="Where the loss report goes: DIR/loss.json, unless told; `-` is standard output.",
)
@click.option("--force", is_flag=True, help="Overwrite files that are there.")
@at_option
def init(folder: str, origin: tuple[str, str] | None, loss: str | None, force: bool, at: int | None) -> int:
    """Write a commented policy.yaml, prices.yaml and value.yaml to DIR, with their schemas for your editor.

    With `--from litellm CONFIG` they say what the configuration says: models, strategies, fallbacks, budgets, prices.
    What comes over exactly, nearly or not at all stands in the loss report, one entry for every key.
    Budgets become pools. Secrets are never copied.

    \b
    otb init shop && otb check shop/policy.yaml && otb decide shop/policy.yaml shop/request.json --explain
    otb init shop --from litellm config.yaml
    """
    if origin is None:
        if loss is not None:
            raise click.UsageError("--loss goes with --from: without an import nothing is lost")
        from .starting import starting_files

        _write(Path(folder), starting_files(), force=force)
        _print_next(folder)
        return 0
    return _imported(folder, origin[1], loss, force=force, at=time.time_ns() if at is None else at)


def _imported(folder: str, source: str, loss: str | None, *, force: bool, at: int) -> int:
    from ..importing.litellm_config import import_litellm_config, policy_text, prices_text, value_text
    from ..opening import read_bytes
    from .starting import bundled_catalog, editor_schemas

    name = "<stdin>" if source == "-" else source
    found = import_litellm_config(read_bytes(source), file=name, bundled=bundled_catalog(), at=at)
    report = json.dumps([fate.as_json() for fate in found.fates], ensure_ascii=False, indent=1) + "\n"
    files = {
        "policy.yaml": policy_text(found.policy),
        "prices.yaml": prices_text(found.prices),
        "value.yaml": value_text(found.value_rules),
        "request.json": _request(found),
        **editor_schemas(),
    }
    if loss is None:
        files[_LOSS] = report
    elsewhere = {} if loss in (None, "-") else {str(loss): report}
    _write(Path(folder), files, force=force, elsewhere=elsewhere)
    if loss == "-":
        print_json([fate.as_json() for fate in found.fates])
    _summarize(found, loss or os.path.join(folder, _LOSS))
    _print_next(folder, err=loss == "-")
    return 0


def _request(found: ImportedPolicy) -> str:
    """Return a request to try, for the first group that asks for nothing else."""
    asked = next(rule["when"]["model_group"] for rule in found.policy["rules"] if len(rule["when"]) == 1)
    keys = {name for pool in found.policy.get("pools", ()) for name in pool.get("partition_by", ())}
    attributes = {"model_group": asked if isinstance(asked, str) else asked[0]}
    request = {
        "id": "example-1",
        "text": "Hello, what are your opening hours?",
        "attributes": attributes | dict.fromkeys(sorted(keys - attributes.keys()), "example"),
        "input_tokens": 900,
        "max_output_tokens": 400,
    }
    return json.dumps(request, ensure_ascii=False, indent=2) + "\n"


def _summarize(found: ImportedPolicy, report: str) -> None:
    from ..importing.losses import counted
    from .formats import visible

    for warning in found.warnings:
        tell(f"warning: {visible(str(warning))}")
    counts = counted(tuple(fate.loss for fate in found.fates))
    listed = ", ".join(f"{number} {severity}" for severity, number in counts.items())
    where = "" if report == "-" else f"; each with its reason in {report}"
    tell(f"imported: {listed}{where}")
    for fate in found.fates:
        if fate.loss.severity == "refused":
            tell(f"refused {visible(fate.loss.path)}: {visible(fate.loss.note)}")
    pools = len(found.policy.get("pools", ()))
    if pools:
        tell(
            f"budgets became {pools} pool{'s' if pools > 1 else ''} with enforcement `check`, as LiteLLM has it:"
            " with `reserve` calls at the same time cannot overrun them"
        )


def _print_next(folder: str, *, err: bool = False) -> None:
    policy, request = (shlex.quote(os.path.join(folder, name)) for name in ("policy.yaml", "request.json"))
    told = [f"wrote {folder}; next:", f"  otb check {policy}", f"  otb decide {policy} {request} --explain"]
    print_lines(told, err=err)


def _write(
    folder: Path, files: Mapping[str, str], *, force: bool, elsewhere: Mapping[str, str] | None = None
) -> None:
    """Write `files` below `folder`, and those `elsewhere`; none of them, where one is there already."""
    from ..opening import CannotOpen

    targets = {folder / name: text for name, text in files.items()}
    targets.update((Path(name), text) for name, text in (elsewhere or {}).items())
    there = [str(path) for path in targets if os.path.lexists(path)]
    if there and not force:
        listed = "\n".join(f"  {name}" for name in there)
        raise click.ClickException(f"these files are there already; --force overwrites them:\n{listed}")
    for path, text in targets.items():
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            _replace(path, text)
        except (OSError, ValueError) as wrong:
            reason = getattr(wrong, "strerror", None)
            raise CannotOpen(str(path), str(reason).lower() if reason else "not a usable name") from None


def _replace(path: Path, text: str) -> None:
    """Put `text` at `path` in one step: a file that is half written is never seen, a link is replaced, not followed."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        fresh.write_text(text, encoding="utf-8", newline="\n")
        os.replace(fresh, path)
    finally:
        with contextlib.suppress(OSError):
            fresh.unlink(missing_ok=True)
