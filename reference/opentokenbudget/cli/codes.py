"""The closed lists that come with the package: problem codes, reason codes, requirements."""

from __future__ import annotations

import json
from typing import Any

from .._bundled import requirements_file, schemas_folder


def problem_codes() -> dict[str, dict[str, str]]:
    """Return by code its severity, summary, example and remedy."""
    return _codes("problem-codes.json")


def reason_codes() -> dict[str, dict[str, str]]:
    """Return by code what a decision or its trace means by it."""
    return _codes("reason-codes.json")


def requirements() -> dict[str, dict[str, Any]]:
    """Return by id the requirements of the specification."""
    listed = json.loads(requirements_file().read_bytes())["requirements"]
    return {requirement["id"]: requirement for requirement in listed}


def _codes(name: str) -> dict[str, dict[str, str]]:
    codes: dict[str, dict[str, str]] = json.loads((schemas_folder() / "v1" / name).read_bytes())["codes"]
    return codes
