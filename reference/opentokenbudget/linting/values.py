"""Lints of value rules, which need the policy that refers to them: it declares the facts that they read."""

from __future__ import annotations

from collections.abc import Iterator

from ..conditions import Condition, attributes_of, contradictory, parse, shadowed
from ..problems import Problem
from .rules import no_request
from .survey import Survey, warning


def value_rule_lints(surveyed: Survey) -> Iterator[Problem]:
    """Yield `rule-never-matches`, and `rule-shadowed` within a group, in which only the first true rule counts.

    Pointers are those of the value rules' own document.
    """
    if surveyed.value_rules is None:
        return
    types = {name: kind for name, kind in surveyed.types.request.items() if name != "value"}
    rules = surveyed.value_rules["rules"]
    conditions: list[Condition | None] = []
    groups: dict[str, list[int]] = {}
    for position, rule in enumerate(rules):
        condition = parse(rule["when"], types=types) if "when" in rule else None
        names = set() if condition is None else attributes_of(condition)
        whole = surveyed.with_given(condition, names)
        conditions.append(whole)
        if condition is not None and whole is not None and contradictory(whole, surveyed.values):
            message = no_request(surveyed, condition)
            yield warning("rule-never-matches", f"/rules/{position}/when", message)
        elif "group" in rule:
            groups.setdefault(rule["group"], []).append(position)
    for group, positions in groups.items():
        dead = shadowed([conditions[position] for position in positions], surveyed.values)
        for member, because in dead.items():
            names_before = " or ".join(f"`{rules[positions[one]]['id']}`" for one in because)
            message = (
                f"it never counts: {names_before} comes before it in the group `{group}` whenever it is true"
            )
            yield warning("rule-shadowed", f"/rules/{positions[member]}", message)
