"""Metamorphic laws: what must hold between the answers to two sequences, whatever the answers are.

A law turns a generated sequence into a pair of which it says something, or into None where it says nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from collections.abc import Sequence as Many
from typing import Any, NamedTuple

from opentokenbudget.amounts import format_decimal, parse_decimal

from .sequences import Sequence

Answers = Many[Mapping[str, Any]]

_CATALOGS = ("catalog", "base_catalog")
_CHOICE = ("action", "candidate", "tier", "reasons", "attempt", "draw", "id")


class Law(NamedTuple):
    """The requirement that states it, the pair that it makes of a sequence, and whether it holds between answers."""

    requirement: str
    pair: Callable[[Sequence], tuple[Sequence, Sequence] | None]
    holds: Callable[[Answers, Answers], bool]


def _with_rates(sequence: Sequence, digits: int, factor: int) -> Sequence:
    """Return `sequence` with rates cut to that many fractional digits and multiplied, without multipliers."""
    given = dict(sequence.given)
    for name in _CATALOGS:
        if isinstance(given.get(name), dict):
            given[name] = _catalog_with_rates(given[name], lambda rate: _cut(rate, digits, factor))
    return Sequence(given, sequence.steps)


def _catalog_with_rates(catalog: Mapping[str, Any], changed: Callable[[Any], Any]) -> dict[str, Any]:
    models = []
    for model in catalog["models"]:
        prices = []
        for price in model["prices"]:
            form = {**price, "rates": {meter: changed(rate) for meter, rate in price["rates"].items()}}
            overrides = [
                {
                    "when": override["when"],
                    "rates": {key: changed(rate) for key, rate in override["rates"].items()},
                }
                for override in price.get("overrides", ())
                if "rates" in override
            ]
            form.pop("overrides", None)
            prices.append({**form, "overrides": overrides} if overrides else form)
        models.append({**model, "prices": prices})
    return {**{key: value for key, value in catalog.items() if key != "discounts"}, "models": models}


def _cut(rate: Any, digits: int, factor: int) -> str:
    text = rate["amount"] if isinstance(rate, dict) else rate
    step = 10 ** (12 - digits)
    return format_decimal(parse_decimal(text) // step * step * factor)


def _sound(sequence: Sequence) -> bool:
    """Whether nobody spoiled the documents: what is cut and multiplied must be there."""
    try:
        _with_rates(sequence, 6, 1)
    except (AttributeError, KeyError, TypeError, ValueError):
        return False
    return True


def _doubled(sequence: Sequence) -> tuple[Sequence, Sequence] | None:
    steps = [step for step in sequence.steps if step[0] == "price" and _whole(step[1]["usage"])]
    if not steps or not _sound(sequence):
        return None
    asked = Sequence(sequence.given, tuple(steps))
    return _with_rates(asked, 6, 1), _with_rates(asked, 6, 2)


def _whole(usage: Mapping[str, Any]) -> bool:
    return all(isinstance(quantity, int) for quantity in usage.values())


def _is_double(one: Answers, other: Answers) -> bool:
    return all(
        "total" not in left
        or (
            parse_decimal(right["total"]) == 2 * parse_decimal(left["total"])
            and [parse_decimal(line["amount"]) for line in right["lines"]]
            == [2 * parse_decimal(line["amount"]) for line in left["lines"]]
        )
        for left, right in zip(one, other, strict=True)
    ) and _refused_alike(one, other)


def _refused_alike(one: Answers, other: Answers) -> bool:
    return [_codes(answer) for answer in one] == [_codes(answer) for answer in other]


def _codes(answer: Mapping[str, Any]) -> list[str]:
    return sorted(problem["code"] for problem in answer.get("problems", ()))


def _scaled(sequence: Sequence) -> tuple[Sequence, Sequence] | None:
    policy = sequence.given.get("policy")
    if policy is None or sequence.steps[0][0] != "decide" or not _sound(sequence):
        return None
    if "pools" in policy:
        # Their amounts would have to be multiplied too (OTB-POOL-090).
        return None
    try:
        plain = {
            **policy,
            "tiers": [tier for tier in policy["tiers"] if not isinstance(tier.get("select"), dict)],
            "rules": [_without_cost(rule) for rule in policy["rules"]],
            "default": _without_cost(policy["default"]),
        }
    except (AttributeError, KeyError, TypeError):
        return None
    asked = Sequence({**sequence.given, "policy": plain}, sequence.steps)
    return _with_rates(asked, 3, 1), _with_rates(asked, 3, 1000)


def _without_cost(rule: Mapping[str, Any]) -> dict[str, Any]:
    require = {name: test for name, test in rule.get("require", {}).items() if name not in ("cost", "bound")}
    bare = {key: value for key, value in rule.items() if key != "require"}
    return {**bare, "require": require} if require else bare


def _chosen_alike(one: Answers, other: Answers) -> bool:
    return [_choice(answer) for answer in one] == [_choice(answer) for answer in other]


def _choice(answer: Mapping[str, Any]) -> tuple[Any, ...]:
    return (*(answer.get(name) for name in _CHOICE), _codes(answer))


def _turned(sequence: Sequence) -> tuple[Sequence, Sequence] | None:
    if sequence.steps[0][0] in ("check", "parse"):
        # Problems are answered in document order, which is what turning changes.
        return None
    steps = tuple((op, _backwards(args)) for op, args in sequence.steps if op not in ("check", "parse"))
    asked = Sequence(
        sequence.given, tuple(step for step in sequence.steps if step[0] not in ("check", "parse"))
    )
    return asked, Sequence(_backwards(sequence.given), steps)


def _backwards(value: Any) -> Any:
    """Return `value` with the keys of every mapping the other way round; lists stay."""
    if isinstance(value, dict):
        return {key: _backwards(value[key]) for key in reversed(value)}
    return [_backwards(item) for item in value] if isinstance(value, list) else value


def _same_but_for_refusals(one: Answers, other: Answers) -> bool:
    return all(
        bool(_codes(left)) == bool(_codes(right)) if _codes(left) or _codes(right) else left == right
        for left, right in zip(one, other, strict=True)
    )


def _declared_otherwise(sequence: Sequence) -> tuple[Sequence, Sequence] | None:
    given = dict(sequence.given)
    if sequence.steps[0][0] not in ("decide", "price", "bounds") or not _sound(sequence):
        return None
    for name in _CATALOGS:
        if name in given:
            given[name] = {**given[name], "models": given[name]["models"][::-1]}
    if isinstance(given.get("policy", {}).get("deployments"), list):
        given["policy"] = {**given["policy"], "deployments": given["policy"]["deployments"][::-1]}
    asked = tuple(step for step in sequence.steps if step[0] != "check")
    return Sequence(sequence.given, asked), Sequence(given, asked)


def _declared_alike(one: Answers, other: Answers) -> bool:
    return all(
        bool(_codes(left)) == bool(_codes(right))
        if _codes(left) or _codes(right)
        else _without_digests(left, right)
        for left, right in zip(one, other, strict=True)
    )


def _without_digests(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    stamps = ("policy", "catalog", "value_rules")
    return {key: value for key, value in one.items() if key not in stamps} == {
        key: value for key, value in other.items() if key not in stamps
    }


def _with_more_tokens(sequence: Sequence) -> tuple[Sequence, Sequence] | None:
    steps = [args for op, args in sequence.steps if op == "bounds"]
    if not steps:
        return None
    more = [
        {
            **args,
            "input_tokens": args["input_tokens"] + 1,
            "max_output_tokens": args["max_output_tokens"] + 100,
        }
        for args in steps
    ]
    return _asking(sequence, "bounds", steps), _asking(sequence, "bounds", more)


def _no_lower(one: Answers, other: Answers) -> bool:
    return all(
        "bound" not in left
        or "bound" not in right
        or parse_decimal(left["bound"]) <= parse_decimal(right["bound"])
        for left, right in zip(one, other, strict=True)
    )


def _negated_twice(sequence: Sequence) -> tuple[Sequence, Sequence] | None:
    steps = [args for op, args in sequence.steps if op == "evaluate"]
    if not steps:
        return None
    none = [{**args, "when": {"not": {"any": [args["when"], args["when"]]}}} for args in steps]
    each = [
        {**args, "when": {"all": [{"not": args["when"]}, {"not": {"not": {"not": args["when"]}}}]}}
        for args in steps
    ]
    return _asking(sequence, "evaluate", none), _asking(sequence, "evaluate", each)


def _negated(condition: Any, times: int) -> Any:
    return {"not": condition if times == 1 else _negated(condition, times - 1)}


def _asking(sequence: Sequence, op: str, steps: Many[Mapping[str, Any]]) -> Sequence:
    return Sequence(sequence.given, tuple((op, args) for args in steps))


def _equal(one: Answers, other: Answers) -> bool:
    return all(
        (bool(_codes(left)) and bool(_codes(right))) or left == right
        for left, right in zip(one, other, strict=True)
    )


LAWS = (
    Law("OTB-PRICE-050", _doubled, _is_double),
    Law("OTB-PRICE-051", _declared_otherwise, _declared_alike),
    Law("OTB-PRICE-052", _with_more_tokens, _no_lower),
    Law("OTB-DEC-070", _scaled, _chosen_alike),
    Law("OTB-DEC-071", _turned, _same_but_for_refusals),
    Law("OTB-COND-027", _negated_twice, _equal),
)
