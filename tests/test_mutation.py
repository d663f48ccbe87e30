"""Mutants of pricing, conditions and decisions: nearly all are noticed, and who lives is explained."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import pytest
import yaml

from mutmut_rounds import ROOT, prepare, try_some

EVIDENCE = ROOT / "docs" / "evidence" / "mutation.json"
EXPLAINED = Path(__file__).parent / "mutation-survivors.yaml"
LEAST = 0.95
TRIED = 1500


@pytest.mark.evidence("mutation")
def test_mutants_are_noticed(tmp_path: Path) -> None:
    """At least 95 % of the mutants that are drawn are noticed by their rooms' tests; the others change nothing."""
    if importlib.util.find_spec("mutmut") is None:
        pytest.skip("mutmut is not installed: pip install -e '.[dev,evidence]'")
    prepare(tmp_path)
    found = try_some(tmp_path, TRIED, children=2)
    EVIDENCE.write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    explained = yaml.safe_load(EXPLAINED.read_text(encoding="utf-8")) or {}
    assert found["noticed"] + found["timed_out"] >= LEAST * found["tried"]
    assert sorted(set(found["lived"].values()) - explained.keys()) == []
