"""Fallbacks and retries.

LiteLLM has a list of groups for every group, and other lists for two kinds of error. A policy has one chain of
tiers that follows every error it names: what the lists say beyond that is approximated, and the report says how.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..drafts import Plain
from .config import Spot
from .draft import Draft
from .silent import HEALTH

WHERE = "policy.yaml#fallback"
_ALWAYS = ("unavailable", "rate_limited", "timeout", "model_gone")
_ORDER = ("unavailable", "rate_limited", "timeout", "context_exceeded", "model_gone", "content_filtered")
_USUAL_RETRIES = 2
_MOST_ATTEMPTS = 16
_RETRIED = {
    "TimeoutErrorRetries": "timeout",
    "RateLimitErrorRetries": "rate_limited",
    "ContentPolicyViolationErrorRetries": "content_filtered",
    "InternalServerErrorRetries": "unavailable",
    "ServiceUnavailableErrorRetries": "unavailable",
    "NotFoundErrorRetries": "model_gone",
}


def fallback_of(draft: Draft, router: Spot, settings: Spot) -> Plain | None:
    """Return the fallback of the policy, or None where LiteLLM neither retries nor falls back."""
    chains = _Chains(draft)
    after = set(_ALWAYS)
    for spot in _either("fallbacks", router, settings):
        chains.add(spot)
    for spot in _either("default_fallbacks", router, settings):
        chains.add_default(list(spot.items()))
    chains.add_rest()
    for key, error in (
        ("context_window_fallbacks", "context_exceeded"),
        ("content_policy_fallbacks", "content_filtered"),
    ):
        for spot in _either(key, router, settings):
            if chains.add_special(spot, error):
                after.add(error)
    retries = _retries(router, settings, after, falls_back=bool(chains.to))
    several = any(len(tier.models) > 1 for tier in draft.tiers.values())
    if not chains.to and (retries == 0 or not several):
        for section in (router, settings):
            if section["num_retries"].has_value():
                none = retries == 0
                note = (
                    ""
                    if none
                    else "nobody else could be tried: no group has another deployment or a fallback"
                )
                section["num_retries"].overrule("exact" if none else "dropped", note)
        return None
    attempts = max(1 + retries, 1) + chains.longest()
    most = router["max_fallbacks"].number()
    if most is not None:
        router["max_fallbacks"].say(
            "approximated", "attempts are counted over all tiers together", f"{WHERE}/attempts"
        )
    found: Plain = {
        "after": [error for error in _ORDER if error in after],
        "attempts": min(attempts, _MOST_ATTEMPTS),
        "to": chains.to or "same-tier",
    }
    return found


def _either(key: str, *sections: Spot) -> Iterator[Spot]:
    """Yield the first of `sections` that has `key`; in a later one it is overruled."""
    there = [section[key] for section in sections if section[key].has_value()]
    yield from there[:1]
    for spot in there[1:]:
        spot.say("dropped", "overruled by the same setting in `router_settings`")


class _Chains:
    """The one successor of each tier."""

    def __init__(self, draft: Draft) -> None:
        self.draft = draft
        self.to: dict[str, str] = {}
        self._rest: list[tuple[str, Spot]] = []

    def add(self, spot: Spot) -> None:
        """Add the lists of `fallbacks`: first successors now, further ones with `add_rest`."""
        for entry in spot.items():
            if isinstance(entry.value, str):
                self.add_default([entry])
            for group, targets in entry.members():
                if group == "*":
                    self.add_default(list(targets.items()))
                elif self.draft.group_named(group) is None:
                    targets.say("dropped", "it begins at no group of this configuration")
                else:
                    start = self.draft.tier_of[str(self.draft.group_named(group))]
                    for number, target in enumerate(targets.items()):
                        if number == 0:
                            self.first(start, target)
                        else:
                            self._rest.append((start, target))

    def first(self, start: str, target: Spot) -> None:
        tier = self.tier(target)
        if not tier:
            return
        if start in self.to and self.to[start] != tier:
            target.say("dropped", f"`{start}` falls back to `{self.to[start]}` already")
        elif self.leads(tier, start):
            target.say("dropped", f"it would lead back to `{start}`, which a policy refuses")
        else:
            self.to[start] = tier
            target.say("exact", "", f"{WHERE}/to/{start}")

    def add_rest(self) -> None:
        """Append further successors to the end of their chains."""
        for start, target in self._rest:
            self.append(start, target, "it follows `{last}` for requests that began elsewhere too")
        self._rest = []

    def add_default(self, targets: list[Spot]) -> None:
        """Append the successors of groups that have no list of their own."""
        for target in targets:
            tier = self.tier(target)
            if not tier:
                continue
            lone = [start for start in self.draft.tier_of.values() if start not in self.to and start != tier]
            for start in lone:
                if not self.leads(tier, start):
                    self.to[start] = tier
            target.say("approximated", "the end of every chain that does not lead back", f"{WHERE}/to")

    def add_special(self, spot: Spot, error: str) -> bool:
        """Add the lists for one kind of error, and return whether anything of them is in the policy."""
        used = False
        for entry in spot.items():
            for group, targets in entry.members():
                known = self.draft.group_named(group)
                if known is None:
                    targets.say("dropped", "it begins at no group of this configuration")
                    continue
                for target in targets.items():
                    note = f"after `{error}` as after every other error: a policy has one chain"
                    used |= self.append(self.draft.tier_of[known], target, note)
        return used

    def append(self, start: str, target: Spot, note: str) -> bool:
        tier = self.tier(target)
        if not tier:
            return False
        chain = [start]
        while chain[-1] in self.to:
            chain.append(self.to[chain[-1]])
        if tier in chain[1:]:
            target.say("approximated", note.format(last=chain[-1]), f"{WHERE}/to")
            return True
        if self.leads(tier, chain[-1]) or tier == start:
            target.say("dropped", f"it would lead back to `{chain[-1]}`, which a policy refuses")
            return False
        self.to[chain[-1]] = tier
        target.say("approximated", note.format(last=chain[-1]), f"{WHERE}/to/{chain[-1]}")
        return True

    def tier(self, target: Spot) -> str:
        name = target["model"].value if isinstance(target.value, dict) else target.value
        group = self.draft.group_named(name)
        if group is None:
            target.say("dropped", "it names no group of this configuration")
            return ""
        return self.draft.tier_of[group]

    def leads(self, start: str, end: str) -> bool:
        """Return whether the chain from `start` comes to `end`."""
        while start != end and start in self.to:
            start = self.to[start]
        return start == end

    def longest(self) -> int:
        """Return the most steps from any tier."""
        longest = 0
        for start in self.to:
            steps, at = 0, start
            while at in self.to:
                steps, at = steps + 1, self.to[at]
            longest = max(longest, steps)
        return longest


def _retries(router: Spot, settings: Spot, after: set[str], *, falls_back: bool) -> int:
    """Return how often LiteLLM tries again within a group; errors that it does not try again leave `after`."""
    numbers = [
        int(number)
        for spot in _either("num_retries", router, settings)
        if (number := spot.number()) is not None
    ]
    for spot in _either("num_retries", router, settings):
        note = "attempts are of deployments not tried yet, and counted over all tiers together"
        spot.say("approximated", note, f"{WHERE}/attempts")
    retries = numbers[0] if numbers else _USUAL_RETRIES
    policies = [router["retry_policy"]]
    for _, policy in router["model_group_retry_policy"].members():
        policies.append(policy)
    for policy in policies:
        for key, spot in policy.members():
            number, error = spot.number(), _RETRIED.get(key)
            if number is None or (error is None and key != "DefaultRetries"):
                spot.say("dropped", "another deployment does not help against this error")
            elif error is not None and number == 0 and not falls_back:
                after.discard(error)
                spot.say("approximated", "nothing is tried after this error", f"{WHERE}/after")
            else:
                if error is not None and number > 0:
                    after.add(error)
                retries = max(retries, int(number))
                spot.say(
                    "approximated",
                    "one number of attempts holds for all errors and groups",
                    f"{WHERE}/attempts",
                )
    for section in (router, settings):
        for key in ("allowed_fails", "cooldown_time"):
            if section[key].has_value():
                section[key].say("dropped", HEALTH)
    return max(0, min(retries, _MOST_ATTEMPTS))
