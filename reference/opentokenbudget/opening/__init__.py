"""Opening: from names (files, standard input) to what the rooms below work on.

What opens an engine is imported when it is first used: a check of documents needs no engine.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from ..problems import CannotOpen
from .files import load_file, read_bytes
from .meaning import base_of, catalog_of, meaning_problems, value_rules_of

if TYPE_CHECKING:
    from .opener import (
        compiled_policy,
        engine_of,
        load_catalog,
        load_policy,
        open_document,
        open_engine,
        policy_of,
    )

__all__ = [
    "CannotOpen",
    "base_of",
    "catalog_of",
    "compiled_policy",
    "engine_of",
    "load_catalog",
    "load_file",
    "load_policy",
    "meaning_problems",
    "open_document",
    "open_engine",
    "policy_of",
    "read_bytes",
    "value_rules_of",
]

_LATER = frozenset(
    {
        "compiled_policy",
        "engine_of",
        "load_catalog",
        "load_policy",
        "open_document",
        "open_engine",
        "policy_of",
    }
)


def __getattr__(name: str) -> object:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(".opener", __name__), name)
    globals()[name] = value
    return value
