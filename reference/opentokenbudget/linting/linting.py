"""All lints of a document, in document order."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ..documents import Document, placed
from ..pricing import Catalog, compile_catalog
from ..pricing.findings import in_document_order
from ..problems import Problem
from . import candidates, catalogs, facts, measures, pools, rules, tiers, trust
from .survey import Survey, survey
from .values import value_rule_lints

_OF_POLICIES: tuple[Callable[[Survey], Iterator[Problem]], ...] = (
    facts.unused_attributes,
    facts.unused_classifiers,
    facts.no_otherwise,
    facts.misspelt_values,
    tiers.unused_deployments,
    tiers.unreachable_tiers,
    tiers.tiers_out_of_order,
    tiers.repeated_candidates,
    tiers.weights_all_zero,
    candidates.lives_of_candidates,
    candidates.unpriced_candidates,
    candidates.unmeasured_liability,
    rules.rules_that_never_match,
    rules.rules_in_the_shadow,
    rules.floors_above_tiers,
    rules.contexts_too_small,
    rules.requirements_never_met,
    rules.acceptances_never_met,
    trust.asserted_raises,
    trust.asserted_partitions,
    pools.pools_that_never_bind,
    pools.children_above_parents,
    pools.downgrades_that_cannot_help,
    measures.measures_without_rates,
    measures.buckets_that_never_refill,
    tiers.fallback_without_others,
)
_OF_CATALOGS = (catalogs.replacements, catalogs.prices_with_holes)


def policy_lints(
    data: Mapping[str, Any], catalog: Catalog, *, at: int, value_rules: Mapping[str, Any] | None = None
) -> tuple[Problem, ...]:
    """Return what is odd about the policy `data`, in document order; none of it is about the value rules' own text.

    Args:
        data: a policy without errors.
        catalog: the one that it refers to.
        at: the instant as of which it is judged, nanoseconds since 1970.
        value_rules: the value rules that it refers to, without errors.
    """
    surveyed = survey(data, catalog, at=at, value_rules=value_rules)
    return in_document_order(data, [problem for lint in _OF_POLICIES for problem in lint(surveyed)])


def value_rules_lints(
    data: Mapping[str, Any], policy: Mapping[str, Any], catalog: Catalog, *, at: int
) -> tuple[Problem, ...]:
    """Return what is odd about the value rules `data` under a policy without errors, in document order."""
    surveyed = survey(policy, catalog, at=at, value_rules=data)
    return in_document_order(data, tuple(value_rule_lints(surveyed)))


def catalog_lints(data: Mapping[str, Any], catalog: Catalog, *, at: int) -> tuple[Problem, ...]:
    """Return what is odd about the catalog `data`, compiled as `catalog`, at the instant `at`, in document order."""
    return in_document_order(data, [problem for lint in _OF_CATALOGS for problem in lint(data, catalog, at)])


def document_lints(document: Document, *, at: int) -> tuple[Problem, ...]:
    """Return the lints of a document without errors, placed; those of a policy with those of its value rules.

    The lints of a catalog are for those who write it: a policy that refers to one does not repeat them.
    """
    if document.kind == "catalog":
        return placed(document, catalog_lints(document.data, _catalog_of(document), at=at))
    if document.kind != "policy" or "/catalog" not in document.references:
        return ()
    catalog = _catalog_of(document.references["/catalog"])
    rules = document.references.get("/value_rules")
    surveyed = survey(document.data, catalog, at=at, value_rules=None if rules is None else rules.data)
    found = [problem for lint in _OF_POLICIES for problem in lint(surveyed)]
    own = placed(document, in_document_order(document.data, found))
    if rules is None:
        return own
    return (*own, *placed(rules, in_document_order(rules.data, tuple(value_rule_lints(surveyed)))))


def _catalog_of(document: Document) -> Catalog:
    base = document.references.get("/extends")
    return compile_catalog(document.data, base=None if base is None else base.data, digest=document.digest)
