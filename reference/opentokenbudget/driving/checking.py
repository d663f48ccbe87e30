"""Checks whole documents of a case: their shape, what they refer to, and what they mean together."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from opentokenbudget.classifiers import classifier_problems
from opentokenbudget.documents import CannotFetch, Document, in_document_order, load_documents
from opentokenbudget.opening import base_of, catalog_of, value_rules_of
from opentokenbudget.pricing import catalog_problems
from opentokenbudget.problems import Problem, ProblemError
from opentokenbudget.routing import FactTypes, declared_attributes, policy_problems
from opentokenbudget.value import value_problems

CHECKED = "document"
"""The path of a document that no name is given to."""


def load_given(
    document: object, others: Mapping[str, Any], kind: str | None = None, name: str = CHECKED
) -> tuple[Document | None, tuple[Problem, ...]]:
    """Return `document` with what it refers to, or None and the problems of the first stage that has any.

    Args:
        document: plain data.
        others: the documents that it may refer to, by the names that stand as their paths.
        kind: what it must be; wire forms need not say it.
        name: its own path.
    """

    def fetch(path: str) -> bytes:
        if path == name:
            return _written(document)
        if path not in others:
            raise CannotFetch("unresolved-reference", f"the case has no document `{path}`")
        return _written(others[path])

    return load_documents(name, fetch, kind=kind, by_stage=True)


def check_given(
    document: object,
    others: Mapping[str, Any],
    kind: str | None = None,
    types: Mapping[str, Any] | None = None,
    name: str = CHECKED,
) -> tuple[Problem, ...]:
    """Return everything that is wrong with `document`: its shape, its references, and what it says.

    Args:
        document, others, kind, name: as for `load_given`.
        types: the types of the facts that value rules may read; without them their conditions go unchecked.
    """
    loaded, problems = load_given(document, others, kind, name)
    if loaded is None:
        return problems
    match loaded.kind:
        case "catalog":
            found = catalog_problems(loaded.data, base=base_of(loaded))
        case "value-rules":
            found = _check_value_rules(loaded.data, types)
        case "policy":
            return _check_policy(loaded, problems)
        case _:
            return problems
    return tuple(in_document_order((*problems, *found), loaded.data))


def _check_policy(policy: Document, warnings: Sequence[Problem]) -> tuple[Problem, ...]:
    """Return the problems of a catalog alone where it has any, else those of the policy, then of its value rules."""
    prices = policy.references.get("/catalog")
    try:
        catalog = None if prices is None else catalog_of(prices)
    except ProblemError as wrong:
        return wrong.problems
    classifiers = classifier_problems(policy.data.get("classifiers", ()))
    found = [
        *warnings,
        *policy_problems(policy.data, catalog),
        *(problem for problem in classifiers if problem.code != "unsupported-feature"),
    ]
    ordered = in_document_order(found, policy.data)
    rules = value_rules_of(policy)
    if rules is not None:
        types = FactTypes.of(declared_attributes(policy.data), catalog).request
        ordered += in_document_order(value_problems(rules.data, types), rules.data)
    return tuple(ordered)


def _check_value_rules(data: Mapping[str, Any], types: Mapping[str, Any] | None) -> tuple[Problem, ...]:
    if types is None:
        bare = [{key: value for key, value in rule.items() if key != "when"} for rule in data["rules"]]
        data, types = {**data, "rules": bare}, {}
    return value_problems(data, types)


def _written(document: object) -> bytes:
    return json.dumps(document, ensure_ascii=False).encode("utf-8", "surrogatepass")
