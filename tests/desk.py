"""A small desk to test with: a catalog of three models, a policy over them, and what they cost."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from opentokenbudget.pricing import compile_catalog
from opentokenbudget.routing import Policy, compile_policy

AT = 1_795_435_200_000_000_000
SMALL, MEDIUM, LARGE = "acme/small-1", "acme/medium-1", "acme/large-1"


def catalog(**changes: Any) -> dict[str, Any]:
    """Return the data of the catalog; `changes` replace fields of it."""

    def model(name: str, read: str, write: str, **more: Any) -> dict[str, Any]:
        rates = {"input": read, "output": write}
        capabilities = {
            "context_window": 128_000,
            "max_output": 8192,
            "features": ["tools"],
            "input": ["text"],
        }
        return {
            "id": name,
            "capabilities": capabilities,
            "prices": [{"from": None, "rates": rates}],
            **more,
        }

    models = [model(SMALL, "0.15", "0.6"), model(MEDIUM, "1", "4"), model(LARGE, "5", "25")]
    return {
        "otb": "1.0",
        "kind": "catalog",
        "id": "acme",
        "version": "1.0.0",
        "currency": "USD",
        "models": models,
    } | changes


def policy(**changes: Any) -> dict[str, Any]:
    """Return the data of the policy; `changes` replace fields of it, None takes one away."""
    data: dict[str, Any] = {
        "otb": "1.0",
        "kind": "policy",
        "id": "desk",
        "version": "1.0.0",
        "catalog": {"path": "catalog.json"},
        "attributes": {"user": {"type": "string", "trust": "verified"}, "plan": {"type": "string"}},
        "classifiers": [
            {
                "id": "words",
                "gives": "task",
                "keywords": [{"of": "fraud", "any": ["stolen card"]}, {"of": "balance", "any": ["balance"]}],
            },
            {"id": "unsure", "gives": "task", "otherwise": "unknown"},
        ],
        "tiers": [
            {"id": "small", "models": [SMALL]},
            {"id": "medium", "models": [MEDIUM]},
            {"id": "large", "models": [LARGE]},
        ],
        "rules": [
            {"id": "fraud", "when": {"task": "fraud"}, "tier": "large", "floor": "large"},
            {"id": "balance", "when": {"task": "balance"}, "tier": "small"},
        ],
        "default": {"tier": "medium"},
        "fallback": {
            "after": ["timeout", "unavailable", "model_gone", "context_exceeded"],
            "to": "same-tier-then-up",
        },
    }
    data |= changes
    return {field: value for field, value in data.items() if value is not None}


def compiled(catalog_data: dict[str, Any] | None = None, **changes: Any) -> Policy:
    """Return the compiled policy over the compiled catalog."""
    return compile_policy(policy(**changes), catalog=compile_catalog(catalog_data or catalog()))


def written(folder: Path, catalog_data: dict[str, Any] | None = None, **changes: Any) -> Path:
    """Write policy and catalog below `folder` and return where the policy lies."""
    (folder / "catalog.json").write_text(json.dumps(catalog_data or catalog()))
    path = folder / "policy.json"
    path.write_text(json.dumps(policy(**changes)))
    return path


def rows(count: int) -> list[dict[str, Any]]:
    """Return `count` past requests in time order, with an outcome for each tier."""
    texts = ("What is my balance?", "My stolen card was used.", "Hello there.")
    return [
        {
            "id": f"r{number}",
            "at": f"2026-11-23T12:{number // 60 % 60:02d}:{number % 60:02d}Z",
            "user": f"u{number % 7}",
            "plan": "pro" if number % 3 else "free",
            "text": texts[number % 3],
            "input_tokens": 200 + number * 37 % 900,
            "output_tokens": 20 + number * 13 % 300,
            "score.small": "1" if number % 4 else "0",
            "score.medium": "1",
            "score.large": "1",
        }
        for number in range(count)
    ]
