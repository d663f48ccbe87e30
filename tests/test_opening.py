"""Opening a policy: everything that is wrong is told before anything runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import desk
from opentokenbudget.opening import load_policy, meaning_problems, open_document, open_engine
from opentokenbudget.problems import ProblemError


def refused(path: Path, **changes: Any) -> list[tuple[str, str]]:
    """Return codes and pointers of the problems that opening the changed policy finds."""
    policy = desk.written(path, **changes)
    with pytest.raises(ProblemError) as wrong:
        load_policy(policy)
    assert all(problem.place is not None for problem in wrong.value.problems)
    return [(problem.code, problem.pointer) for problem in wrong.value.problems]


def test_an_engine_opens_and_decides(tmp_path: Path) -> None:
    """A policy file with its catalog beside it is all that an engine needs."""
    engine = open_engine(desk.written(tmp_path), seed="s", clock=lambda: desk.AT)
    assert engine.decide({"id": "r1", "input_tokens": 10}).model == desk.MEDIUM


def test_a_catalog_by_digest_alone_is_no_catalog_to_run_on(tmp_path: Path) -> None:
    """Such a policy can be checked, and is refused where it must run."""
    digest = "sha256:" + "0" * 64
    path = desk.written(tmp_path, catalog={"digest": digest})
    assert not meaning_problems(open_document(path, kind="policy"))
    assert refused(tmp_path, catalog={"digest": digest}) == [("unresolved-reference", "/catalog")]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"default": {"tier": "smal"}}, ("unknown-tier", "/default/tier")),
        (
            {"tiers": [{"id": "medium", "models": ["acme/tiny"]}], "rules": []},
            ("unknown-model", "/tiers/0/models/0"),
        ),
        ({"subject": "plan"}, ("subject-not-verified", "/subject")),
        ({"attributes": {"value": {"type": "string"}}}, ("reserved-name", "/attributes/value")),
        ({"timezone": "Mars/Olympus"}, ("unknown-zone", "/timezone")),
        ({"explore": {"rate": "0.1", "when": {"tsak": "x"}}}, ("unknown-attribute", "/explore/when/tsak")),
        (
            {"fallback": {"after": ["timeout"], "to": {"small": "large", "large": "small"}}},
            ("fallback-loop", "/fallback/to/small"),
        ),
        (
            {"rules": [{"id": "a", "tier": "small"}, {"id": "a", "tier": "small"}]},
            ("duplicate-id", "/rules/1/id"),
        ),
        (
            {"deployments": [{"id": "d", "model": desk.SMALL, "context": {"region": "eu"}}]},
            ("unknown-context", "/deployments/0/context/region"),
        ),
    ],
)
def test_a_name_that_leads_nowhere_is_told_at_its_place(
    changes: dict[str, Any], expected: tuple[str, str], tmp_path: Path
) -> None:
    """Each broken reference is a problem with its pointer and its line."""
    assert expected in refused(tmp_path, **changes)


def test_a_store_that_nobody_knows_is_refused(tmp_path: Path) -> None:
    """The message names the stores that there are."""
    with pytest.raises(ValueError, match="sqlite:///FILE"):
        open_engine(desk.written(tmp_path), store="mysql://localhost/otb")


def test_problems_of_value_rules_stand_in_their_own_file(tmp_path: Path) -> None:
    """A condition over an unknown attribute in the value rules is placed in the value rules."""
    rules = {"otb": "1.0", "kind": "value-rules", "id": "v", "version": "1.0.0"}
    rules |= {"rules": [{"id": "x", "when": {"plna": "pro"}, "weight": "2"}]}
    (tmp_path / "value.json").write_text(json.dumps(rules))
    policy = desk.written(tmp_path, value_rules={"path": "value.json"})
    with pytest.raises(ProblemError) as wrong:
        load_policy(policy)
    (problem,) = wrong.value.problems
    assert problem.code == "unknown-attribute"
    assert problem.place is not None
    assert problem.place.file.endswith("value.json")
