"""Open Token Budget: policies, exact prices and usage logs for spending LLM tokens well.

    >>> import opentokenbudget as otb
    >>> catalog = otb.load_catalog("prices.yaml")                                    # doctest: +SKIP
    >>> catalog.price("openai/gpt-4o", {"input": 1000, "output": 500}, at="2026-11-23T12:00:00Z").total
    Decimal('0.0075')                                                                # doctest: +SKIP

Everything public is named here and imported when it is first used, so that importing the package stays light.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .documents import Document, load_documents, models, parse_document, schema_problems
    from .engine import AsyncEngine, AttemptRecord, Call, Engine, Listener, decision_record
    from .opening import load_catalog, load_policy, open_document, open_engine
    from .pools import StoreUnavailable, StoreUnfit
    from .pricing import Catalog, Cost, PriceProblem, compile_catalog
    from .problems import CannotOpen, Place, Problem, ProblemError
    from .routing import Decision, Policy, Request, compile_policy, trace_of

__version__ = "0.1.0"

_HOMES = {
    "AsyncEngine": "engine",
    "AttemptRecord": "engine",
    "Call": "engine",
    "CannotOpen": "problems",
    "Catalog": "pricing",
    "Cost": "pricing",
    "Decision": "routing",
    "Document": "documents",
    "Engine": "engine",
    "Listener": "engine",
    "Place": "problems",
    "Policy": "routing",
    "PriceProblem": "pricing",
    "Problem": "problems",
    "ProblemError": "problems",
    "Request": "routing",
    "StoreUnavailable": "pools",
    "StoreUnfit": "pools",
    "compile_catalog": "pricing",
    "compile_policy": "routing",
    "decision_record": "engine",
    "load_catalog": "opening",
    "load_documents": "documents",
    "load_policy": "opening",
    "open_document": "opening",
    "open_engine": "opening",
    "parse_document": "documents",
    "schema_problems": "documents",
    "trace_of": "routing",
}
# Modules that are heavy to import.
_MODULES = {"models": "documents.models"}

__all__ = [
    "AsyncEngine",
    "AttemptRecord",
    "Call",
    "CannotOpen",
    "Catalog",
    "Cost",
    "Decision",
    "Document",
    "Engine",
    "Listener",
    "Place",
    "Policy",
    "PriceProblem",
    "Problem",
    "ProblemError",
    "Request",
    "StoreUnavailable",
    "StoreUnfit",
    "compile_catalog",
    "compile_policy",
    "decision_record",
    "load_catalog",
    "load_documents",
    "load_policy",
    "models",
    "open_document",
    "open_engine",
    "parse_document",
    "schema_problems",
    "trace_of",
]


def __getattr__(name: str) -> object:
    if name in _MODULES:
        value: object = import_module(f".{_MODULES[name]}", __name__)
    elif name in _HOMES:
        value = getattr(import_module(f".{_HOMES[name]}", __name__), name)
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
