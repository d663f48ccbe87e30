"""Catalogs, usages and what a bound is asked for."""

from __future__ import annotations

from typing import Any

from .conditions import condition
from .dice import Dice

METERS = (
    "input",
    "output",
    "input.cache_read",
    "input.cache_write",
    "input.audio",
    "input.audio.cache_read",
    "output.reasoning",
    "output.image",
    "web_search",
    "request",
    "audio_second",
    "page.scanned",
    "page",
)
NAMES = ("acme/large", "acme/small", "beta/one", "beta/two", "solo")
ALIASES = ("large", "small-1", "two@2026", "gamma/x")
CONTEXT = {"service_tier": ("default", "flex", "batch"), "region": ("global", "eu", "us")}
FEATURES = ("tools", "json_schema", "vision")
_DATES = ("2025-06-01", "2026-01-01", "2026-06-01", "2026-11-23", "2027-01-01T00:00:00Z")
_ENVELOPE = {"otb": "1.0", "kind": "catalog", "version": "1.0.0"}


def catalog(dice: Dice, simple: bool = False, base: bool = False) -> dict[str, Any]:
    """Return a catalog of 1 to 4 models; `simple` ones have plain prices of input and output, always in force."""
    names = dice.some(NAMES, 1, 4)
    aliases = dice.some(ALIASES, 0, 2)
    models = [_model(dice, name, simple) for name in names]
    for alias in aliases:
        dice.pick(models).setdefault("aliases", []).append(alias)
    form: dict[str, Any] = {**_ENVELOPE, "id": "prices", "currency": "USD", "models": models}
    if base:
        form["extends"] = {"path": "base_catalog"}
    if not simple:
        dice.maybe(25, form, "discounts", lambda: dice.times(1, 2, lambda: _discount(dice, names)))
        if len(names) > 1 and dice.chance(10):
            redirect = {"from": dice.pick(_DATES), "model": names[1]}
            models[0].setdefault("lifecycle", {})["billed_as"] = [redirect]
    return form


def usage(dice: Dice, model: dict[str, Any]) -> dict[str, Any]:
    """Return a usage: mostly of meters that the model prices, with parts that fit into their wholes."""
    form: dict[str, Any] = {}
    priced = [*model["prices"][-1]["rates"], *METERS[:3]]
    for meter in dice.some(sorted(set(priced)) if dice.chance(85) else METERS, 1, 5):
        form[meter] = dice.quantity() if "." not in meter else dice.pick((0, 1, 10, 99, 100, 1000))
        if meter in ("audio_second", "page") and dice.chance(40):
            form[meter] = dice.decimal()
    if dice.chance(80):
        # Wholes that hold their parts: else most usages would be refused alike.
        form = {"input": 1_000_000 + dice.quantity(), "output": 100_000 + dice.quantity(), **form}
        form["input"] = max(form["input"], 10_000) if isinstance(form["input"], int) else form["input"]
        form["output"] = max(form["output"], 10_000) if isinstance(form["output"], int) else form["output"]
    return form


def asked_context(dice: Dice, model: dict[str, Any]) -> dict[str, str]:
    """Return a context as a request asks for it: one that the model's last period declares, seldom another."""
    declared = model["prices"][-1].get("context", {})
    form = {key: dice.pick(values) for key, values in declared.items() if dice.chance(60)}
    if dice.chance(5):
        form[dice.pick((*CONTEXT, "speed"))] = dice.pick(("moon", "eu", "flex"))
    return form


def named(dice: Dice, catalog: dict[str, Any]) -> str:
    """Return the name or an alias of a model of `catalog`, or seldom nobody's."""
    if dice.chance(4):
        return dice.pick((*ALIASES, *NAMES, "acme/larg", "Acme/large", "acme/large-1"))
    model = dice.pick(catalog["models"])
    return str(dice.pick([model["id"], *model.get("aliases", ())]))


def _model(dice: Dice, name: str, simple: bool) -> dict[str, Any]:
    form: dict[str, Any] = {"id": name}
    dice.maybe(35, form, "lifecycle", lambda: _lifecycle(dice))
    dice.maybe(60, form, "capabilities", lambda: _capabilities(dice))
    if dice.chance(60 if simple else 30):
        form["prices"] = [{"from": None, **_rates(dice, simple)}]
    elif dice.chance(80):
        first = {"from": dice.pick((None, "2025-06-01")), "until": "2026-06-01", **_rates(dice, simple)}
        form["prices"] = [first, {"from": "2026-06-01", **_rates(dice, simple)}]
    else:
        form["prices"] = [{"from": "2026-01-01", "until": "2027-01-01", **_rates(dice, simple)}]
    return form


def _lifecycle(dice: Dice) -> dict[str, Any]:
    dates = sorted(dice.some(_DATES, 1, 3))
    fields = ("released", "deprecated", "retires")[-len(dates) :]
    return dict(zip(fields, dates, strict=True))


def _capabilities(dice: Dice) -> dict[str, Any]:
    form: dict[str, Any] = {}
    dice.maybe(60, form, "context_window", lambda: dice.pick((1000, 2000, 200_000, 1_000_000)))
    dice.maybe(30, form, "max_input", lambda: dice.pick((999, 1000, 150_000)))
    dice.maybe(50, form, "max_output", lambda: dice.pick((1, 100, 1000, 8000)))
    dice.maybe(30, form, "input", lambda: dice.some(("text", "image", "audio"), 1, 3))
    dice.maybe(20, form, "output", lambda: dice.some(("text", "image"), 1, 2))
    dice.maybe(40, form, "features", lambda: dice.some(FEATURES, 1, 3))
    return form


def _rates(dice: Dice, simple: bool) -> dict[str, Any]:
    rates: dict[str, Any] = {"input": dice.decimal(), "output": dice.decimal()}
    form: dict[str, Any] = {"rates": rates}
    if dice.chance(30 if simple else 60):
        keys = dice.some(list(CONTEXT), 1, 2)
        form["context"] = {key: dice.some(CONTEXT[key], 1, 3) for key in keys}
    if simple:
        return form
    for meter in dice.some(METERS[2:], 0, 5):
        rates[meter] = dice.decimal()
        if dice.chance(12):
            rates[meter] = {"amount": dice.decimal(), "per": dice.pick((1, 3600, 1000, 7))}
    if dice.chance(8):
        del rates["output"]
    types = {meter: "integer" if "put" in meter else "decimal" for meter in rates}
    types["time"] = "time"
    declared = form.get("context", {})
    dice.maybe(
        45, form, "overrides", lambda: dice.times(1, 3, lambda: _override(dice, types, declared, rates))
    )
    dice.maybe(8, form, "forbid", lambda: [{"when": _when(dice, types, declared)}])
    dice.maybe(15, form, "minimums", lambda: {dice.pick(list(rates)): dice.pick((1, 10, 100))})
    dice.maybe(15, form, "allowances", lambda: [_allowance(dice, list(rates))])
    return form


def _override(
    dice: Dice, types: dict[str, str], declared: dict[str, list[str]], rates: dict[str, Any]
) -> dict[str, Any]:
    form: dict[str, Any] = {"when": _when(dice, types, declared)}
    if dice.chance(60):
        form["rates"] = {meter: dice.decimal() for meter in dice.some(list(rates), 1, 3)}
    if "rates" not in form or dice.chance(15):
        form["multiply"] = dice.pick(("0.5", "1.1", "2", "0", "0.333333333333"))
        dice.maybe(25, form, "meters", lambda: dice.some(list(rates), 1, 2))
    return form


def _when(dice: Dice, types: dict[str, str], declared: dict[str, list[str]]) -> dict[str, Any]:
    form = condition(dice, types, 1) if dice.chance(55) or not declared else {}
    for key, values in declared.items():
        if dice.chance(40) or not form:
            form[key] = dice.pick((dice.pick(values), dice.some(values, 1, 2)))
    return form


def _allowance(dice: Dice, meters: list[str]) -> dict[str, Any]:
    return {
        "meter": dice.pick(meters),
        "quantity": dice.pick((1, 100, 1000)),
        "period": dice.pick(("day", "month")),
    }


def _discount(dice: Dice, names: list[str]) -> dict[str, Any]:
    form: dict[str, Any] = {"multiply": dice.pick(("0.9", "0.5", "1", "0.123456789012"))}
    dice.maybe(60, form, "models", lambda: dice.some(names, 1, 2))
    dice.maybe(20, form, "meters", lambda: ["input"])
    dice.maybe(40, form, "from", lambda: "2026-01-01")
    dice.maybe(40, form, "until", lambda: "2026-11-23")
    return form
