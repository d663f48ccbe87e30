"""A report as a badge, in the form of shields.io endpoints."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def as_badge(report: Mapping[str, Any]) -> dict[str, Any]:
    """Return label, message and colour: the profiles that are met, or how many of those claimed are."""
    claimed = [profile for profile in report["profiles"] if profile["claimed"]]
    met = [profile["id"] for profile in claimed if profile["met"]]
    if not claimed:
        message, color = "nothing claimed", "lightgrey"
    elif len(met) == len(claimed):
        message, color = " · ".join(met) if len(met) <= 3 else f"{len(met)} profiles met", "brightgreen"
    else:
        message, color = f"{len(met)} of {len(claimed)} profiles met", "orange" if met else "red"
    return {"schemaVersion": 1, "label": "open token budget", "message": message, "color": color}
