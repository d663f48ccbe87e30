"""Lints of trust: what the caller can say to be served better, or to get a budget of its own.

Asserted is what the policy declares so, and what a classifier reads from the caller's text.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..conditions import Condition, attributes_of, parse
from ..problems import Problem
from .pools import always_meets, amounts_of, condition_of
from .survey import Survey, Target, warning

_READ_FROM_TEXT = ("keywords", "artefact", "clusters")
_BINDING = ("reserve", "check")
# With more pools than these that take some requests only, nobody tries to prove that one is missed by all.
_TOGETHER = 32


def asserted_facts(surveyed: Survey) -> dict[str, str]:
    """Return by name the facts that are the caller's word, with a clause that says why."""
    found = {
        name: "is the caller's word"
        for name, attribute in surveyed.attributes.items()
        if attribute.trust == "asserted"
    }
    for classifier in surveyed.data.get("classifiers", ()):
        if any(kind in classifier for kind in _READ_FROM_TEXT):
            found[classifier["gives"]] = f"is read from the caller's text by `{classifier['id']}`"
    weighed = sorted(found.keys() & _read_by_value_rules(surveyed))
    if weighed:
        found["value"] = f"follows from `{weighed[0]}`, which {found[weighed[0]]}"
    return found


def asserted_raises(surveyed: Survey) -> Iterator[Problem]:
    """Yield `asserted-raises-tier` for each rule that lifts requests above the default on the caller's word alone.

    A pool that refuses (`reserve` or `check`, with a limit) and takes every such request is a cap.
    """
    asserted = asserted_facts(surveyed)
    caps = _caps(surveyed)
    usual = max(surveyed.default.ladder, default=-1)
    for rule in surveyed.rules:
        if rule.condition is None or rule.position in surveyed.dead:
            continue
        read = sorted(attributes_of(rule.condition) & asserted.keys())
        raised = [rank for rank in rule.ladder if rank > usual]
        if not read or not raised or _is_capped(surveyed, rule, raised, caps):
            continue
        tier = surveyed.tiers[raised[-1]].id
        before = (
            f"raises it from `{surveyed.tiers[usual].id}` to `{tier}`" if usual >= 0 else f"opens `{tier}`"
        )
        facts = ", ".join(f"`{name}` {asserted[name]}" for name in read)
        yield warning(
            "asserted-raises-tier",
            f"{rule.pointer}/when",
            f"{facts}: a request that says so {before}, and no pool caps that",
        )


def asserted_partitions(surveyed: Survey) -> Iterator[Problem]:
    """Yield `asserted-partition` for each pool whose balance a caller can choose."""
    asserted = asserted_facts(surveyed)
    for number, pool in enumerate(surveyed.pools):
        names = pool.get("partition_by", ())
        if names and all(name in asserted for name in names):
            listed = " and ".join(f"`{name}`" for name in names)
            message = f"a caller gets a fresh balance with another {listed}: add a verified attribute"
            yield warning("asserted-partition", f"/pools/{number}/partition_by", message)


def _caps(surveyed: Survey) -> list[Condition | None]:
    """Return the conditions of the pools that refuse; None for one that takes every request."""
    return [
        condition_of(surveyed, pool, f"/pools/{number}")
        for number, pool in enumerate(surveyed.pools)
        if pool["enforcement"] in _BINDING
        and pool.get("at_limit") != "allow"
        and all(amount is not None for _, amount, _ in amounts_of(pool, ""))
    ]


def _is_capped(
    surveyed: Survey, rule: Target, raised: Sequence[int], caps: Sequence[Condition | None]
) -> bool:
    conditions = [condition for condition in caps if condition is not None]
    if not caps or len(conditions) < len(caps) or len(conditions) > _TOGETHER:
        return bool(caps)
    return always_meets(surveyed, rule.condition, conditions, raised)


def _read_by_value_rules(surveyed: Survey) -> set[str]:
    if surveyed.value_rules is None:
        return set()
    return {
        name
        for rule in surveyed.value_rules["rules"]
        if "when" in rule
        for name in attributes_of(parse(rule["when"], types=surveyed.types.request))
    }
