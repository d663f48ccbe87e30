"""A LiteLLM configuration as a policy, a catalog, value rules and a loss report."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from opentokenbudget.problems import Problem, ProblemError

from ..drafts import Plain
from ..ordinary_yaml import Steps, Tree, read_ordinary_yaml
from .budgets import add_budgets
from .config import Spot, missing
from .draft import ATTRIBUTES, Draft, in_order
from .fallbacks import fallback_of
from .groups import add_callable_groups, add_groups
from .models import read_models
from .prices import PriceBook
from .report import Fate, Report
from .routers import add_routers

NAME = "imported-from-litellm"


class ImportedPolicy(NamedTuple):
    """The documents of an import as plain data, what became of every key, and what the reader warns of."""

    policy: Plain
    prices: Plain
    value_rules: Plain
    fates: tuple[Fate, ...]
    warnings: tuple[Problem, ...]


def import_litellm_config(raw: bytes, *, file: str, bundled: Mapping[str, Any], at: int) -> ImportedPolicy:
    """Return the LiteLLM configuration in `raw` as documents.

    Args:
        raw: the bytes of `config.yaml`.
        file: its name, for places.
        bundled: the catalog that prices what the configuration does not.
        at: the instant of the import, nanoseconds since 1970: models that are retired then are refused.

    Raises:
        ProblemError: with places: not YAML, a shape that LiteLLM would not take either, or `nothing-to-import`:
            no model of it has a price.
    """
    tree = read_ordinary_yaml(raw, file=file)
    wrong = tuple(_shape(tree, file))
    if wrong:
        raise ProblemError(wrong)
    report = Report()
    config = Spot(tree.data, (), report)
    prices = PriceBook(bundled, at=at)
    found = read_models(config["model_list"], prices)
    if not found.deployments:
        message = "no model of the list has a price: neither in the configuration nor in the bundled catalog"
        raise ProblemError(missing(tree, file, ("model_list",), message, "nothing-to-import"))
    draft = Draft(found.deployments)
    router, settings = config["router_settings"], config["litellm_settings"]
    add_groups(draft, found.groups(), router)
    add_callable_groups(draft, router["routing_groups"])
    add_routers(draft, found.routers)
    fallback = fallback_of(draft, router, settings)
    add_budgets(draft, config)
    default = _default(draft, config["general_settings"]["completion_model"])
    policy = _policy(draft, default, fallback, prices.models())
    _take_out_dear_downgrades(policy, report)
    names = frozenset(deployment["id"] for deployment in policy["deployments"])
    return ImportedPolicy(
        policy=policy,
        prices=prices.catalog(f"{NAME}-prices", names),
        value_rules=_value_rules(),
        fates=report.finished(tree.data),
        warnings=tree.warnings,
    )


def _shape(tree: Tree, file: str) -> Iterator[Problem]:
    """Yield what LiteLLM would not take either: without models there is nothing to import."""
    data = tree.data
    if not isinstance(data, dict):
        yield missing(tree, file, (), "a configuration is a mapping")
        return
    for key in ("router_settings", "litellm_settings", "general_settings"):
        if data.get(key) is not None and not isinstance(data[key], dict):
            yield missing(tree, file, (key,), f"`{key}` has to be a mapping")
    listed = data.get("model_list")
    if "model_list" not in data:
        yield missing(tree, file, (), "there is no `model_list`", "missing-field")
        return
    if not isinstance(listed, list) or not listed:
        yield missing(tree, file, ("model_list",), "`model_list` has to be a list with a model in it")
        return
    for number, entry in enumerate(listed):
        yield from _entry_shape(tree, file, ("model_list", str(number)), entry)


def _entry_shape(tree: Tree, file: str, steps: Steps, entry: Any) -> Iterator[Problem]:
    if not isinstance(entry, dict):
        yield missing(tree, file, steps, "a model is a mapping")
        return
    for key in ("model_name", "litellm_params"):
        if key not in entry:
            yield missing(tree, file, steps, f"a model without `{key}`", "missing-field")
    params = entry.get("litellm_params")
    if "litellm_params" in entry and not isinstance(params, dict):
        yield missing(tree, file, (*steps, "litellm_params"), "`litellm_params` has to be a mapping")
    elif isinstance(params, dict) and not (isinstance(params.get("model"), str) and params["model"].strip()):
        yield missing(
            tree,
            file,
            (*steps, "litellm_params", "model"),
            "`model` has to be a name",
            "missing-field" if "model" not in params else "wrong-type",
        )
    if entry.get("model_info") is not None and not isinstance(entry["model_info"], dict):
        yield missing(tree, file, (*steps, "model_info"), "`model_info` has to be a mapping")


def _default(draft: Draft, completion: Spot) -> Plain:
    group = draft.group_named(completion.value)
    if group is None:
        if completion.has_value():
            completion.say("dropped", "it names no group of this configuration")
        return {"deny": True}
    completion.say(
        "approximated", "serves what names no group; there it serves every request", "policy.yaml#default"
    )
    return {"tier": draft.tier_of[group]}


def _policy(draft: Draft, default: Plain, fallback: Plain | None, models: list[Plain]) -> Plain:
    policy: Plain = {
        "otb": "1.0",
        "kind": "policy",
        "id": NAME,
        "version": "1.0.0",
        "description": "What a LiteLLM configuration says; loss.json beside it tells what it does not.",
        "catalog": {"path": "prices.yaml"},
        "value_rules": {"path": "value.yaml"},
    }
    if "key" in draft.uses:
        policy["subject"] = "key"
    elif "user" in draft.uses:
        policy["subject"] = "user"
    policy["attributes"] = {name: declared for name, declared in ATTRIBUTES.items() if name in draft.uses}
    if draft.classifiers:
        policy["classifiers"] = draft.classifiers
    policy["deployments"] = [deployment.as_plain() for deployment in draft.deployments]
    policy["tiers"] = [tier.as_plain() for tier in in_order(draft.tiers, draft.deployments, models)]
    policy["rules"] = draft.rules
    policy["default"] = default
    if draft.pools:
        policy["pools"] = draft.pools
    if fallback is not None:
        policy["fallback"] = fallback
    return policy


def _take_out_dear_downgrades(policy: Plain, report: Report) -> None:
    """Deny where a redirect would lead to a dearer tier: it could not help."""
    ranks = {tier["id"]: rank for rank, tier in enumerate(policy["tiers"])}
    for pool in policy.get("pools", ()):
        action = pool.get("at_limit")
        start = pool.get("when", {}).get("candidate.tier")
        if (
            isinstance(action, dict)
            and "downgrade" in action
            and start is not None
            and ranks[action["downgrade"]] >= ranks[start]
        ):
            pool["at_limit"] = "deny"
            report.drop_downgrade(pool["id"])


def _value_rules() -> Plain:
    return {
        "otb": "1.0",
        "kind": "value-rules",
        "id": f"{NAME}-value",
        "version": "1.0.0",
        "description": "LiteLLM knows no value: every request weighs 1.",
        "default": "1",
        "rules": [],
    }
