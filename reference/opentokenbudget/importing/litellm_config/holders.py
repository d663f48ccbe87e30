"""What a key, a user, a team, a customer or a session may use: one table of settings for all of them.

LiteLLM reserves for keys, users and teams in its database. They come over as `check`, and the report says so:
make them `reserve` once balances are kept here.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TypeGuard

from opentokenbudget.amounts import InvalidInstant, parse_date

from ..drafts import Plain
from .config import Spot
from .draft import Draft
from .pools import CHECKED, add_count, add_money, money
from .secrets import label
from .windows import EVER, MINUTE, calendar_window, running_window

_RESERVED = (
    "reserved for in LiteLLM's database; here looked at before a request: make it `reserve` to never go over"
)
_SESSION = "a session ends an hour after its first request there, after an hour without one here"
_NO_GROUP = "it names no group of this configuration"
_DEFAULTS = {
    "default_key_generate_params": "key",
    "default_internal_user_params": "user",
    "default_team_params": "team",
    "default_end_user_params": "end_user",
}
_LISTED = {
    "keys": "key",
    "users": "user",
    "teams": "team",
    "default_team_settings": "team",
    "organizations": "organization",
    "projects": "project",
    "customers": "end_user",
}
_LONE = {
    "max_internal_user_budget": ("internal_user_budget_duration", "user"),
    "max_user_budget": ("user_budget_duration", "user"),
    "max_end_user_budget": ("end_user_budget_duration", "end_user"),
}
_HOUR: Plain = {"idle": "PT1H"}
_DAY: Plain = {"calendar": "day", "timezone": "UTC"}
_COUNTS: tuple[tuple[str, str, str, Plain], ...] = (
    ("rpm_limit", "requests", "requests-minute", MINUTE),
    ("tpm_limit", "tokens", "tokens-minute", MINUTE),
    ("rpd_limit", "requests", "requests-day", _DAY),
    ("tpd_limit", "tokens", "tokens-day", _DAY),
    ("max_parallel_requests", "concurrent", "concurrent", EVER),
)


class Holders:
    """Adds the pools of who asks; `percentage` is the share of requests that is left when a budget is used up."""

    def __init__(self, draft: Draft, *, timezone: str, percentage: Spot) -> None:
        self.draft = draft
        self.timezone = timezone
        self.percentage = percentage

    def add_all(self, config: Spot) -> None:
        """Add the pools of every holder that the configuration speaks of."""
        for section in (config, config["litellm_settings"], config["general_settings"]):
            for key, holder in _DEFAULTS.items():
                self.holder(section[key], holder, {"partition_by": [holder]})
            for key, (duration, holder) in _LONE.items():
                self.cost(section[key], section[duration], f"{holder}-budget", {"partition_by": [holder]})
            for key, holder in _LISTED.items():
                for spot in section[key].items():
                    self.named(spot, holder)
            for listed in ("agents", "agent_list"):
                for spot in section[listed].items():
                    self.session(spot["litellm_params"])
            self.session(section)
        self.times(config["general_settings"], config["litellm_settings"])
        if self.percentage.has_value() and not self.percentage.said():
            self.percentage.say("dropped", "nothing is throttled by it")

    def named(self, spot: Spot, holder: str) -> None:
        """Add the pools of one holder with a name."""
        for key in (f"{holder}_id", f"{holder}_alias", "id", "name"):
            name = label(spot[key].value)
            if name is not None:
                before = len(self.draft.pools)
                self.holder(spot, f"{holder}-{name}", {"when": {holder: name}})
                if len(self.draft.pools) > before:
                    spot[key].say("exact", "", "policy.yaml#pools")
                else:
                    spot[key].say("dropped", "nothing of it is a limit")
                return

    def holder(self, spot: Spot, stem: str, rest: Plain) -> None:
        """Add the pools of one table of settings."""
        pool = self.cost(spot["max_budget"], spot["budget_duration"], f"{stem}-budget", rest)
        if pool is not None:
            self.raised(spot, pool)
            self.squeezed(spot, pool)
        self.soft(spot, f"{stem}-soft", rest)
        for entry in spot["budget_limits"].items():
            self.cost(entry["max_budget"], entry["budget_duration"], f"{stem}-budget", rest)
        for model, entry in spot["model_max_budget"].members():
            self.model(spot, model, entry, stem, rest)
        for key, measure, name, window in _COUNTS:
            if spot[key].has_value():
                add_count(self.draft, f"{stem}-{name}", spot[key], measure, window, rest)
        for listed, measure in (("model_rpm_limit", "requests"), ("model_tpm_limit", "tokens")):
            for model, entry in spot[listed].members():
                own = self.of_model(model, entry, rest)
                if own is not None:
                    add_count(self.draft, f"{stem}-{model}-{measure}", entry, measure, MINUTE, own)
        self.session(spot)
        self.session(spot["metadata"])

    def cost(self, amount: Spot, duration: Spot, wanted: str, rest: Plain) -> Plain | None:
        """Add a pool over money in a window of the calendar, and return it."""
        window = calendar_window(duration.value, self.timezone)
        return add_money(self.draft, wanted, amount, duration, window, rest, note=_RESERVED, free=False)

    def soft(self, spot: Spot, wanted: str, rest: Plain) -> None:
        """Add a pool that counts and never refuses."""
        amount, duration = spot["soft_budget"], spot["budget_duration"]
        if not amount.has_value():
            return
        text, window = money(amount), calendar_window(duration.value, self.timezone)
        if text is None or window.plain is None:
            amount.say("refused", "not an amount at or above 0, or no window for it")
            return
        pool: Plain = {**rest, "limit": {"cost": text}, "window": window.plain}
        added = self.draft.add_pool(wanted, {**pool, "enforcement": "soft", "at_limit": "allow"})
        where = f"policy.yaml#pools/{added['id']}"
        amount.say("exact", "counted and reported, never refused", where)
        if duration.has_value() and not spot["max_budget"].has_value():
            duration.overrule(window.severity, window.note, where)

    def raised(self, spot: Spot, pool: Plain) -> None:
        """Add a temporary raise of the limit."""
        raised, until = spot["temp_budget_increase"], spot["temp_budget_expiry"]
        if not raised.has_value():
            return
        amount, end = money(raised), _day(until.value)
        if amount is None or end is None:
            raised.say("refused", "a raise needs an amount at or above 0 and an end")
            return
        where = f"policy.yaml#pools/{pool['id']}/adjustments"
        reason = "A temporary raise of the budget in LiteLLM."
        pool["adjustments"] = [
            {"id": "temporary-raise", "from": "1970-01-01", "until": end, "amount": amount, "reason": reason}
        ]
        raised.say("exact", "", where)
        if until.value == end:
            until.say("exact", "", where)
        else:
            until.say("approximated", "until midnight UTC of that day", where)

    def squeezed(self, spot: Spot, pool: Plain) -> None:
        """Set what happens at the limit: fewer requests, or a cheaper group."""
        throttled, where = spot["throttle_on_budget_exceeded"], f"policy.yaml#pools/{pool['id']}/at_limit"
        requests, share = spot["rpm_limit"].number(), self.percentage.number()
        if throttled.value is False:
            throttled.say("exact")
        elif throttled.value is True and _countable(requests) and share is not None and 0 <= share <= 100:
            left = share / 100 if share > 1 else share
            pool["at_limit"] = {"throttle": {"requests": max(1, int(requests * left)), "per": "PT1M"}}
            throttled.say("exact", "", where)
            self.percentage.say("exact", "a share of the requests by the minute", where)
        elif throttled.has_value():
            throttled.say(
                "dropped", "it needs `rpm_limit` and `budget_exceeded_throttle_percentage` beside it"
            )
        for model, targets in spot["budget_fallbacks"].members():
            if not spot["model_max_budget"].has(model):
                targets.say("dropped", "the budget is one for all models: it redirects none of them alone")

    def model(self, spot: Spot, model: str, entry: Spot, stem: str, rest: Plain) -> None:
        """Add the budget of one holder for one group of models."""
        own = self.of_model(model, entry, rest)
        if own is None:
            return
        amount, duration = entry, spot["budget_duration"]
        if isinstance(entry.value, dict):
            amount = entry["budget_limit"] if entry["budget_limit"].has_value() else entry["max_budget"]
            duration = entry["time_period"] if entry["time_period"].has_value() else entry["budget_duration"]
        window = running_window(duration.value)
        pool = add_money(
            self.draft, f"{stem}-{model}", amount, duration, window, own, note=CHECKED, free=False
        )
        if pool is not None and spot["budget_fallbacks"].has(model):
            self.downgrade(spot["budget_fallbacks"][model], pool)
        for key, measure in (("rpm_limit", "requests"), ("tpm_limit", "tokens")):
            if entry[key].has_value():
                add_count(self.draft, f"{stem}-{model}-{measure}", entry[key], measure, MINUTE, own)

    def downgrade(self, targets: Spot, pool: Plain) -> None:
        """Make a pool redirect to the first of `targets`; one that is dearer is taken out when tiers are in order."""
        listed = list(targets.items()) or [targets]
        group = next(
            (known for item in listed if (known := self.draft.group_named(item.value)) is not None), None
        )
        if group is None:
            targets.say("dropped", _NO_GROUP)
            return
        pool["at_limit"] = {"downgrade": self.draft.tier_of[group]}
        where = f"policy.yaml#pools/{pool['id']}/at_limit"
        if len(listed) == 1:
            targets.say("exact", "", where)
        else:
            targets.say("approximated", "the first that the configuration knows", where)

    def of_model(self, model: str, entry: Spot, rest: Plain) -> Plain | None:
        """Return `rest` for the candidates of the group `model` alone."""
        group = self.draft.group_named(model)
        if group is None:
            entry.say("dropped", _NO_GROUP)
            return None
        return {
            "when": {**rest.get("when", {}), "candidate.tier": self.draft.tier_of[group]},
            **_partition(rest),
        }

    def session(self, spot: Spot) -> None:
        """Add the limits of a session: it is one under its key, for a caller may name any."""
        rest: Plain = {"partition_by": ["key", "session"]}
        amount, turns = spot["max_budget_per_session"], spot["max_iterations"]
        if amount.has_value():
            text = money(amount)
            if text is None:
                amount.say("refused", "not an amount at or above 0")
            else:
                pool: Plain = {**rest, "limit": {"cost": text}, "window": _HOUR}
                added = self.draft.add_pool(
                    "session-budget", {**pool, "enforcement": "check", "at_limit": "deny"}
                )
                amount.say("approximated", _SESSION, f"policy.yaml#pools/{added['id']}")
        if turns.has_value():
            add_count(self.draft, "session-requests", turns, "requests", _HOUR, rest, _SESSION)

    def times(self, general: Spot, settings: Spot) -> None:
        """Add the limit of calls at once of every key, and say what becomes of the time of day of a reset."""
        limit = general["max_parallel_requests"]
        if limit.has_value():
            add_count(self.draft, "key-concurrent", limit, "concurrent", EVER, {"partition_by": ["key"]})
        for section in (general, settings):
            reset = section["budget_reset_time"]
            if reset.value in ("00:00", 0):
                reset.say("exact")
            elif reset.has_value():
                reset.say("dropped", "days begin at midnight of their time zone")


def _partition(rest: Plain) -> Plain:
    return {"partition_by": rest["partition_by"]} if "partition_by" in rest else {}


def _countable(number: Decimal | None) -> TypeGuard[Decimal]:
    return number is not None and 0 < number < 2**53


def _day(value: object) -> str | None:
    """Return the day of an instant or a date, as text, or None where it is none after 1970 began."""
    text = str(value)[:10]
    try:
        return text if parse_date(text) > 0 else None
    except InvalidInstant:
        return None
