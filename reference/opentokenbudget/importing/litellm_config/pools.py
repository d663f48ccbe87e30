"""Pools over money and over counts, from the amounts that the configuration writes."""

from __future__ import annotations

from ..drafts import Plain
from .config import Spot, written
from .draft import Draft
from .windows import Window

CHECKED = "what was spent is looked at before a request: many at once go over it, as they do there"
_NO_AMOUNT = "not an amount at or above 0"


def money(spot: Spot) -> str | None:
    """Return the amount that stands at `spot` as a decimal string, or None where it is none."""
    number = spot.number()
    return None if number is None else written(number)


def add_money(
    draft: Draft,
    wanted: str,
    amount: Spot,
    duration: Spot,
    window: Window,
    rest: Plain,
    *,
    note: str,
    free: bool,
) -> Plain | None:
    """Add a pool over money and return it; None where there is no amount, or no window for it.

    Args:
        rest: `when` and `partition_by`.
        note: what `check` says less well than LiteLLM.
        free: whether 0 means unlimited there.
    """
    if not amount.has_value():
        if duration.has_value():
            duration.say("dropped", "without an amount it limits nothing")
        return None
    text = money(amount)
    if text is None or window.plain is None:
        amount.say("refused", _NO_AMOUNT if text is None else "its duration is no window")
        if duration.has_value():
            duration.say("dropped" if window.plain is not None else window.severity, window.note)
        return None
    unlimited = free and text == "0"
    pool: Plain = {**rest, "limit": {"cost": None if unlimited else text}, "window": window.plain}
    pool["enforcement"] = "check"
    if not unlimited:
        pool["at_limit"] = "deny"
    added = draft.add_pool(wanted, pool)
    where = f"policy.yaml#pools/{added['id']}"
    if unlimited:
        amount.say("exact", "0 means unlimited there: said as `null`", where)
    else:
        amount.say("approximated", note, where)
    if duration.has_value():
        duration.say(window.severity, window.note, where)
    return added


def add_count(
    draft: Draft, wanted: str, spot: Spot, measure: str, window: Plain, rest: Plain, note: str = ""
) -> None:
    """Add a pool over a count of requests, tokens or calls at once."""
    number = spot.number()
    if number is None or number < 0 or number != number.to_integral_value() or number > 2**53 - 1:
        spot.say("refused", "not a number of requests or tokens")
        return
    pool: Plain = {**rest, "limit": {measure: int(number)}, "window": window}
    added = draft.add_pool(wanted, {**pool, "enforcement": "check", "at_limit": "deny"})
    usual = "a window begins with its first request there, with the minute or the day here"
    if measure == "concurrent":
        usual = "counted by each worker there, by the store here"
    spot.say("approximated", note or usual, f"policy.yaml#pools/{added['id']}")
