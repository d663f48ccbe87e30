"""One catalog out of three: imported prices, capabilities of another source, and what was entered by hand.

What was entered by hand wins. Its periods stand first and imported ones begin where the last of them ends;
a period since ever begins with the release of the model where that is known, so that nothing has a price before
it existed. Capabilities and dates of retirement that neither says come from the other source.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .disagreement import matched
from .drafts import Plain, with_models

_ORDER = ("id", "aliases", "description", "lifecycle", "capabilities", "prices")


def merged(
    imported: Mapping[str, Any],
    *,
    by_hand: Mapping[str, Any],
    capable: Mapping[str, Any],
    name: str,
    description: str,
) -> Plain:
    """Return the catalog `name` of all models of `imported` and `by_hand`.

    Args:
        imported: prices, as dated as they come.
        by_hand: models whose prices, lifecycle and capabilities win, field by field; `prices: []` adds none.
        capable: a catalog whose capabilities and retirements fill gaps; its prices are not used.
    """
    hand = {model["id"]: model for model in by_hand["models"]}
    other = {one["id"]: two for one, two in matched(imported, capable)}
    models = [
        _one(model, hand.get(model["id"], {}), other.get(model["id"], {})) for model in imported["models"]
    ]
    known = {model["id"] for model in models}
    models += [_one({"id": id_, "prices": []}, model, {}) for id_, model in hand.items() if id_ not in known]
    catalog = {
        **imported,
        "id": name,
        "description": description,
        "sources": {**by_hand["sources"], **imported["sources"]},
    }
    return with_models(catalog, sorted(models, key=lambda model: model["id"].lower()))


def _one(imported: Mapping[str, Any], hand: Mapping[str, Any], other: Mapping[str, Any]) -> Plain:
    lifecycle = {
        **_known(other.get("lifecycle", {})),
        **imported.get("lifecycle", {}),
        **hand.get("lifecycle", {}),
    }
    capabilities = {
        **other.get("capabilities", {}),
        **imported.get("capabilities", {}),
        **hand.get("capabilities", {}),
    }
    draft = {**imported, **{key: hand[key] for key in ("aliases", "description") if key in hand}}
    if lifecycle:
        draft["lifecycle"] = _ordered(lifecycle)
    if capabilities:
        draft["capabilities"] = _within(capabilities)
    draft["prices"] = _joined(hand.get("prices", []), imported["prices"], lifecycle.get("released"))
    return {key: draft[key] for key in _ORDER if key in draft}


def _known(lifecycle: Mapping[str, Any]) -> Plain:
    return {key: value for key, value in lifecycle.items() if key == "retires"}


def _ordered(lifecycle: Mapping[str, Any]) -> Plain:
    fields = ("released", "deprecated", "retires", "replacement", "billed_as")
    return {key: lifecycle[key] for key in fields if key in lifecycle}


def _within(capabilities: Mapping[str, Any]) -> Plain:
    """Return capabilities in the order of the schema; what goes in cannot be more than the window."""
    fields = ("context_window", "max_input", "max_output", "input", "output", "features")
    found = {key: capabilities[key] for key in fields if key in capabilities}
    if found.get("max_input", 0) > found.get("context_window", float("inf")):
        # Sources round a window differently: 1,000,000 and 1,048,576. The smaller one is safe.
        del found["max_input"]
    return found


def _joined(
    hand: Iterable[Mapping[str, Any]], imported: Iterable[Mapping[str, Any]], released: str | None
) -> list[Plain]:
    periods = [dict(period) for period in hand]
    ends = periods[-1].get("until") if periods else released
    if periods and ends is None:
        return periods
    for period in imported:
        if ends is not None and period.get("until") is not None and period["until"] <= ends:
            continue
        since = period["from"]
        if ends is not None and (since is None or since < ends):
            period = {**period, "from": ends}
        periods.append(dict(period))
    return periods
