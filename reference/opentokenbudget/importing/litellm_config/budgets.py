"""Budgets and rate limits of the router and of the whole proxy, as pools.

LiteLLM looks at what was spent before and then lets a request through: that is `check`, and many requests at once
go over it.
"""

from __future__ import annotations

from opentokenbudget.amounts import UnknownZone, zone_named

from ..drafts import Plain
from .config import Spot
from .draft import Draft
from .holders import Holders
from .models import Deployment
from .pools import CHECKED, add_count, add_money, money
from .secrets import label
from .windows import EVER, MINUTE, calendar_window, running_window

_FORGETFUL = "each request is decided on its own: nothing is remembered of a session or a prompt"
_USED = ("usage-based-routing", "usage-based-routing-v2")
_DAY: Plain = {"calendar": "day", "timezone": "UTC"}
_POOLS = "policy.yaml#pools"


def add_budgets(draft: Draft, config: Spot) -> None:
    """Add the pools of the configuration."""
    router, settings, general = (
        config["router_settings"],
        config["litellm_settings"],
        config["general_settings"],
    )
    _providers(draft, router["provider_budget_config"])
    limited = _limits_matter(router)
    for deployment in draft.deployments:
        _deployment(draft, deployment, limited=limited)
    for section in (settings, router):
        _tags(draft, section["tag_budget_config"])
    timezone = _timezone(settings, general)
    amount, duration = settings["max_budget"], settings["budget_duration"]
    window = calendar_window(duration.value, timezone)
    add_money(draft, "proxy", amount, duration, window, {}, note=CHECKED, free=True)
    if general["global_max_parallel_requests"].has_value():
        add_count(draft, "proxy-concurrent", general["global_max_parallel_requests"], "concurrent", EVER, {})
    share = settings["budget_exceeded_throttle_percentage"]
    Holders(draft, timezone=timezone, percentage=share).add_all(config)
    _guarantees(draft, settings["priority_reservation"])
    _store(draft, general["fail_closed_budget_enforcement"])
    _rollover(draft, settings["budget_rollover"])


def _limits_matter(router: Spot) -> bool:
    """Return whether requests and tokens by the minute are limits, and not only weights of the draw."""
    checks = list(router["optional_pre_call_checks"].items())
    for spot in checks:
        if spot.value in ("router_budget_limiting", "enforce_model_rate_limits"):
            spot.say("exact", "the limits are pools", _POOLS)
        else:
            spot.say("dropped", _FORGETFUL)
    if router["enable_pre_call_checks"].value is True:
        router["enable_pre_call_checks"].say("exact", "what does not fit a model never goes to it")
    strategy = router["routing_strategy"].value
    return strategy in _USED or any(spot.value == "enforce_model_rate_limits" for spot in checks)


def _running(draft: Draft, wanted: str, amount: Spot, duration: Spot, rest: Plain) -> None:
    window = running_window(duration.value)
    add_money(draft, wanted, amount, duration, window, rest, note=CHECKED, free=True)


def _limits(draft: Draft, spot: Spot, stem: str, rest: Plain) -> None:
    """Add the pools of a budget of LiteLLM: an amount in a duration, requests and tokens by the minute."""
    amount = spot["budget_limit"] if spot["budget_limit"].has_value() else spot["max_budget"]
    duration = spot["time_period"] if spot["time_period"].has_value() else spot["budget_duration"]
    _running(draft, stem, amount, duration, rest)
    for key, measure in (("rpm_limit", "requests"), ("tpm_limit", "tokens")):
        if spot[key].has_value():
            add_count(draft, f"{stem}-{measure}-minute", spot[key], measure, MINUTE, rest)


def _providers(draft: Draft, config: Spot) -> None:
    for provider, spot in config.members():
        served = [deployment for deployment in draft.deployments if deployment.provider == provider]
        if not served or label(provider) is None:
            spot.say("dropped", "no deployment of this configuration is this provider's")
            continue
        # The provider of a candidate is the maker of its model in the catalog; where that is not who serves it,
        # the deployments are named.
        made = [deployment for deployment in draft.deployments if deployment.model.startswith(f"{provider}/")]
        test: Plain = {"candidate.provider": provider}
        if made != served:
            test = {"candidate.deployment": [deployment.id for deployment in served]}
        _limits(draft, spot, f"provider-{provider}", {"when": test})


def _deployment(draft: Draft, deployment: Deployment, *, limited: bool) -> None:
    params = deployment.params
    when: Plain = {"when": {"candidate.deployment": deployment.id}}
    stem, where = f"deployment-{deployment.id}", f"policy.yaml#deployments/{deployment.id}"
    _running(draft, stem, params["max_budget"], params["budget_duration"], when)
    for key, measure in (("rpm", "requests"), ("tpm", "tokens"), ("itpm", "input"), ("otpm", "output")):
        spot = params[key]
        if not spot.has_value():
            continue
        if limited:
            add_count(draft, f"{stem}-{measure}", spot, measure, MINUTE, when)
        elif deployment.drawn_by == key:
            spot.say("exact", "a weight of the draw and no limit, under this strategy", where)
        else:
            spot.say("dropped", "no limit under this strategy")
    for key, measure in (("rpd", "requests"), ("tpd", "tokens")):
        if params[key].has_value():
            add_count(draft, f"{stem}-{measure}-day", params[key], measure, _DAY, when)
    if params["max_parallel_requests"].has_value():
        add_count(draft, f"{stem}-concurrent", params["max_parallel_requests"], "concurrent", EVER, when)


def _tags(draft: Draft, config: Spot) -> None:
    for tag, spot in config.members():
        if label(tag) is None:
            spot.say("refused", "its name is no text that a document may hold")
        else:
            _limits(draft, spot, f"tag-{tag}", {"when": {"tags": {"contains": tag}}})


def _timezone(settings: Spot, general: Spot) -> str:
    for section in (settings, general):
        name = label(section["timezone"].value)
        if name and _exists(name):
            section["timezone"].say("exact", "the zone of days, weeks and months", _POOLS)
            return name
        if section["timezone"].has_value():
            section["timezone"].say("dropped", "not a zone of the IANA database: UTC, as there")
    return "UTC"


def _exists(zone: str) -> bool:
    try:
        zone_named(zone)
    except UnknownZone:
        return False
    return True


def _guarantees(draft: Draft, reserved: Spot) -> None:
    held = [
        pool
        for pool in draft.pools
        if set(pool["limit"]) & {"requests", "tokens"} and "partition_by" not in pool
    ]
    for priority, spot in reserved.members():
        share = spot["value"] if isinstance(spot.value, dict) else spot
        kind = spot["type"].value if spot["type"].has_value() else "percent"
        number, text = share.number(), money(share)
        if label(priority) is None or number is None or text is None or number > 1 or kind != "percent":
            spot.say("dropped", "a guarantee is a share from 0 to 1 of a limit")
        elif not held:
            spot.say("dropped", "no limit of a deployment is a pool that it could be a share of")
        else:
            draft.uses.add("priority")
            for pool in held:
                pool.setdefault("guarantees", []).append({"when": {"priority": priority}, "share": text})
            spot.say(
                "approximated", "a share for these alone, whatever the load; nothing is borrowed", _POOLS
            )


def _store(draft: Draft, spot: Spot) -> None:
    if not spot.has_value():
        return
    for pool in draft.pools:
        pool["on_store_failure"] = "closed" if spot.value is True else "open"
    if draft.pools:
        spot.say("exact", "", _POOLS)
    else:
        spot.say("dropped", "there is no pool")


def _rollover(draft: Draft, spot: Spot) -> None:
    if spot.value is True:
        for pool in draft.pools:
            if "cost" in pool["limit"]:
                pool["carry_overrun"] = True
        spot.say("exact", "what went over is carried into the next window", _POOLS)
