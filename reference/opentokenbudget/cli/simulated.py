"""The figures of a simulation in words. A saving is never printed without the quality beside it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

_MOST_NAMED = 20


def report(figures: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines of the report on `figures`, which `otb simulate --format json` prints whole."""
    currency = figures["currency"]
    yield f"policy     {_named(figures['policy'])} over catalog {_named(figures['catalog'])}"
    yield f"seed       {figures['seed']}"
    for drawn in figures["synthetic"]:
        yield f"synthetic  {drawn} (drawn by seed, not observed)"
    when = f" from {figures['from']} to {figures['until']}" if figures["requests"] else ""
    yield f"requests   {figures['requests']:,}{when}"
    if figures["refused_rows"]:
        yield f"refused    {figures['refused_rows']:,} rows that could not be read"
    if figures["ignored_columns"]:
        named = figures["ignored_columns"]
        more = f" and {len(named) - _MOST_NAMED:,} more" if len(named) > _MOST_NAMED else ""
        yield f"ignored    columns {', '.join(named[:_MOST_NAMED])}{more}"
    if figures["denied"]:
        why = ", ".join(f"{reason} {count:,}" for reason, count in figures["denied_because"].items())
        yield f"denied     {figures['denied']:,} ({why})"
    if downgraded := figures["actions"].get("downgrade"):
        yield f"downgraded {downgraded:,} by pools"
    yield f"spent      {figures['spent']} {currency} in {figures['attempts']:,} attempts"
    yield f"unpriced   {percent(figures['unpriced_share'])}{_because(figures['unpriced_because'])}"
    if figures["against"] is not None:
        yield from _saving(figures, currency)
    yield ""
    yield from _table("tier", figures["tiers"], currency)
    yield ""
    yield from _table("model", figures["models"], currency)
    yield ""
    yield from _table("dearest rules", figures["rules"], currency)


def _saving(figures: Mapping[str, Any], currency: str) -> Iterator[str]:
    compared, quality = figures["baseline"], figures["quality"]
    yield f"baseline   {compared['cost']} {currency} with {figures['against']}, over {compared['compared']:,} requests"
    if compared["unknown"]:
        yield f"           {compared['unknown']:,} requests whose baseline nobody knows are not compared"
    yield (
        f"saving     {compared['saving']} {currency} ({percent(compared['saving_share'])}), "
        f"quality {quality_words(quality, figures['requests'])}"
    )


def quality_words(quality: Mapping[str, Any], requests: int) -> str:
    """Return the quality of a policy beside its baseline's, or the word `unmeasured`."""
    if quality["measured"]:
        partly = (
            ""
            if quality["measured"] == requests
            else f", measured on {quality['measured']:,} of {requests:,}"
        )
        return f"{quality['policy']} against {quality['baseline']}{partly}"
    return "unmeasured"


def percent(part: str | None) -> str:
    """Return a share as a percentage of one digit; `–` of nothing."""
    return "–" if part is None else f"{Decimal(part) * 100:.1f} %"


def _table(title: str, rows: list[Mapping[str, Any]], currency: str) -> Iterator[str]:
    width = max([len(title), *(len(row["id"]) for row in rows)])
    yield f"{title:<{width}}  {'requests':>10} {'':>7}  {'spent ' + currency:>20}"
    for row in rows:
        yield (
            f"{row['id']:<{width}}  {row['requests']:>10,} {percent(row['requests_share']):>7}  "
            f"{row['spent']:>20} {percent(row['spent_share']):>7}"
        )


def _named(stamp: Mapping[str, str]) -> str:
    return f"{stamp['id']} {stamp['version']} ({stamp['digest'][:19]}…)"


def _because(reasons: Mapping[str, int]) -> str:
    return f" ({', '.join(f'{code} {count:,}' for code, count in reasons.items())})" if reasons else ""
