"""Lints of facts and of those who give them: attributes and classifiers that nobody needs, or that stay silent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..conditions import Types, attributes_of, parse, problems
from ..conditions.tree import Comparison, comparisons
from ..problems import Problem, did_you_mean
from .survey import Survey, warning

_TASK = "task"


def read_facts(surveyed: Survey) -> frozenset[str]:
    """Return the names of all facts that something in the policy or its value rules looks at."""
    return frozenset(name for name, _ in _readings(surveyed))


def unused_attributes(surveyed: Survey) -> Iterator[Problem]:
    """Yield `unused-attribute` for each declared attribute that nothing reads and that is not required."""
    read = read_facts(surveyed)
    for name, attribute in surveyed.data.get("attributes", {}).items():
        if name not in read and not attribute.get("required", False):
            yield warning("unused-attribute", f"/attributes/{name}", f"nothing reads `{name}`")


def unused_classifiers(surveyed: Survey) -> Iterator[Problem]:
    """Yield `unused-classifier` for each classifier that is never asked, or whose answer nobody reads."""
    read = read_facts(surveyed)
    settled: dict[str, str] = {}
    for number, classifier in enumerate(surveyed.data.get("classifiers", ())):
        gives = classifier["gives"]
        required = gives in surveyed.attributes and surveyed.attributes[gives].required
        if gives in settled:
            message = f"it is never asked: `{settled[gives]}` before it always gives `{gives}`"
            yield warning("unused-classifier", f"/classifiers/{number}", message)
        elif gives not in read and not required:
            yield warning(
                "unused-classifier", f"/classifiers/{number}", f"nothing reads `{gives}`, which it gives"
            )
        if "otherwise" in classifier:
            settled.setdefault(gives, classifier["id"])


def no_otherwise(surveyed: Survey) -> Iterator[Problem]:
    """Yield `no-otherwise` at the last classifier of each attribute that rules read and that may stay missing."""
    in_rules = {
        name
        for rule in surveyed.rules
        if rule.condition is not None
        for name in attributes_of(rule.condition)
    }
    last: dict[str, int] = {}
    settled: set[str] = set()
    for number, classifier in enumerate(surveyed.data.get("classifiers", ())):
        last[classifier["gives"]] = number
        if "otherwise" in classifier:
            settled.add(classifier["gives"])
    for name, number in last.items():
        if name in in_rules and name not in settled and not surveyed.attributes[name].required:
            message = (
                f"when none is sure, `{name}` is missing, and no rule that reads it is true: add `otherwise`"
            )
            yield warning("no-otherwise", f"/classifiers/{number}", message)


def misspelt_values(surveyed: Survey) -> Iterator[Problem]:
    """Yield `unlikely-value` where a rule asks for a value that nobody gives, and somebody gives a similar one.

    Looked at are attributes that classifiers of known answers give, and that declare no `values`.
    """
    given: dict[str, set[str]] = {}
    open_ended: set[str] = set()
    for classifier in surveyed.data.get("classifiers", ()):
        answers = {entry["of"] for entry in classifier.get("keywords", ())}
        if "otherwise" in classifier:
            answers.add(classifier["otherwise"])
        if not answers:
            open_ended.add(classifier["gives"])
        given.setdefault(classifier["gives"], set()).update(answers)
    for rule in surveyed.rules:
        if rule.condition is None:
            continue
        for leaf in comparisons(rule.condition):
            known = given.get(leaf.attribute)
            if known is None or leaf.attribute in open_ended or leaf.operator != "in":
                continue
            if surveyed.attributes[leaf.attribute].values is None:
                yield from _misspelt(leaf, known)


def _misspelt(leaf: Comparison, known: set[str]) -> Iterator[Problem]:
    operands = leaf.operand if isinstance(leaf.operand, tuple) else ()
    for value in operands:
        if isinstance(value, str) and value not in known:
            near = did_you_mean(value, sorted(known))
            if near:
                message = f"no classifier gives `{leaf.attribute}` the value `{value}`{near}"
                yield warning("unlikely-value", leaf.pointer, message)


def _readings(surveyed: Survey) -> Iterator[tuple[str, str]]:
    """Yield each fact that is read, and by what."""
    data = surveyed.data
    types = surveyed.types
    for target in (*surveyed.rules, surveyed.default):
        if target.condition is not None:
            yield from ((name, "rules") for name in attributes_of(target.condition))
        if "cascade" in target.data:
            yield from _in(target.data["cascade"]["accept"], types.accept, "accept")
    for rule in (surveyed.value_rules or {}).get("rules", ()):
        if "when" in rule:
            yield from _in(rule["when"], types.request, "value_rules")
    for pool in surveyed.pools:
        for entry in (pool, *pool.get("thresholds", ()), *pool.get("guarantees", ())):
            if "when" in entry:
                yield from _in(entry["when"], surveyed.pool_types, "pools")
        yield from ((name, "pools") for name in pool.get("partition_by", ()))
        if "by" in pool["limit"]:
            yield pool["limit"]["by"], "pools"
    exploring = data.get("explore", {}).get("when", {})
    if not problems(exploring, types=types.request):
        yield from _in(exploring, types.request, "explore")
    if "subject" in data:
        yield data["subject"], "subject"
    fairness = data.get("fairness", {})
    yield from ((name, "fairness") for name in fairness.get("groups", ()))
    # The task also says which quality of a rating counts, and which quality floor.
    if fairness.get("quality_floor") or any("quality" in rating for rating in data.get("ratings", ())):
        yield _TASK, "quality"


def _in(when: Mapping[str, Any], types: Types, what: str) -> Iterator[tuple[str, str]]:
    for name in attributes_of(parse(when, types=types)):
        yield name, what
        if name == "confidence":
            yield _TASK, what
