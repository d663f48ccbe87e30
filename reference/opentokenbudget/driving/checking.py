"""Checks whole documents of a case: their shape, what they refer to, and what they mean together."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from opentokenbudget.classifiers import classifier_problems
from opentokenbudget.documents import CannotFetch, Document, load_documents
from opentokenbudget.pricing import Catalog, catalog_problems, compile_catalog
from opentokenbudget.problems import Problem, ProblemError
from opentokenbudget.routing import FactTypes, declared_attributes, policy_problems
from opentokenbudget.value import value_problems

_DOCUMENT = "document"


def load_given(
    document: Mapping[str, Any], others: Mapping[str, Any], kind: str | None = None
) -> tuple[Document | None, tuple[Problem, ...]]:
    """Return `document` with what it refers to, or None and the problems.

    Args:
        document: plain data.
        others: the documents that it may refer to, by the names that stand as their paths.
        kind: what it must be; wire forms need not say it.
    """

    def fetch(path: str) -> bytes:
        if path == _DOCUMENT:
            return _written(document)
        if path not in others:
            raise CannotFetch("unresolved-reference", f"the case has no document `{path}`")
        return _written(others[path])

    return load_documents(_DOCUMENT, fetch, kind=kind)


def check_given(
    document: Mapping[str, Any],
    others: Mapping[str, Any],
    kind: str | None = None,
    types: Mapping[str, Any] | None = None,
) -> tuple[Problem, ...]:
    """Return everything that is wrong with `document`: its shape, its references, and what it says.

    Args:
        document, others, kind: as for `load_given`.
        types: the types of the facts that value rules may read; without them their conditions go unchecked.
    """
    loaded, problems = load_given(document, others, kind)
    if loaded is None:
        return problems
    match loaded.kind:
        case "catalog":
            return (*problems, *catalog_problems(loaded.data, base=_base_of(loaded)))
        case "value-rules":
            return (*problems, *_check_value_rules(loaded.data, types))
        case "policy":
            return (*problems, *_check_policy(loaded))
    return problems


def catalog_of(document: Document) -> Catalog:
    """Return the compiled catalog of a loaded document.

    Raises:
        ProblemError: what is wrong with it.
    """
    return compile_catalog(document.data, base=_base_of(document), digest=document.digest)


def _check_policy(policy: Document) -> tuple[Problem, ...]:
    prices = policy.references.get("/catalog")
    try:
        catalog = None if prices is None else catalog_of(prices)
    except ProblemError as wrong:
        return wrong.problems
    found = [*policy_problems(policy.data, catalog)]
    rules = policy.references.get("/value_rules")
    if rules is not None:
        types = FactTypes.of(declared_attributes(policy.data), catalog).request
        found += value_problems(rules.data, types)
    unsupported = "unsupported-feature"
    classifiers = classifier_problems(policy.data.get("classifiers", ()))
    return (*found, *(problem for problem in classifiers if problem.code != unsupported))


def _check_value_rules(data: Mapping[str, Any], types: Mapping[str, Any] | None) -> tuple[Problem, ...]:
    if types is None:
        bare = [{key: value for key, value in rule.items() if key != "when"} for rule in data["rules"]]
        data, types = {**data, "rules": bare}, {}
    return value_problems(data, types)


def _base_of(catalog: Document) -> Mapping[str, Any] | None:
    base = catalog.references.get("/extends")
    return None if base is None else base.data


def _written(document: object) -> bytes:
    return json.dumps(document, ensure_ascii=False).encode("utf-8", "surrogatepass")
