"""Policies, value rules, requests and outcomes that fit a catalog."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .catalogs import FEATURES, asked_context
from .conditions import STRINGS, condition, facts, operand
from .dice import WEEKDAYS, ZONES, Dice

ERRORS = (
    "unavailable",
    "rate_limited",
    "timeout",
    "context_exceeded",
    "model_gone",
    "content_filtered",
    "bad_response",
    "other",
)
TEXTS = (
    "",
    "my stolen  Card",
    "a chargeback, please",
    "balance?",
    "Rechargebacks",
    "größe stolen\tcard",
    "STOLEN\nCARD balance",
    "nothing of it",
)
_ATTRIBUTES = {
    "user": "string",
    "plan": "string",
    "task": "string",
    "amount": "decimal",
    "contacts": "integer",
    "urgent": "boolean",
    "flags": "strings",
}
_DERIVED = {
    "input_tokens": "integer",
    "max_output_tokens": "integer",
    "expected_output_tokens": "integer",
    "needs": "strings",
    "hour": "integer",
    "weekday": "string",
    "confidence": "decimal",
    "time": "time",
}
_CANDIDATE = {"cost": "decimal", "bound": "decimal", "latency_ms": "integer", "quality": "decimal"}
_ENVELOPE = {"otb": "1.0", "version": "1.0.0"}
_TIERS = ("small", "medium", "large")
_PHRASES = ("stolen card", "chargeback", "balance", "card", "größe")


def value_rules(dice: Dice, types: dict[str, str]) -> dict[str, Any]:
    """Return value rules over attributes of these types."""
    form: dict[str, Any] = {**_ENVELOPE, "kind": "value-rules", "id": "value", "rules": []}
    for number in range(dice.number(0, 4)):
        rule = {"id": f"v{number}", "when": condition(dice, types, 1), "weight": dice.decimal()}
        dice.maybe(40, rule, "group", lambda: dice.pick(("who", "what")))
        form["rules"].append(rule)
    dice.maybe(30, form, "default", lambda: dice.pick(("1", "0.8", "2")))
    dice.maybe(30, form, "floor", lambda: dice.pick(("0", "0.25")))
    dice.maybe(30, form, "ceiling", lambda: dice.pick(("3", "12")))
    return form


def policy(dice: Dice, catalog: dict[str, Any], valued: bool) -> dict[str, Any]:
    """Return a policy over the models of `catalog`, with value rules when `valued`."""
    attributes = _attributes(dice)
    types = {name: said["type"] for name, said in attributes.items()}
    names = [model["id"] for model in catalog["models"]]
    form: dict[str, Any] = {**_ENVELOPE, "kind": "policy", "id": "policy", "catalog": {"path": "catalog"}}
    if valued:
        form["value_rules"] = {"path": "value_rules"}
    form["attributes"] = attributes
    verified = [name for name in ("user", "plan") if attributes.get(name, {}).get("trust") == "verified"]
    if verified:
        dice.maybe(50, form, "subject", lambda: dice.pick(verified))
    dice.maybe(30, form, "timezone", lambda: dice.pick(ZONES))
    dice.maybe(40, form, "defaults", lambda: {"max_output_tokens": dice.pick((1, 100, 1000, 5000))})
    if dice.chance(20):
        form.setdefault("defaults", {})["overhead_tokens"] = dice.pick((0, 7, 200))
    if "task" in types:
        dice.maybe(60, form, "classifiers", lambda: classifiers(dice))
    candidates = list(names)
    if dice.chance(50):
        form["deployments"] = _deployments(dice, catalog)
        candidates += [deployment["id"] for deployment in form["deployments"]]
    if dice.chance(50):
        form["ratings"] = dice.times(1, 4, lambda: _rating(dice, candidates))
    tiers = list(_TIERS[: dice.number(1, 3)])
    rated = {rating["model"] for rating in form.get("ratings", ()) if len(rating) > 4}
    form["tiers"] = [_tier(dice, tier, candidates, rated) for tier in tiers]
    seen = {**types, **_DERIVED, "value": "decimal"}
    declared = _declared(catalog)
    form["rules"] = [_rule(dice, f"r{number}", tiers, seen, declared) for number in range(dice.number(0, 4))]
    form["default"] = _serves(dice, tiers, declared)
    dice.maybe(60, form, "fallback", lambda: _fallback(dice, tiers))
    if len(tiers) > 1 and dice.chance(15):
        form["fairness"] = {"quality_floor": {dice.pick(STRINGS[:5]): dice.pick(tiers)}}
    return form


def classifiers(dice: Dice) -> list[dict[str, Any]]:
    """Return classifiers that give `task`."""
    found: list[dict[str, Any]] = []
    if dice.chance(50):
        found.append({"id": "upstream", "gives": "task", "external": True})
        dice.maybe(60, found[-1], "min_confidence", lambda: dice.pick(("0.5", "0.9", "1")))
    if dice.chance(80):
        entries = [
            {"of": dice.pick(("fraud", "a", "b")), "any": dice.some(_PHRASES, 1, 2)}
            for _ in range(dice.number(1, 3))
        ]
        found.append({"id": "words", "gives": "task", "keywords": entries})
    if dice.chance(60) or not found:
        found.append({"id": "unsure", "gives": "task", "otherwise": dice.pick(("unknown", "a"))})
    return found


def request(dice: Dice, number: int, policy: dict[str, Any], catalog: dict[str, Any]) -> dict[str, Any]:
    """Return a request: mostly one that the policy's attributes allow."""
    attributes = policy["attributes"]
    form: dict[str, Any] = {"id": f"q{number}"}
    types = {name: said["type"] for name, said in attributes.items()}
    given = facts(dice, types, 80)
    for name, said in attributes.items():
        if said.get("required") and name not in given and dice.chance(90):
            given[name] = operand(dice, said["type"]) if said["type"] != "strings" else []
        if "values" in said and name in given and dice.chance(95):
            given[name] = dice.pick(said["values"])
    if given:
        form["attributes"] = given
    dice.maybe(40, form, "subject", lambda: dice.pick(("u1", "u2", "größe")))
    dice.maybe(50, form, "text", lambda: dice.pick(TEXTS))
    if "text" not in form or dice.chance(50):
        form["input_tokens"] = dice.pick((0, 1, 99, 900, 1000, 1001)) if dice.chance(85) else dice.quantity()
    dice.maybe(60, form, "max_output_tokens", lambda: dice.pick((1, 50, 100, 1000, 100_000)))
    dice.maybe(30, form, "expected_output_tokens", lambda: dice.pick((0, 1, 60, 2000)))
    dice.maybe(4, form, "max_usage", lambda: {dice.pick(("web_search", "input.audio", "page")): 3})
    if dice.chance(10):
        form["context"] = asked_context(dice, dice.pick(catalog["models"]))
    dice.maybe(10, form, "needs", lambda: dice.some((*FEATURES, "input.image", "output.text"), 1, 2))
    dice.maybe(30, form, "classifications", lambda: {"upstream": _said(dice)})
    dice.maybe(15, form, "at", dice.instant)
    return form


def health(dice: Dice, policy: dict[str, Any], catalog: dict[str, Any]) -> dict[str, str]:
    """Return a health snapshot over models and deployments."""
    names = [model["id"] for model in catalog["models"]]
    names += [deployment["id"] for deployment in policy.get("deployments", ())]
    return {name: dice.pick(("healthy", "unhealthy")) for name in dice.some(names, 0, 3)}


def outcome(dice: Dice) -> dict[str, Any]:
    """Return how an attempt ended."""
    form: dict[str, Any] = {}
    if dice.chance(45):
        form["error"] = dice.pick(ERRORS)
    elif dice.chance(85):
        form["score"] = dice.pick(("0", "0.5", "0.8", "0.79", "1"))
    return form


def _attributes(dice: Dice) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for name in dice.some(list(_ATTRIBUTES), 2, 6):
        said: dict[str, Any] = {"type": _ATTRIBUTES[name]}
        dice.maybe(60, said, "trust", lambda: dice.pick(("verified", "verified", "asserted")))
        dice.maybe(15, said, "required", lambda: True)
        if said["type"] == "string" and name != "task":
            dice.maybe(15, said, "values", lambda: dice.some(STRINGS[:5], 2, 4))
        found[name] = said
    return found


def _deployments(dice: Dice, catalog: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for number in range(dice.number(1, 3)):
        model = dice.pick(catalog["models"])
        form: dict[str, Any] = {"id": f"d{number}", "model": model["id"]}
        declared = model["prices"][-1].get("context", {}) if model.get("prices") else {}
        if declared and dice.chance(60):
            key = dice.pick(list(declared))
            form["context"] = {key: dice.pick(declared[key])}
        dice.maybe(50, form, "weight", lambda: dice.pick((0, 1, 3, 1_000_000)))
        found.append(form)
    return found


def _rating(dice: Dice, candidates: Sequence[str]) -> dict[str, Any]:
    form: dict[str, Any] = {
        "model": dice.pick(candidates),
        "as_of": dice.pick(("2026-01-01", "2026-11-01", "2026-11-23")),
        "source": "own evaluation",
    }
    dice.maybe(75, form, "latency_ms", lambda: dice.pick((0, 100, 400, 1999, 2000)))
    quality = {"default": dice.share(), dice.pick(("fraud", "a")): dice.share()}
    if "latency_ms" not in form or dice.chance(75):
        form["quality"] = quality
    return form


def _tier(dice: Dice, name: str, candidates: Sequence[str], rated: set[str]) -> dict[str, Any]:
    form: dict[str, Any] = {"id": name, "models": dice.some(candidates, 1, 4)}
    if rated and dice.chance(30):
        form["models"] = dice.some(sorted(rated), 1, 4)
        form["select"] = {
            "utility": {"per_second": dice.pick(("0", "0.002")), "liability": dice.pick(("0", "1.5"))}
        }
    else:
        dice.maybe(75, form, "select", lambda: dice.pick(("first", "cheapest", "cheapest", "weighted")))
    return form


def _declared(catalog: dict[str, Any]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for model in catalog["models"]:
        found.update(model["prices"][-1].get("context", {}))
    return found


def _rule(
    dice: Dice, name: str, tiers: list[str], types: dict[str, str], declared: dict[str, list[str]]
) -> dict[str, Any]:
    form: dict[str, Any] = {"id": name}
    dice.maybe(95, form, "when", lambda: _when(dice, types))
    if dice.chance(6):
        return {**form, "deny": True}
    return {**form, **_serves(dice, tiers, declared)}


def _when(dice: Dice, types: dict[str, str]) -> dict[str, Any]:
    form = condition(dice, types, 1)
    if "weekday" in form:
        form["weekday"] = dice.some(WEEKDAYS, 1, 4)
    return form


def _serves(dice: Dice, tiers: list[str], declared: dict[str, list[str]]) -> dict[str, Any]:
    form: dict[str, Any] = {}
    if len(tiers) > 1 and dice.chance(30):
        accept = {"score": {"gte": dice.pick(("0.5", "0.8"))}}
        chosen = dice.some(tiers, 2)
        form["cascade"] = {"tiers": [tier for tier in tiers if tier in chosen], "accept": accept}
    else:
        form["tier"] = dice.pick(tiers)
    dice.maybe(20, form, "floor", lambda: dice.pick(tiers))
    dice.maybe(15, form, "require", lambda: _require(dice, declared))
    return form


def _require(dice: Dice, declared: dict[str, list[str]]) -> dict[str, Any]:
    if declared and dice.chance(30):
        key = dice.pick(list(declared))
        return {f"context.{key}": dice.pick(declared[key])}
    if dice.chance(20):
        return {"features": {"contains": dice.pick(FEATURES)}}
    name = dice.pick(list(_CANDIDATE))
    if name == "latency_ms":
        return {name: {"lte": dice.pick((100, 400, 2000))}}
    if name == "quality":
        return {name: {"gte": dice.share()}}
    return {name: {dice.pick(("lte", "lt")): dice.pick(("0.0005", "0.001", "0.05", "1", "50"))}}


def _fallback(dice: Dice, tiers: list[str]) -> dict[str, Any]:
    form: dict[str, Any] = {"after": dice.some(ERRORS[:-1], 1, 7)}
    dice.maybe(60, form, "attempts", lambda: dice.number(1, 5))
    if dice.chance(70):
        form["to"] = dice.pick(("same-tier", "same-tier-then-up", "same-tier-then-down"))
    elif len(tiers) > 1:
        form["to"] = {tiers[0]: tiers[1]}
    return form


def _said(dice: Dice) -> dict[str, str]:
    return {"value": dice.pick(("fraud", "a", "b")), "confidence": dice.pick(("0.4", "0.5", "0.9", "1"))}
