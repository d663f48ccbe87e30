"""`otb price`: what a usage costs, exactly."""

from __future__ import annotations

import time
from typing import Any

import click

from ..amounts import InvalidDecimal, parse_decimal
from ..opening import load_catalog
from .parameters import at_option, format_option, pairs
from .printing import print_json, print_lines


@click.command("price")
@click.argument("catalog")
@click.argument("model")
@click.argument("usage", nargs=-1, required=True, metavar="METER=QUANTITY...")
@at_option
@click.option(
    "--context",
    multiple=True,
    metavar="KEY=VALUE",
    help="What the price depends on besides: service_tier=batch.",
)
@click.option(
    "--used", multiple=True, metavar="METER=QUANTITY", help="What free allowances have covered before."
)
@format_option
def price(
    catalog: str,
    model: str,
    usage: tuple[str, ...],
    at: int | None,
    context: tuple[str, ...],
    used: tuple[str, ...],
    form: str,
) -> None:
    """Price a usage of MODEL under CATALOG, exactly.

    A parent meter includes its parts: input=1000 input.cache_read=800 are 1,000 input tokens, 800 of them cached.

    \b
    otb price prices.yaml openai/gpt-4o input=1000 output=500
    otb price prices.yaml openai/gpt-4o input=1000 --context service_tier=batch --at 2026-11-23T12:00:00Z
    """
    cost = load_catalog(catalog).price(
        model,
        {meter: _quantity(text) for meter, text in pairs(usage, "METER=QUANTITY").items()},
        at=time.time_ns() if at is None else at,
        context=pairs(context, "--context KEY=VALUE"),
        used={meter: _quantity(text) for meter, text in pairs(used, "--used METER=QUANTITY").items()} or None,
    )
    form_json: dict[str, Any] = cost.as_json()
    if form == "json":
        print_json(form_json)
        return
    told = []
    for line in form_json["lines"]:
        rate = line["rate"]
        per = "" if rate["per"] == 1 else f" per {rate['per']:,}"
        free = f" ({line['free']} free)" if "free" in line else ""
        quantity = f"{line['quantity']:,}" if isinstance(line["quantity"], int) else line["quantity"]
        told.append(f"{line['meter']:<24} {quantity:>14}{free} × {rate['amount']}{per} = {line['amount']}")
    print_lines([*told, f"{'total':<24} {cost.model} {form_json['total']} {form_json['currency']}"])


def _quantity(text: str) -> int | str:
    """Return an integer where the text is one; other text goes on as it is, for pricing to judge."""
    try:
        parse_decimal(text)
    except InvalidDecimal:
        return text
    return text if "." in text else int(text)
