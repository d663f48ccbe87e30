"""Sequences: what is given and what is asked, step by step; from a seed and a number."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, final

from . import catalogs, policies, pools
from .conditions import condition, facts
from .dice import Dice
from .spoiling import spoiled

_TYPES = {
    "task": "string",
    "plan": "string",
    "amount": "decimal",
    "contacts": "integer",
    "urgent": "boolean",
    "flags": "strings",
    "time": "time",
}


@final
@dataclass(frozen=True, slots=True)
class Sequence:
    """Questions to one router: what it is given, and the ops with their arguments, in order."""

    given: Mapping[str, Any]
    steps: tuple[tuple[str, Mapping[str, Any]], ...]


def sequence(seed: str, number: int) -> Sequence:
    """Return the sequence with this number under `seed`, the same on every machine."""
    dice = Dice(seed, number)
    return dice.pick(_KINDS)(dice)


def _pricing(dice: Dice) -> Sequence:
    catalog = catalogs.catalog(dice, base=dice.chance(10))
    given: dict[str, Any] = {"catalog": catalog}
    if "extends" in catalog:
        given["base_catalog"] = {**catalogs.catalog(dice), "id": "base"}
    if dice.chance(8):
        given["catalog"] = spoiled(dice, catalog)
    steps = dice.times(2, 5, lambda: _priced(dice, catalog))
    if dice.chance(20):
        steps.append(("check", {"document": given["catalog"]}))
    return Sequence(given, tuple(steps))


def _priced(dice: Dice, catalog: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    model = dice.pick(catalog["models"])
    args: dict[str, Any] = {"model": catalogs.named(dice, {"models": [model]}), "at": dice.instant()}
    if dice.chance(6):
        return "lifecycle", args
    if dice.chance(50):
        args["context"] = catalogs.asked_context(dice, model)
    if dice.chance(65):
        args["usage"] = catalogs.usage(dice, model)
        if dice.chance(15):
            args["used"] = {dice.pick(("input", "page", "request")): dice.pick((0, 50, 2000))}
        return "price", args
    args |= {"input_tokens": dice.quantity(), "max_output_tokens": dice.pick((0, 1, 100, 1000))}
    if dice.chance(40):
        args["expected_output_tokens"] = dice.pick((0, 1, 50))
    if dice.chance(30):
        args["until"] = dice.later(args["at"]) if dice.chance(85) else dice.instant()
    if dice.chance(30):
        args["max_usage"] = {meter: dice.pick((0, 1, 5)) for meter in dice.some(catalogs.METERS[2:], 1, 2)}
    return "bounds", args


def _conditions(dice: Dice) -> Sequence:
    types = {name: _TYPES[name] for name in dice.some(list(_TYPES), 1, 5)}
    steps = []
    for _ in range(dice.number(2, 6)):
        when = condition(dice, types, 2)
        if dice.chance(8):
            when = spoiled(dice, {"when": when}).get("when", {"x": 1})
        given = facts(dice, types, 70)
        if "time" in types and dice.chance(80):
            given["time"] = dice.instant()
        if isinstance(when, dict):
            steps.append(("evaluate", {"when": when, "facts": given, "types": types}))
    return Sequence({}, tuple(steps))


def _routing(dice: Dice) -> Sequence:
    catalog = catalogs.catalog(dice, simple=dice.chance(60))
    valued = dice.chance(35)
    policy = policies.policy(dice, catalog, valued)
    given: dict[str, Any] = {"catalog": catalog, "policy": policy}
    if valued:
        types = {name: said["type"] for name, said in policy["attributes"].items()}
        given["value_rules"] = policies.value_rules(dice, {**types, "time": "time", "hour": "integer"})
    if dice.chance(40):
        given["clock"] = dice.instant()
    if dice.chance(20):
        given["seed"] = dice.pick(("", "other", "größe"))
    asked = policy
    if dice.chance(6):
        given["policy"] = spoiled(dice, policy)
    steps: list[tuple[str, dict[str, Any]]] = []
    for number in range(dice.number(1, 3)):
        steps += _decided(dice, number, asked, catalog)
    if dice.chance(10):
        steps.append(("check", {"document": given["policy"]}))
    return Sequence(given, tuple(steps))


def _decided(
    dice: Dice, number: int, policy: dict[str, Any], catalog: dict[str, Any]
) -> list[tuple[str, dict[str, Any]]]:
    request = policies.request(dice, number if dice.chance(90) else 0, policy, catalog)
    if dice.chance(4):
        request = spoiled(dice, request)
    steps: list[tuple[str, dict[str, Any]]] = [("decide", {"request": request})]
    for _ in range(dice.number(0, 3)):
        steps.append(("next", {"outcome": policies.outcome(dice)}))
    for _, args in steps:
        if dice.chance(50):
            args["trace"] = True
        if dice.chance(25):
            args["health"] = policies.health(dice, policy, catalog)
        if dice.chance(10):
            args["at"] = dice.instant()
    return steps


def _spending(dice: Dice) -> Sequence:
    catalog = catalogs.catalog(dice, simple=dice.chance(75))
    valued = dice.chance(40)
    policy = policies.policy(dice, catalog, valued)
    policy["pools"] = pools.pools(dice, policy)
    given: dict[str, Any] = {"catalog": catalog, "policy": policy}
    if valued:
        types = {name: said["type"] for name, said in policy["attributes"].items()}
        given["value_rules"] = policies.value_rules(dice, {**types, "time": "time", "hour": "integer"})
    if dice.chance(8):
        form = {"pools": policy["pools"]}
        given["policy"] = {**policy, **spoiled(dice, form)}
        return Sequence(given, (("check", {"document": given["policy"]}),))
    return Sequence(given, tuple(pools.spent(dice, policy, catalog)))


def _weighing(dice: Dice) -> Sequence:
    types = {name: _TYPES[name] for name in dice.some([name for name in _TYPES if name != "time"], 1, 5)}
    given: dict[str, Any] = {"attributes": types, "value_rules": policies.value_rules(dice, types)}
    if dice.chance(8):
        given["value_rules"] = spoiled(dice, given["value_rules"])
    steps: list[tuple[str, dict[str, Any]]] = []
    for _ in range(dice.number(1, 4)):
        steps.append(("weigh", {"facts": facts(dice, types, 75)}))
    return Sequence(given, tuple(steps))


def _classifying(dice: Dice) -> Sequence:
    catalog = catalogs.catalog(dice, simple=True)
    policy = policies.policy(dice, catalog, False)
    policy["attributes"]["task"] = {"type": "string"}
    policy["classifiers"] = policies.classifiers(dice)
    steps: list[tuple[str, dict[str, Any]]] = []
    for _ in range(dice.number(1, 4)):
        args: dict[str, Any] = {}
        dice.maybe(85, args, "text", lambda: dice.pick(policies.TEXTS))
        dice.maybe(
            40,
            args,
            "classifications",
            lambda: {"upstream": {"value": "b", "confidence": dice.pick(("0.1", "0.5", "0.9"))}},
        )
        dice.maybe(15, args, "attributes", lambda: {"task": "given"})
        steps.append(("classify", args))
    return Sequence({"catalog": catalog, "policy": policy}, tuple(steps))


def _reading(dice: Dice) -> Sequence:
    catalog = catalogs.catalog(dice)
    policy = policies.policy(dice, catalog, False)
    document = spoiled(dice, dice.pick((catalog, policy)))
    steps: list[tuple[str, dict[str, Any]]] = [("check", {"document": document})]
    text = json.dumps(document, ensure_ascii=dice.chance(50), indent=dice.pick((None, 1)))
    if dice.chance(60):
        at = dice.number(0, len(text))
        text = (
            text[:at]
            + dice.pick(("", ",", "1.5", '"', "}", "\\ud800", "\u0007", "-0", "\t"))
            + text[at + 1 :]
        )
    steps.append(("parse", {"text": text, "format": "json"}))
    steps.append(("digest", {"document": dice.pick((catalog, document))}))
    return Sequence({"catalog": catalog, "policy": policy}, tuple(steps))


_KINDS: tuple[Callable[[Dice], Sequence], ...] = (
    _pricing,
    _pricing,
    _pricing,
    _conditions,
    _routing,
    _routing,
    _routing,
    _routing,
    _spending,
    _spending,
    _spending,
    _weighing,
    _classifying,
    _reading,
)
