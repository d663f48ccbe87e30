"""LiteLLM's automatic routers: complexity, quality, semantic and adaptive.

Their scores are the work of code and of learned state that no document holds. What is data travels: tiers and
their models, keywords (as classifiers), the default. "No signal" is an answer of its own and has its own rule.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from ..drafts import Plain
from ..ordinary_yaml import decimal_of
from .config import Names, Spot, written
from .draft import GROUP, Draft
from .models import routers_named
from .secrets import label

UNSURE = "unknown"
_WORD_LISTS = {
    "reasoning_keywords": "REASONING",
    "technical_keywords": "COMPLEX",
    "custom_technical_keywords": "COMPLEX",
    "code_keywords": "COMPLEX",
    "simple_keywords": "SIMPLE",
}
_HEURISTIC = (
    "a score that LiteLLM's code works out; here keywords decide, and no signal is an answer of its own"
)
_LEARNED = "what the router has learned is no document: not carried over"
_LONGEST_PHRASE = 256
_MOST_PHRASES = 10_000


def add_routers(draft: Draft, routers: list[Spot]) -> None:
    """Add classifiers, tiers and rules for every router."""
    stems = Names()
    facts: dict[str, str] = {}
    named = list(routers_named(routers))
    for name, kind, entry in named:
        if name in draft.tier_of or name in facts:
            entry.say("refused", "a group of deployments or another router has this name")
            continue
        stem = stems.give(name)
        facts[name] = _fact(stem, set(facts.values())) if len(named) > 1 else "route"
        router = _Router(draft, name, stem, facts[name], entry["litellm_params"])
        if kind.startswith("complexity"):
            router.complexity()
        elif kind.startswith("quality"):
            router.quality()
        elif kind.startswith("adaptive"):
            router.adaptive()
        else:
            router.semantic()
        if router.served:
            entry["model_name"].say("exact", "", f"policy.yaml#rules/{name}")
            entry["litellm_params"]["model"].say("approximated", router.note, f"policy.yaml#rules/{name}")
        else:
            entry.say("refused", "none of its models has a price")


class _Router:
    """One router: what callers ask for by `name`.

    `stem` begins the ids of its classifiers, `fact` is the attribute that they give.
    """

    def __init__(self, draft: Draft, name: str, stem: str, fact: str, params: Spot) -> None:
        self.draft = draft
        self.name = name
        self.stem = stem
        self.fact = fact
        self.params = params
        self.note = _HEURISTIC
        self.served = False
        self.values: list[str] = []
        self.entries: list[Plain] = []

    def complexity(self) -> None:
        config = self.params["complexity_router_config"]
        tiers = {level: self.tier(level, spot) for level, spot in config["tiers"].members()}
        for rule in config["keyword_tier_rules"].items():
            level = str(rule["tier"].value).strip()
            if tiers.get(level):
                self.keywords(level, rule["keywords"], "exact", "")
                rule["tier"].say("exact")
            else:
                rule.say("dropped", "its tier has no model here")
        top = next((level for level in reversed(list(tiers)) if tiers[level]), "")
        self.keywords(
            top, config["escalation_keywords"], "approximated", "here they ask for the highest tier"
        )
        for key, level in _WORD_LISTS.items():
            if tiers.get(level):
                note = f"a word of the list decides for {level} alone; there it only adds to a score"
                self.keywords(level, config[key], "approximated", note)
        default = self.default(config["default_model"], self.params["complexity_router_default_model"])
        if not default:
            middle = [tiers[level] for level in ("MEDIUM", "SIMPLE", *tiers) if tiers.get(level)]
            default = middle[0] if middle else ""
        for key in (
            "tier_boundaries",
            "token_thresholds",
            "dimension_weights",
            "custom_dimensions",
            "classifier_type",
        ):
            if config[key].has_value():
                config[key].say("dropped", _HEURISTIC)
        self.state(config)
        self.finish({level: tier for level, tier in tiers.items() if tier}, default)

    def quality(self) -> None:
        config = self.params["quality_router_config"]
        tiers: dict[str, str] = {}
        best: dict[int, str] = {}
        names = [spot.value for spot in config["available_models"].items()]
        for group, tier in list(self.draft.tier_of.items()):
            owner = next((d for d in self.draft.deployments if d.group == group), None)
            if owner is None or (names and group not in names):
                continue
            wanted = owner.info["litellm_routing_preferences"]
            rank, place = wanted["quality_tier"].number(), wanted["order"].number()
            if wanted["keywords"].has_value():
                tiers[group] = tier
                self.keywords(group, wanted["keywords"], "approximated", "substrings there, whole words here")
            if rank is not None:
                held = best.get(int(rank))
                if held is None or (place is not None and place <= 1):
                    best[int(rank)] = tier
                wanted["quality_tier"].say("approximated", "serves the complexities that are mapped to it")
            if place is not None:
                wanted["order"].say("approximated", "the first of a quality tier serves it")
        mapped = config["complexity_to_quality"]
        for level, spot in mapped.members():
            number = spot.number()
            tier = best.get(int(number), "") if number is not None else ""
            if tier and label(level) is not None:
                tiers[level] = tier
        if mapped.has_value():
            mapped.say("approximated", _HEURISTIC)
        default = self.default(config["default_model"], self.params["quality_router_default_model"])
        self.say_models(config["available_models"])
        self.finish(tiers, default or next(iter(best.values()), next(iter(tiers.values()), "")))

    def adaptive(self) -> None:
        config = self.params["adaptive_router_config"]
        self.note = _LEARNED
        groups = [
            g for spot in config["available_models"].items() if (g := self.draft.group_named(spot.value))
        ]
        self.say_models(config["available_models"])
        if config["weights"].has_value():
            config["weights"].say(
                "approximated", "quality is learned there; here the cheapest that can serve is taken"
            )
        first = self.default(self.params["adaptive_router_default_model"])
        if groups:
            tier = self.draft.add_tier(self.name, self.draft.members(groups), "cheapest")
            self.finish({}, tier.id if tier else first)
        else:
            self.finish({}, first)
        for deployment in self.draft.deployments:
            wanted = deployment.info["adaptive_router_preferences"]
            if wanted.has_value():
                wanted.say("dropped", _LEARNED)

    def semantic(self) -> None:
        self.note = (
            "meaning is matched by embeddings there; here whoever embeds brings the route with the request"
        )
        config = self.params["auto_router_config"]
        tiers: dict[str, str] = {}
        least: list[Decimal] = []
        for route in _routes(config.value):
            group = self.draft.group_named(route.get("name"))
            if group is not None:
                tiers[group] = self.draft.tier_of[group]
                score = decimal_of(str(route.get("score_threshold")))
                least.append(score if score is not None and 0 <= score <= 1 else Decimal(0))
        if tiers:
            form: Plain = {"id": self.named("routes"), "gives": self.fact, "external": True}
            if min(least) > 0:
                form["min_confidence"] = written(min(least))
            self.draft.classifiers.append(form)
        if config.has_value():
            note = "the routes' names are rules; their utterances stay with whoever embeds"
            where = f"policy.yaml#classifiers/{self.named('routes')}"
            config.say(
                *(
                    ("approximated", note, where)
                    if tiers
                    else ("dropped", "it names no group of this configuration")
                )
            )
        if self.params["auto_router_embedding_model"].has_value():
            self.params["auto_router_embedding_model"].say("dropped", "whoever embeds knows the model")
        self.finish(tiers, self.default(self.params["auto_router_default_model"]))

    def tier(self, level: str, spot: Spot) -> str:
        """Return the tier that serves `level`, "" where there is none."""
        listed = list(spot.items()) or [spot]
        wanted = [item["model_name"].value if isinstance(item.value, dict) else item.value for item in listed]
        groups = [group for name in wanted if (group := self.draft.group_named(name)) is not None]
        if not groups or label(level) is None:
            spot.say("dropped", "it names no group of this configuration")
            return ""
        whole = len(groups) == len(wanted)
        if len(groups) == 1:
            found = self.draft.tier_of[groups[0]]
            spot.say("exact" if whole else "approximated", "", f"policy.yaml#tiers/{found}")
            return found
        made = self.draft.add_tier(f"{self.name}.{level.lower()}", self.draft.members(groups), "weighted")
        if made is None:
            spot.say("refused", "a policy holds at most 64 tiers")
            return ""
        spot.say(
            "approximated",
            "drawn by weight among all deployments of these groups",
            f"policy.yaml#tiers/{made.id}",
        )
        return made.id

    def keywords(self, value: str, spot: Spot, severity: Any, note: str) -> None:
        """Add the phrases of `spot` to the classifier, for `value`."""
        if not spot.has_value() or not value:
            return
        phrases = [item.value.strip() for item in spot.items() if isinstance(item.value, str)]
        kept = [
            phrase for phrase in dict.fromkeys(phrases) if label(phrase) and len(phrase) <= _LONGEST_PHRASE
        ]
        if not kept:
            spot.say("dropped", "no phrase in it")
            return
        if len(kept) != len(set(phrases)) or len(kept) > _MOST_PHRASES:
            severity, note = "approximated", "phrases that no classifier can hold are left out"
        self.entries.append({"of": value, "any": kept[:_MOST_PHRASES]})
        spot.say(severity, note, f"policy.yaml#classifiers/{self.named('words')}")

    def default(self, *spots: Spot) -> str:
        """Return the tier of the first of `spots` that names a group."""
        found = ""
        for spot in spots:
            group = self.draft.group_named(spot.value)
            if spot.has_value() and group is None:
                spot.say("dropped", "it names no group of this configuration")
            elif group is not None:
                found = found or self.draft.tier_of[group]
                spot.say("exact", "serves where there is no signal", f"policy.yaml#rules/{self.name}")
        return found

    def state(self, config: Spot) -> None:
        """Say of affinity and adaptation that they are state, and no part of a decision."""
        for key in (
            "session_affinity",
            "deployment_affinity",
            "cache_aware_routing",
            "adaptive",
            "stall_escalation_enabled",
        ):
            if config[key].has_value():
                config[key].say(
                    "dropped", "each request is decided on its own: nothing is remembered of a session"
                )

    def say_models(self, spot: Spot) -> None:
        if spot.has_value():
            known = [self.draft.group_named(item.value) is not None for item in spot.items()]
            spot.say(
                "exact" if all(known) else "approximated",
                "" if all(known) else "models without a price are left out",
            )

    def named(self, what: str) -> str:
        """Return the id of a classifier of this router."""
        return f"{self.stem}-{what}"

    def finish(self, tiers: Mapping[str, str], default: str) -> None:
        """Add the classifiers and the rules."""
        if not tiers and not default:
            return
        self.served = True
        if self.entries:
            self.draft.classifiers.append(
                {"id": self.named("words"), "gives": self.fact, "keywords": self.entries}
            )
        if tiers:
            self.draft.classifiers.append(
                {"id": self.named("unsure"), "gives": self.fact, "otherwise": UNSURE}
            )
        for value, tier in tiers.items():
            self.draft.add_rule(f"{self.name}.{value.lower()}", {GROUP: self.name, self.fact: value}, tier)
        if default:
            self.draft.add_rule(self.name, {GROUP: self.name}, default)


def _fact(stem: str, taken: set[str]) -> str:
    """Return an attribute's name for the router `stem`: what is no letter or digit is written by its code."""
    written_out = "".join(c if c.isalnum() or c == "_" else f"_{ord(c):x}_" for c in stem.lower())
    fact, number = f"route_{written_out}"[:64], 1
    while fact in taken:
        number += 1
        fact = f"route_{written_out}"[:58] + f"_{number}"
    return fact


def _routes(config: Any) -> list[Mapping[str, Any]]:
    if isinstance(config, str):
        try:
            config = json.loads(config)
        except (ValueError, RecursionError):
            return []
    listed = config.get("routes") if isinstance(config, dict) else None
    return [route for route in listed or () if isinstance(route, dict)] if isinstance(listed, list) else []
