"""Opening: from names (files, standard input) to what the rooms below work on."""

from ..problems import CannotOpen
from .files import load_file, read_bytes
from .meaning import catalog_of, meaning_problems, value_rules_of
from .opener import load_catalog, load_policy, open_document, open_engine, policy_of

__all__ = [
    "CannotOpen",
    "catalog_of",
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
