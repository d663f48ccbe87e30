"""What conditions can read: the declared attributes, the derived facts beside them, and a candidate's own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ..conditions import Type

DERIVED: Mapping[str, Type] = {
    "input_tokens": "integer",
    "max_output_tokens": "integer",
    "expected_output_tokens": "integer",
    "needs": "strings",
    "hour": "integer",
    "weekday": "string",
    "confidence": "decimal",
    "value": "decimal",
    "time": "time",
}
OUTCOME: Mapping[str, Type] = {"score": "decimal", "tier": "string"}
CANDIDATE: Mapping[str, Type] = {
    "features": "strings",
    "cost": "decimal",
    "bound": "decimal",
    "latency_ms": "integer",
    "quality": "decimal",
    "model": "string",
    "provider": "string",
    "deployment": "string",
    "tier": "string",
}
RESERVED = frozenset({*DERIVED, *OUTCOME, "all", "any", "not"})
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def request_types(attributes: Mapping[str, Type], context_keys: Iterable[str]) -> dict[str, Type]:
    """Return the type of every fact that a rule may read."""
    return {**DERIVED, **context_types(context_keys), **attributes}


def accept_types(attributes: Mapping[str, Type], context_keys: Iterable[str]) -> dict[str, Type]:
    """Return the type of every fact that a cascade's `accept` may read."""
    return {**request_types(attributes, context_keys), **OUTCOME}


def candidate_types(context_keys: Iterable[str]) -> dict[str, Type]:
    """Return the type of every fact that `require` may read."""
    return {**CANDIDATE, **context_types(context_keys)}


def context_types(context_keys: Iterable[str]) -> dict[str, Type]:
    return {f"context.{key}": "string" for key in context_keys}
