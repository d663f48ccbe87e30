"""What a policy says of itself and of its catalog, beyond its shape: every name must lead somewhere.

Takes documents that their schemas accept, answers problems in document order; warnings are the linter's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from ..amounts import UnknownZone, zone_named
from ..conditions import Type, problems
from ..pricing import Catalog
from ..problems import Problem, did_you_mean
from .facts import RESERVED
from .policy import Attribute, FactTypes, declared_attributes
from .pool_references import actions_of, measure_of, own_problems

# Of a way that leads back to its beginning no more are said.
_MOST_STEPS = 8


def policy_problems(data: Mapping[str, Any], catalog: Catalog | None) -> tuple[Problem, ...]:
    """Return what is wrong with the policy `data`, whose shape is right.

    Args:
        data: a policy that its schema accepts.
        catalog: the catalog that it refers to, or None when that could not be read: names of models go unchecked.
    """
    return tuple(_Check(data, catalog).run())


class _Check:
    """One pass over one policy, in document order of its fields."""

    def __init__(self, data: Mapping[str, Any], catalog: Catalog | None) -> None:
        self.data = data
        self.catalog = catalog
        self.attributes: dict[str, Attribute] = declared_attributes(data)
        self.types = FactTypes.of(self.attributes, catalog)
        # Of two things with one id the first is meant.
        self.deployments = {one["id"]: one for one in reversed(data.get("deployments", ()))}
        self.ranks = {tier["id"]: rank for rank, tier in reversed([*enumerate(data["tiers"])])}
        self.rated = {rating["model"] for rating in data.get("ratings", ()) if "quality" in rating}
        self.timed = {rating["model"] for rating in data.get("ratings", ()) if "latency_ms" in rating}
        self.pools = {pool["id"]: pool for pool in reversed(data.get("pools", ()))}
        self.parents = {name: pool["parent"] for name, pool in self.pools.items() if "parent" in pool}
        self.circling = _circling(self.parents)

    def run(self) -> Iterator[Problem]:
        parts = {
            "subject": self.subject,
            "timezone": self.timezone,
            "attributes": self.reserved,
            "classifiers": self.classifiers,
            "deployments": self.deployment_problems,
            "ratings": self.ratings,
            "tiers": self.tiers,
            "rules": self.rules,
            "default": self.default,
            "pools": self.pool_problems,
            "fallback": self.fallback,
            "fairness": self.fairness,
            "explore": self.explore,
        }
        for field in self.data:
            if field in parts:
                yield from parts[field]()

    def subject(self) -> Iterator[Problem]:
        name = self.data["subject"]
        yield from self.attribute(name, "/subject")
        if name not in self.attributes:
            return
        declared = self.attributes[name]
        if declared.trust != "verified":
            message = f"the subject `{name}` is the caller's word: declare it `trust: verified`"
            yield Problem("subject-not-verified", "/subject", message, "OTB-POLICY-005")
        elif declared.type != "string":
            message = f"the subject `{name}` is of the type `{declared.type}`, and who asks is a string"
            yield Problem("type-mismatch", "/subject", message, "OTB-POLICY-023")

    def timezone(self) -> Iterator[Problem]:
        yield from _zone(self.data["timezone"], "/timezone")

    def reserved(self) -> Iterator[Problem]:
        for name in self.data["attributes"]:
            if name in RESERVED:
                message = f"`{name}` is derived by the router and cannot be declared"
                yield Problem("reserved-name", f"/attributes/{name}", message, "OTB-POLICY-006")

    def classifiers(self) -> Iterator[Problem]:
        yield from _repeated("classifier", "/classifiers", self.data["classifiers"])
        for position, classifier in enumerate(self.data["classifiers"]):
            pointer = f"/classifiers/{position}"
            if classifier["gives"] in RESERVED and classifier["gives"] not in self.data.get("attributes", {}):
                message = f"`{classifier['gives']}` is derived by the router: a classifier cannot give it"
                yield Problem("reserved-name", f"{pointer}/gives", message, "OTB-POLICY-006")
            attribute = self.attributes[classifier["gives"]]
            if attribute.type != "string":
                message = f"a classifier gives strings, and `{attribute.name}` is of type {attribute.type}"
                yield Problem("type-mismatch", f"{pointer}/gives", message, "OTB-CLASS-002")
            given = [(f"{pointer}/otherwise", classifier["otherwise"])] if "otherwise" in classifier else []
            for entry, keywords in enumerate(classifier.get("keywords", ())):
                given.append((f"{pointer}/keywords/{entry}/of", keywords["of"]))
            for place, value in given:
                if attribute.values is not None and value not in attribute.values:
                    near = did_you_mean(value, attribute.values)
                    message = f"`{value}` is not a value of `{attribute.name}`{near}"
                    yield Problem("not-one-of", place, message, "OTB-CLASS-003")

    def deployment_problems(self) -> Iterator[Problem]:
        yield from _repeated("deployment", "/deployments", self.data["deployments"])
        for position, deployment in enumerate(self.data["deployments"]):
            pointer = f"/deployments/{position}"
            if self.catalog is None:
                continue
            if self.catalog.resolve(deployment["id"]) is not None:
                message = (
                    f"`{deployment['id']}` is a model of the catalog: a deployment needs a name of its own"
                )
                yield Problem("duplicate-id", f"{pointer}/id", message, "OTB-POLICY-016")
            yield from self.model(deployment["model"], f"{pointer}/model", deployments=False)
            model = self.catalog.resolve(deployment["model"])
            if model is None:
                continue
            known = self.catalog.context_values(model)
            for key, value in deployment.get("context", {}).items():
                if value not in known.get(key, ()):
                    message = f"no price of `{model.id}` knows {key} `{value}`{did_you_mean(value, known.get(key, ()))}"
                    yield Problem("unknown-context", f"{pointer}/context/{key}", message, "OTB-POLICY-019")

    def ratings(self) -> Iterator[Problem]:
        for position, rating in enumerate(self.data["ratings"]):
            yield from self.model(rating["model"], f"/ratings/{position}/model")

    def tiers(self) -> Iterator[Problem]:
        yield from _repeated("tier", "/tiers", self.data["tiers"])
        for position, tier in enumerate(self.data["tiers"]):
            pointer = f"/tiers/{position}"
            for entry, name in enumerate(tier["models"]):
                yield from self.model(name, f"{pointer}/models/{entry}")
            select = tier.get("select")
            if isinstance(select, dict):
                for entry, name in enumerate(tier["models"]):
                    yield from self.unrated(name, select["utility"], f"{pointer}/models/{entry}")

    def unrated(self, name: str, utility: Mapping[str, Any], pointer: str) -> Iterator[Problem]:
        known = self.deployments.get(name, {"model": name})["model"]
        model = None if self.catalog is None else self.catalog.resolve(known)
        if model is None:
            # Whoever is nobody has no ratings to look for.
            return
        names = {name, model.id, *model.aliases}
        for field, rated, what in (
            ("per_second", self.timed, "latency_ms"),
            ("liability", self.rated, "quality"),
        ):
            if field in utility and not names & rated:
                message = f"utility with `{field}` needs a rating of `{name}` with `{what}`"
                yield Problem("missing-rating", pointer, message, "OTB-POLICY-022")

    def rules(self) -> Iterator[Problem]:
        yield from _repeated("rule", "/rules", self.data["rules"])
        for position, rule in enumerate(self.data["rules"]):
            pointer = f"/rules/{position}"
            if "when" in rule:
                yield from _conditions(rule["when"], self.types.request, f"{pointer}/when")
            yield from self.target(rule, pointer)

    def default(self) -> Iterator[Problem]:
        yield from self.target(self.data["default"], "/default")

    def target(self, rule: Mapping[str, Any], pointer: str) -> Iterator[Problem]:
        for field in ("tier", "floor"):
            if field in rule:
                yield from self.tier(rule[field], f"{pointer}/{field}")
        if "cascade" in rule:
            steps = rule["cascade"]["tiers"]
            for entry, name in enumerate(steps):
                yield from self.tier(name, f"{pointer}/cascade/tiers/{entry}")
            ranks = [self.ranks[name] for name in steps if name in self.ranks]
            if ranks != sorted(ranks):
                message = "the steps of a cascade stand in the order of the tiers"
                yield Problem("cascade-not-ascending", f"{pointer}/cascade/tiers", message, "OTB-POLICY-017")
            yield from _conditions(rule["cascade"]["accept"], self.types.accept, f"{pointer}/cascade/accept")
        if "require" in rule:
            yield from _conditions(rule["require"], self.types.candidate, f"{pointer}/require")

    def fallback(self) -> Iterator[Problem]:
        to = self.data["fallback"].get("to")
        if not isinstance(to, dict):
            return
        circling = _circling(to)
        for tier, target in to.items():
            pointer = f"/fallback/to/{_escaped(tier)}"
            yield from self.tier(tier, pointer)
            if target != tier:
                yield from self.tier(target, pointer)
            if tier in circling:
                message = f"the fallback of `{tier}` leads back to it: {_way_back(tier, to)}"
                yield Problem("fallback-loop", pointer, message, "OTB-POLICY-020")

    def fairness(self) -> Iterator[Problem]:
        fairness = self.data["fairness"]
        for entry, name in enumerate(fairness.get("groups", ())):
            yield from self.attribute(name, f"/fairness/groups/{entry}")
        for task, name in fairness.get("quality_floor", {}).items():
            yield from self.tier(name, f"/fairness/quality_floor/{_escaped(task)}")

    def explore(self) -> Iterator[Problem]:
        explore = self.data["explore"]
        if "when" in explore:
            yield from _conditions(explore["when"], self.types.request, "/explore/when")

    def pool_problems(self) -> Iterator[Problem]:
        yield from _repeated("pool", "/pools", self.data["pools"])
        candidate: dict[str, Type] = {
            f"candidate.{key}": "string" for key in ("model", "tier", "provider", "deployment")
        }
        types: Mapping[str, Type] = {**self.types.request, **candidate}
        for position, pool in enumerate(self.data["pools"]):
            pointer = f"/pools/{position}"
            for field, whole in (("when", True), ("thresholds", False), ("guarantees", False)):
                entries = [(pool, pointer)] if whole else []
                if not whole:
                    entries = [
                        (entry, f"{pointer}/{field}/{n}") for n, entry in enumerate(pool.get(field, ()))
                    ]
                for entry, place in entries:
                    if "when" in entry:
                        yield from _conditions(entry["when"], types, f"{place}/when")
            for entry, name in enumerate(pool.get("partition_by", ())):
                yield from self.attribute(name, f"{pointer}/partition_by/{entry}")
            if "by" in pool["limit"]:
                yield from self.attribute(pool["limit"]["by"], f"{pointer}/limit/by")
            yield from _zone(pool["window"].get("timezone", "UTC"), f"{pointer}/window/timezone")
            yield from self.parent(pool, pointer)
            yield from own_problems(pool, pointer)
            for action, place in actions_of(pool, pointer):
                if isinstance(action, dict) and "downgrade" in action:
                    yield from self.tier(action["downgrade"], f"{place}/downgrade")

    def parent(self, pool: Mapping[str, Any], pointer: str) -> Iterator[Problem]:
        if "parent" not in pool:
            return
        name, parent = pool["id"], pool["parent"]
        if parent not in self.pools:
            message = f"`{parent}` is not a pool{did_you_mean(parent, self.pools)}"
            yield Problem("unknown-pool", f"{pointer}/parent", message, "OTB-POOL-010")
        elif pool is self.pools[name] and name in self.circling:
            way = _way_back(name, self.parents)
            message = f"the parents of `{name}` lead back to it: {way}"
            yield Problem("parent-loop", f"{pointer}/parent", message, "OTB-POOL-010")
        elif measure_of(pool["limit"]) != measure_of(self.pools[parent]["limit"]):
            message = f"`{name}` and its parent `{parent}` count different measures"
            yield Problem("parent-measure", f"{pointer}/parent", message, "OTB-POOL-011")

    def attribute(self, name: str, pointer: str) -> Iterator[Problem]:
        if name not in self.attributes:
            message = f"`{name}` is not an attribute of the policy{did_you_mean(name, self.attributes)}"
            yield Problem("unknown-attribute", pointer, message, "OTB-POLICY-007")

    def tier(self, name: str, pointer: str) -> Iterator[Problem]:
        if name not in self.ranks:
            message = f"`{name}` is not a tier of the policy{did_you_mean(name, self.ranks)}"
            yield Problem("unknown-tier", pointer, message, "OTB-POLICY-012")

    def model(self, name: str, pointer: str, *, deployments: bool = True) -> Iterator[Problem]:
        if self.catalog is None or (deployments and name in self.deployments):
            return
        if self.catalog.resolve(name) is None:
            names: Iterable[str] = [*self.catalog.names, *(self.deployments if deployments else ())]
            message = f"`{name}` is not a model of the catalog{did_you_mean(name, names)}"
            yield Problem("unknown-model", pointer, message, "OTB-POLICY-015")


def _repeated(what: str, pointer: str, things: Sequence[Mapping[str, Any]]) -> Iterator[Problem]:
    seen: set[str] = set()
    for position, thing in enumerate(things):
        if thing["id"] in seen:
            message = f"a second {what} is called `{thing['id']}`"
            yield Problem("duplicate-id", f"{pointer}/{position}/id", message, "OTB-POLICY-016")
        seen.add(thing["id"])


def _conditions(when: Any, types: Mapping[str, Type], pointer: str) -> Iterator[Problem]:
    yield from problems(when, types=types, pointer=pointer)


def _zone(name: str, pointer: str) -> Iterator[Problem]:
    try:
        zone_named(name)
    except UnknownZone:
        yield Problem("unknown-zone", pointer, f"`{name}` is not an IANA time zone", "OTB-DOC-026")


def _circling(follows: Mapping[str, str]) -> set[str]:
    """Return the names that lead back to themselves, where each leads to the one that it is mapped to."""
    found: set[str] = set()
    seen: set[str] = set()
    for first in follows:
        path: dict[str, int] = {}
        name = first
        while name in follows and name not in seen:
            seen.add(name)
            path[name] = len(path)
            name = follows[name]
        if name in path:
            found.update(list(path)[path[name] :])
    return found


def _way_back(name: str, follows: Mapping[str, str]) -> str:
    """Return in words how `name` leads back to itself; of a long way the first steps."""
    way = [name]
    while (after := follows[way[-1]]) != name:
        if len(way) == _MOST_STEPS:
            return f"{' → '.join(way)} → … → {name}"
        way.append(after)
    return " → ".join([*way, name])


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")
