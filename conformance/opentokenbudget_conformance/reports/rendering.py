"""The forms of a report, by name."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from .badge import as_badge
from .html import as_html
from .junit import as_junit
from .text import as_text

FORMS: Mapping[str, str] = {
    "json": "report.json",
    "html": "report.html",
    "junit": "junit.xml",
    "badge": "badge.json",
}
"""Each form that is kept, with the name of its file."""


def rendered(report: Mapping[str, Any], form: str) -> str:
    """Return `report` as `text`, or in one of `FORMS`; all end in a line feed."""
    return _RENDER[form](report).rstrip("\n") + "\n"


def _as_json(report: Mapping[str, Any]) -> str:
    return json.dumps(report, indent=2)


def _as_badge(report: Mapping[str, Any]) -> str:
    return json.dumps(as_badge(report), indent=2)


_RENDER: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "text": as_text,
    "json": _as_json,
    "html": as_html,
    "junit": as_junit,
    "badge": _as_badge,
}
