"""What documents say beyond their shape, each problem in its own file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..documents import Document, in_document_order, placed
from ..pricing import Catalog, catalog_problems, compile_catalog
from ..problems import Problem, ProblemError
from ..routing import FactTypes, declared_attributes, policy_problems
from ..value import value_problems


def meaning_problems(document: Document) -> tuple[Problem, ...]:
    """Return what is wrong with `document` and with what it refers to, though their shapes are right."""
    match document.kind:
        case "catalog":
            return _catalog(document)
        case "policy":
            return _policy(document)
        case _:
            return ()


def catalog_of(document: Document) -> Catalog:
    """Return the compiled catalog of a document.

    Raises:
        ProblemError: what is wrong with it, in the order of the document.
    """
    try:
        return compile_catalog(document.data, base=base_of(document), digest=document.digest)
    except ProblemError as wrong:
        raise ProblemError(in_document_order(wrong.problems, document.data)) from None


def value_rules_of(document: Document) -> Document | None:
    """Return the value rules that a policy refers to."""
    return document.references.get("/value_rules")


def base_of(document: Document) -> Mapping[str, Any] | None:
    """Return the catalog that a catalog extends, as data."""
    extended = document.references.get("/extends")
    return None if extended is None else extended.data


def _catalog(document: Document) -> tuple[Problem, ...]:
    extended = document.references.get("/extends")
    found = placed(document, catalog_problems(document.data, base=base_of(document)))
    return found if extended is None else (*found, *_catalog(extended))


def _policy(document: Document) -> tuple[Problem, ...]:
    source = document.references.get("/catalog")
    wrong = () if source is None else _catalog(source)
    catalog = None if source is None or wrong else catalog_of(source)
    found = list(placed(document, policy_problems(document.data, catalog)))
    found += wrong
    rules = value_rules_of(document)
    if rules is not None:
        types = dict(FactTypes.of(declared_attributes(document.data), catalog).request)
        found += placed(rules, value_problems(rules.data, types))
    return tuple(found)
