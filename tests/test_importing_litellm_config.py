"""Import of LiteLLM configurations: sound documents, nothing lost in silence, no secret, the same bytes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings

from litellm_imports import (
    AT,
    FILES,
    TESTS,
    check_complete,
    check_sound,
    imported,
    imported_or_refused,
    of_file,
)
from opentokenbudget.documents import read
from opentokenbudget.engine import Engine
from opentokenbudget.importing.litellm_config import policy_text, prices_text, value_text
from opentokenbudget.importing.ordinary_yaml import read_ordinary_yaml
from opentokenbudget.pricing import compile_catalog
from opentokenbudget.problems import ProblemError
from opentokenbudget.routing import compile_policy
from strategies_litellm import CONFIGS


@pytest.fixture(params=FILES, ids=[path.stem for path in FILES])
def config(request: pytest.FixtureRequest) -> Path:
    path: Path = request.param
    return path


def test_there_are_at_least_six_configurations() -> None:
    """The import is tried on at least six configurations."""
    assert len(FILES) >= 6


def test_documents_are_sound(config: Path) -> None:
    """What is imported has no problem in shape or meaning, and the texts say the same as the data."""
    found = imported(config.read_text(encoding="utf-8"))
    check_sound(found)
    for text, data in (
        (policy_text(found.policy), found.policy),
        (prices_text(found.prices), found.prices),
        (value_text(found.value_rules), found.value_rules),
    ):
        assert text.startswith("# yaml-language-server: $schema=schemas/")
        assert read(text.encode(), file="x.yaml").problems == ()
        assert read(text.encode(), file="x.yaml").data == data


def test_an_engine_decides_once_pools_are_out(config: Path) -> None:
    """Without its pools an imported policy answers a request for every group, and allows it."""
    found = imported(config.read_text(encoding="utf-8"))
    policy = {key: value for key, value in found.policy.items() if key != "pools"}
    compiled = compile_policy(policy, catalog=compile_catalog(found.prices), value_rules=found.value_rules)
    engine = Engine(compiled, clock=lambda: AT, seed="")
    asked = [rule["when"]["model_group"] for rule in policy["rules"]]
    for group in dict.fromkeys(
        name for names in asked for name in ([names] if isinstance(names, str) else names)
    ):
        request = {
            "id": group,
            "text": "hello",
            "attributes": {"model_group": group},
            "max_output_tokens": 100,
        }
        assert engine.decide(request).action == "allow"


def test_every_key_has_exactly_one_entry(config: Path) -> None:
    """Every key of a configuration is spoken of once in the loss report."""
    text = config.read_text(encoding="utf-8")
    check_complete(imported(text), read_ordinary_yaml(text.encode(), file="x.yaml").data)


def test_no_secret_leaves_a_configuration(config: Path) -> None:
    """Neither keys nor what stands for them appear in a document or in the report."""
    found = imported(config.read_text(encoding="utf-8"))
    written = policy_text(found.policy) + prices_text(found.prices) + value_text(found.value_rules)
    written += json.dumps([entry.as_json() for entry in found.fates])
    assert "CANARY" not in written
    assert "os.environ" not in written
    assert "sk-" not in written


def test_the_same_bytes_in_every_process() -> None:
    """Two processes with different hash seeds import the same bytes."""
    script = (
        "import json, pathlib, sys; from opentokenbudget.importing.litellm_config import *;"
        "raw = pathlib.Path(sys.argv[1]).read_bytes(); bundled = json.loads(pathlib.Path(sys.argv[2]).read_text());"
        f"found = import_litellm_config(raw, file='x', bundled=bundled, at={AT});"
        "print(policy_text(found.policy), prices_text(found.prices), [fate.as_json() for fate in found.fates])"
    )
    command = [sys.executable, "-c", script, str(TESTS / "litellm_configs/every-key.yaml")]
    command.append(str(TESTS / "pricing_vectors/catalog.json"))
    answers = {
        subprocess.run(
            command, env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in ("1", "2")
    }
    assert len(answers) == 1


NAMED_IN_THE_SURVEY = {
    "model_name": "exact", "weight": "exact", "order": "exact", "base_model": "approximated",
    "input_cost_per_token": "exact", "cache_read_input_token_cost": "exact",
    "input_cost_per_token_above_200k_tokens": "exact", "input_cost_per_token_above_272k_tokens": "exact",
    "input_cost_per_token_priority": "exact", "input_cost_per_token_flex": "exact",
    "input_cost_per_token_batches": "exact", "routing_strategy": "approximated", "model_priorities": "exact",
    "retry_policy/TimeoutErrorRetries": "approximated", "allowed_fails_policy/TimeoutErrorAllowedFails": "dropped",
    "cooldown_time": "dropped", "budget_limit": "approximated", "time_period": "approximated",
    "tag_budget_config/paid/max_budget": "approximated", "soft_budget": "exact", "tpm_limit": "approximated",
    "rpm_limit": "approximated", "tpd_limit": "approximated", "max_parallel_requests": "approximated",
    "temp_budget_increase": "exact", "temp_budget_expiry": "exact", "max_budget_per_session": "approximated",
    "max_iterations": "approximated", "budget_fallbacks/big": "exact", "throttle_on_budget_exceeded": "exact",
    "budget_exceeded_throttle_percentage": "exact", "fail_closed_budget_enforcement": "exact",
    "priority_reservation/production": "approximated", "enable_tag_filtering": "approximated",
    "complexity_router_config/tiers/SIMPLE": "exact", "tier_boundaries": "dropped", "keywords": "exact",
    "complexity_router_default_model": "exact", "litellm_routing_preferences/quality_tier": "approximated",
    "litellm_routing_preferences/order": "approximated", "adaptive_router_config/weights": "approximated",
    "optional_pre_call_checks/0": "exact", "optional_pre_call_checks/3": "dropped", "session_affinity": "dropped",
    "cache_aware_routing": "dropped", "auto_router_config": "approximated", "auto_router_default_model": "exact",
}  # fmt: skip


@pytest.mark.parametrize("key", sorted(NAMED_IN_THE_SURVEY))
def test_keys_of_the_survey(key: str) -> None:
    """Every key that the survey of the field names comes over as well as it can."""
    found = of_file("every-key")
    said = {entry.loss.severity for entry in found.fates if entry.loss.path.endswith(f"/{key}")}
    assert NAMED_IN_THE_SURVEY[key] in said


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(CONFIGS)
def test_any_configuration_is_imported_or_refused(config: dict[str, Any]) -> None:
    """Whatever stands where, an import answers sound documents and a complete report, or problems with places."""
    text = yaml.safe_dump(config, allow_unicode=True)
    found = imported_or_refused(text)
    if isinstance(found, ProblemError):
        assert all(problem.place is not None for problem in found.problems)
        return
    check_sound(found)
    check_complete(found, read_ordinary_yaml(text.encode(), file="x.yaml").data)
    assert "CANARY" not in policy_text(found.policy) + json.dumps([entry.as_json() for entry in found.fates])


@pytest.mark.parametrize(
    ("text", "code", "line", "column"),
    [
        ("", "empty-document", 1, 1),
        ("- a\n- b\n", "wrong-type", 1, 1),
        ("router_settings: {}\n", "missing-field", 1, 1),
        ("model_list: {}\n", "wrong-type", 1, 13),
        ("model_list: []\n", "wrong-type", 1, 13),
        ("model_list:\n  - x\n", "wrong-type", 2, 5),
        ("model_list:\n  - model_name: a\n", "missing-field", 2, 5),
        ("model_list:\n  - model_name: a\n    litellm_params: x\n", "wrong-type", 3, 21),
        ("model_list:\n  - model_name: a\n    litellm_params: {model: 7}\n", "wrong-type", 3, 29),
        ("model_list:\n  - {model_name: a, litellm_params: {model: no/price}}\n", "nothing-to-import", 2, 3),
        ("a: [1\nb: 2\n", "syntax-error", 2, 2),
        ("a: 1\n---\nb: 2\n", "several-documents", 2, 1),
        ("a: !!python/object/apply:os.system [x]\n", "tag", 1, 4),
        ("a: !env X\n", "tag", 1, 4),
        ("a: &x\n  b: *x\n", "alias", 1, 4),
        ("a: {<<: 7}\n", "merge-key", 1, 9),
        ("? [a]\n: b\n", "wrong-type", 1, 3),
        ("a: \x07\n", "bad-character", 1, 1),
        (
            "router_settings: 7\nmodel_list: [{model_name: a, litellm_params: {model: m}}]\n",
            "wrong-type",
            1,
            18,
        ),
    ],
)
def test_problems_have_places(text: str, code: str, line: int, column: int) -> None:
    """What cannot be imported is a problem with its place."""
    with pytest.raises(ProblemError) as raised:
        imported(text)
    problem = raised.value.problems[0]
    assert (problem.code, problem.place) == (code, ("config.yaml", line, column))
