"""What the tests of LiteLLM imports share: the import over a fixed catalog, and what must hold of every import."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from opentokenbudget.amounts import parse_instant
from opentokenbudget.documents import schema_problems
from opentokenbudget.importing.litellm_config import ImportedPolicy, import_litellm_config, pointer
from opentokenbudget.linting import policy_lints
from opentokenbudget.pricing import catalog_problems, compile_catalog
from opentokenbudget.problems import ProblemError
from opentokenbudget.routing import policy_problems

TESTS = Path(__file__).parent
FOLDER = TESTS / "litellm_configs"
FILES = sorted(FOLDER.glob("*.yaml"))
BUNDLED = json.loads((TESTS / "pricing_vectors" / "catalog.json").read_text(encoding="utf-8"))
AT = parse_instant("2026-11-23T12:00:00Z")
SOME = """
model_list:
  - {model_name: chat, litellm_params: {model: openai/gpt-4o}}
  - {model_name: big, litellm_params: {model: openai/gpt-6-astra}}
  - {model_name: small, litellm_params: {model: gemini/gemini-2.5-flash}}
"""


def imported(text: str) -> ImportedPolicy:
    return import_litellm_config(text.encode(), file="config.yaml", bundled=BUNDLED, at=AT)


def imported_or_refused(text: str) -> ImportedPolicy | ProblemError:
    try:
        return imported(text)
    except ProblemError as wrong:
        return wrong


def fate(found: ImportedPolicy, path: str) -> tuple[str, str]:
    """Return severity and note of the entry at `path`."""
    (entry,) = [fate.loss for fate in found.fates if fate.loss.path == path]
    return entry.severity, entry.note


def leaves(value: Any, steps: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield the steps to everything that has nothing in it."""
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from leaves(item, (*steps, key))
    elif isinstance(value, list) and value:
        for number, item in enumerate(value):
            yield from leaves(item, (*steps, str(number)))
    else:
        yield steps


def check_sound(found: ImportedPolicy) -> None:
    """Assert that the documents of an import have no problem in shape or meaning."""
    assert schema_problems(found.policy, "policy") == ()
    assert schema_problems(found.prices, "catalog") == ()
    assert schema_problems(found.value_rules, "value-rules") == ()
    assert catalog_problems(found.prices) == ()
    catalog = compile_catalog(found.prices)
    assert policy_problems(found.policy, catalog) == ()
    lints = policy_lints(found.policy, catalog, at=AT, value_rules=found.value_rules)
    assert [lint for lint in lints if lint.severity == "error"] == []


def check_complete(found: ImportedPolicy, data: Any) -> None:
    """Assert that exactly one entry covers every leaf, and that every entry speaks of something."""
    paths = [entry.loss.path for entry in found.fates]
    assert len(paths) == len(set(paths))
    for steps in leaves(data):
        covering = [pointer(steps[:length]) for length in range(1, len(steps) + 1)]
        assert sum(path in set(paths) for path in covering) == 1, steps
    there = {pointer(steps[:length]) for steps in leaves(data) for length in range(1, len(steps) + 1)}
    assert set(paths) <= there


def of_file(name: str) -> ImportedPolicy:
    """Return the import of one of the configurations."""
    return imported((FOLDER / f"{name}.yaml").read_text(encoding="utf-8"))
