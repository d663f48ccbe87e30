"""Pools, and what is asked of a router that spends from them: decided, settled, given back, and time that moves on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from opentokenbudget.amounts import format_instant, parse_instant

from . import catalogs, policies
from .conditions import condition
from .dice import ZONES, Dice

_MEASURES = (
    "cost",
    "cost",
    "tokens",
    "value_tokens",
    "requests",
    "concurrent",
    "input",
    "output",
    "input.audio",
    "input.audio.cache_read",
    "web_search",
    "page",
    "request",
)
_COSTS = ("0", "0.001", "0.01", "0.05", "0.25", "1", "20", "1000.000000000001", None)
_COUNTS = (0, 1, 2, 3, 5, "2.5", None)
_TOKENS = (0, 100, 1000, 2000, 2200, "1100.5", 10_000, None)
_CANDIDATE = dict.fromkeys(
    ("candidate.model", "candidate.tier", "candidate.provider", "candidate.deployment"), "string"
)
_ANCHORS = ("2026-11-23T12:00:00Z", "2026-01-01T00:00:00.5Z", "2027-01-01T00:00:00+01:00")
_DAY = 86_400
_STEPS = (0, 0, 0, 1, 5, 31, 60, 90, 700, 3600, 4000)
_CLOCKS = ("2026-11-01T03:59:00Z", "2026-11-23T12:00:00Z", "2026-10-24T21:58:00Z", "2026-12-31T23:59:59.5Z")


def pools(dice: Dice, policy: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return one to four pools over the attributes and tiers of `policy`."""
    types = {name: said["type"] for name, said in policy["attributes"].items()}
    tiers = [tier["id"] for tier in policy["tiers"]]
    found: list[dict[str, Any]] = []
    for number in range(dice.pick((1, 1, 2, 3, 4))):
        found.append(_pool(dice, f"p{9 - number}", types, tiers, found))
    return dice.some(found, len(found))


def spent(dice: Dice, policy: dict[str, Any], catalog: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Return steps within a day: requests that are decided and what becomes of them."""
    now = parse_instant(dice.pick(_CLOCKS))
    ahead = dice.pick((0, 0, 0, 1, -90, 7200))
    last = now + _DAY * 10**9 * 3 // 4
    asked: dict[str, dict[str, Any]] = {}
    steps: list[tuple[str, dict[str, Any]]] = []
    for _ in range(dice.number(4, 12)):
        now = min(last, now + dice.pick(_STEPS) * 10**9)
        op, args = _step(dice, asked, policy, catalog)
        args["at"] = format_instant(now)
        if ahead:
            args["store_at"] = format_instant(now + ahead * 10**9)
        if op not in ("pools", "extend") and dice.chance(4):
            args["store"] = "unavailable"
        steps.append((op, args))
    now_form = {"at": format_instant(now), "store_at": format_instant(now + ahead * 10**9)}
    return [*steps, ("pools", now_form)]


def _step(
    dice: Dice, asked: dict[str, dict[str, Any]], policy: dict[str, Any], catalog: dict[str, Any]
) -> tuple[str, dict[str, Any]]:
    throw = dice.number(0, 99)
    if throw < 45 or not asked:
        return "decide", {"request": _request(dice, asked, policy, catalog), **_traced(dice)}
    of: dict[str, Any] = {}
    dice.maybe(40, of, "of", lambda: dice.pick(list(asked)))
    if throw < 62:
        outcome = policies.outcome(dice)
        dice.maybe(35, outcome, "usage", lambda: _usage(dice, catalog))
        return "next", {"outcome": outcome, **of, **_traced(dice)}
    if throw < 80:
        dice.maybe(75, of, "usage", lambda: _usage(dice, catalog))
        dice.maybe(15, of, "error", lambda: dice.pick(policies.ERRORS))
        dice.maybe(10, of, "served", lambda: catalogs.named(dice, catalog))
        dice.maybe(5, of, "usage_source", lambda: dice.pick(("provider", "estimated", "unknown")))
        return "settle", of
    if throw < 87:
        return "release", of
    if throw < 92:
        return "extend", {"seconds": dice.pick((1, 60, 4000)), **of}
    return "pools", {}


def _traced(dice: Dice) -> dict[str, Any]:
    return {"trace": True} if dice.chance(25) else {}


def _request(
    dice: Dice, asked: dict[str, dict[str, Any]], policy: dict[str, Any], catalog: dict[str, Any]
) -> dict[str, Any]:
    if asked and dice.chance(12):
        return asked[dice.pick(list(asked))]
    request = policies.request(dice, len(asked), policy, catalog)
    if dice.chance(85):
        request.pop("context", None)
        request.pop("needs", None)
    dice.maybe(30, request, "max_usage", lambda: _most(dice))
    asked[request["id"]] = request
    return request


def _most(dice: Dice) -> dict[str, Any]:
    names = ("web_search", "input.audio", "input.audio.cache_read", "page", "page.scanned", "request")
    return {meter: dice.pick((0, 1, 2, 5, "0.5")) for meter in dice.some(names, 1, 2)}


def _usage(dice: Dice, catalog: dict[str, Any]) -> dict[str, Any]:
    if dice.chance(35):
        return catalogs.usage(dice, dice.pick(catalog["models"]))
    form: dict[str, Any] = {"input": dice.pick((0, 10, 900, 1001)), "output": dice.pick((0, 50, 1000))}
    dice.maybe(20, form, "web_search", lambda: dice.pick((0, 1, 3)))
    return form


def _pool(
    dice: Dice, name: str, types: dict[str, str], tiers: list[str], before: list[dict[str, Any]]
) -> dict[str, Any]:
    enforcement = dice.pick(("reserve", "reserve", "reserve", "check", "soft", "shadow"))
    form: dict[str, Any] = {"id": name, "enforcement": enforcement}
    measure = dice.pick(_MEASURES)
    if before and dice.chance(35):
        parent = dice.pick(before)
        form["parent"] = parent["id"]
        limit = parent["limit"]
        measure = next(iter(limit.get("otherwise", limit)))
    form["limit"] = _limit(dice, measure, types)
    form["window"] = _window(dice)
    if enforcement == "reserve" or dice.chance(20):
        form["on_store_failure"] = dice.pick(("open", "closed"))
    seen = {**types, **_CANDIDATE, "value": "decimal"}
    dice.maybe(35, form, "when", lambda: _when(dice, seen, tiers))
    dice.maybe(40, form, "partition_by", lambda: dice.some(list(types), 1, 2))
    dice.maybe(40, form, "thresholds", lambda: dice.times(1, 3, lambda: _threshold(dice, form, seen, tiers)))
    dice.maybe(30, form, "guarantees", lambda: dice.times(1, 2, lambda: _guarantee(dice, seen, tiers)))
    if enforcement != "soft":
        dice.maybe(60, form, "at_limit", lambda: _action(dice, enforcement, tiers))
    dice.maybe(30, form, "expires_after", lambda: dice.pick(("PT1S", "PT30S", "PT1H")))
    dice.maybe(30, form, "on_expiry", lambda: dice.pick(("charge", "release")))
    if "calendar" in form["window"] or "fixed" in form["window"]:
        dice.maybe(40, form, "rollover", lambda: {"cap": dice.pick((None, "0", "0.5", "100"))})
        dice.maybe(40, form, "carry_overrun", lambda: True)
    dice.maybe(20, form, "adjustments", lambda: [_adjustment(dice, form)])
    return form


def _limit(dice: Dice, measure: str, types: dict[str, str]) -> dict[str, Any]:
    if dice.chance(70):
        return {measure: _amount(dice, measure)}
    listed = dice.some(("free", "a", "premium", "1", "true", "1.5", "a,b"), 1, 3)
    of = {value: {measure: _amount(dice, measure)} for value in listed}
    return {"by": dice.pick(list(types)), "of": of, "otherwise": {measure: _amount(dice, measure)}}


def _amount(dice: Dice, measure: str) -> int | str | None:
    if measure == "cost":
        return dice.pick(_COSTS)
    amount = dice.pick(_TOKENS if measure in ("tokens", "value_tokens", "input", "output") else _COUNTS)
    return str(amount) if measure == "value_tokens" and amount is not None else amount


def _window(dice: Dice) -> dict[str, Any]:
    kind = dice.pick(("calendar", "calendar", "fixed", "rolling", "bucket", "idle", "lifetime"))
    if kind == "calendar":
        form: dict[str, Any] = {"calendar": dice.pick(("day", "day", "week", "month", "year"))}
        dice.maybe(70, form, "timezone", lambda: dice.pick(ZONES))
        dice.maybe(30, form, "week_start", lambda: dice.pick(("sun", "thu")))
        return form
    if kind == "fixed":
        return {"fixed": dice.pick(("PT90S", "PT1H", "P7D")), "anchor": dice.pick(_ANCHORS)}
    if kind == "rolling":
        return {"rolling": "PT1H", "grain": dice.pick(("PT30S", "PT1M", "PT15M", "PT1H"))}
    if kind == "bucket":
        refill = dice.pick(("0", "0.001", "0.5", "10", "100"))
        return {"bucket": {"refill": refill, "per": dice.pick(("PT1S", "PT1M"))}}
    return {"idle": dice.pick(("PT60S", "PT1H"))} if kind == "idle" else {"lifetime": True}


def _when(dice: Dice, types: dict[str, str], tiers: list[str]) -> dict[str, Any]:
    throw = dice.number(0, 99)
    if throw < 25:
        return {"candidate.tier": dice.some(tiers, 1, 2)}
    if throw < 35:
        return {"candidate.model": dice.pick(catalogs.NAMES)}
    if throw < 50:
        return {"value": {dice.pick(("lt", "gte")): dice.pick(("1", "1.1"))}}
    return condition(dice, types, 1)


def _threshold(dice: Dice, pool: dict[str, Any], types: dict[str, str], tiers: list[str]) -> dict[str, Any]:
    form = {
        "at": dice.pick(("0", "0.25", "0.5", "0.8", "1")),
        "do": _action(dice, pool["enforcement"], tiers),
    }
    dice.maybe(50, form, "when", lambda: _when(dice, types, tiers))
    return form


def _guarantee(dice: Dice, types: dict[str, str], tiers: list[str]) -> dict[str, Any]:
    return {
        "when": _when(dice, types, tiers),
        "share": dice.pick(("0", "0.25", "0.5", "0.333333333333", "1")),
    }


def _action(dice: Dice, enforcement: str, tiers: list[str]) -> Any:
    kind = dice.pick(("deny", "queue", "downgrade", "downgrade", "throttle", "allow"))
    if kind == "downgrade":
        return {"downgrade": dice.pick(tiers)}
    if kind == "throttle":
        return {"throttle": {"requests": dice.pick((1, 2, 3)), "per": dice.pick(("PT1M", "PT1H"))}}
    return "deny" if kind == "allow" and enforcement in ("reserve", "check") else kind


def _adjustment(dice: Dice, pool: dict[str, Any]) -> dict[str, Any]:
    form: dict[str, Any] = {
        "id": "more",
        "from": dice.pick(("2026-10-01", "2026-11-23T12:00:30Z")),
        "amount": dice.pick(("0.5", "-0.01", "1000", "-1")),
        "reason": "agreed",
    }
    dice.maybe(30, form, "until", lambda: dice.pick(("2027-06-01", "2026-11-23T13:00:00Z")))
    if "partition_by" in pool and dice.chance(40):
        form["partition"] = [dice.pick(("a", "free", "1", "true")) for _ in pool["partition_by"]]
    return form
