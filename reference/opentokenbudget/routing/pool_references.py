"""What a pool says of itself, beyond its shape, that no other part of the policy can make right or wrong."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..amounts import PICO, format_decimal, parse_decimal, parse_duration
from ..pricing import BadMeter, meter_named
from ..pricing.lifecycle import moment
from ..problems import Problem

_LONGEST = 36_525 * 86_400
_MOST_GRAINS = 120


def own_problems(pool: Mapping[str, Any], pointer: str) -> Iterator[Problem]:
    """Yield what is wrong with a pool by itself, whose shape is right."""
    yield from _measures(pool["limit"], f"{pointer}/limit")
    yield from _at_limit(pool, pointer)
    yield from _handed_on(pool, pointer)
    yield from _lengths(pool, pointer)
    yield from _shares(pool.get("guarantees", ()), f"{pointer}/guarantees")
    yield from _adjustments(pool, f"{pointer}/adjustments")


def actions_of(pool: Mapping[str, Any], pointer: str) -> Iterator[tuple[Any, str]]:
    """Yield each action of a pool and its pointer."""
    for entry, threshold in enumerate(pool.get("thresholds", ())):
        yield threshold["do"], f"{pointer}/thresholds/{entry}/do"
    if "at_limit" in pool:
        yield pool["at_limit"], f"{pointer}/at_limit"


def measure_of(limit: Mapping[str, Any]) -> str:
    """Return what a limit counts, a meter in its canonical writing: of one by an attribute what `otherwise` names."""
    (name,) = limit["otherwise"] if "by" in limit else limit
    try:
        return meter_named(name).name
    except BadMeter:
        return name


def _measures(limit: Mapping[str, Any], pointer: str) -> Iterator[Problem]:
    """Yield each measure of a limit that is no meter, or another than that of `otherwise`."""
    entries = [(limit, pointer)]
    if "by" in limit:
        entries = [(entry, f"{pointer}/of/{_escaped(value)}") for value, entry in limit["of"].items()]
        entries.append((limit["otherwise"], f"{pointer}/otherwise"))
    counted = measure_of(limit)
    for entry, place in entries:
        for name in entry:
            try:
                named = meter_named(name).name
            except BadMeter as wrong:
                yield Problem("bad-meter", f"{place}/{name}", str(wrong), "OTB-PRICE-001")
                continue
            if named != counted:
                message = (
                    f"`{name}` is counted here, and `{counted}` under `otherwise`: a pool counts one measure"
                )
                yield Problem("limit-measure", f"{place}/{name}", message, "OTB-POOL-016")


def _at_limit(pool: Mapping[str, Any], pointer: str) -> Iterator[Problem]:
    if pool["enforcement"] == "soft" and pool.get("at_limit", "allow") != "allow":
        message = "a soft pool admits whatever comes: it has nothing but `allow` to do at its limit"
        yield Problem("soft-never-refuses", f"{pointer}/at_limit", message, "OTB-POOL-012")
    if pool["enforcement"] in ("reserve", "check"):
        for action, place in actions_of(pool, pointer):
            if action == "allow":
                message = f"a pool with enforcement `{pool['enforcement']}` cannot allow at its limit"
                yield Problem("allow-needs-soft", place, message, "OTB-POOL-007")


def _handed_on(pool: Mapping[str, Any], pointer: str) -> Iterator[Problem]:
    if pool["window"].keys().isdisjoint(("calendar", "fixed")):
        for field in ("rollover", "carry_overrun"):
            if pool.get(field):
                message = "only calendar and fixed windows have one after them"
                yield Problem("no-next-window", f"{pointer}/{field}", message, "OTB-POOL-013")


def _lengths(pool: Mapping[str, Any], pointer: str) -> Iterator[Problem]:
    """Yield what is wrong with the durations of a pool."""
    named = {}
    for field, value in pool["window"].items():
        if field in ("fixed", "grain", "idle"):
            named[f"{pointer}/window/{field}"] = value
        elif field == "bucket":
            named[f"{pointer}/window/bucket/per"] = value["per"]
    for action, place in actions_of(pool, pointer):
        if isinstance(action, dict) and "throttle" in action:
            named[f"{place}/throttle/per"] = action["throttle"]["per"]
    if "expires_after" in pool:
        named[f"{pointer}/expires_after"] = pool["expires_after"]
    for place, text in named.items():
        if not 0 < parse_duration(text) <= _LONGEST:
            message = f"`{text}` is not above 0 and at most 36,525 days"
            yield Problem("bad-window", place, message, "OTB-POOL-014")
    if "rolling" in pool["window"] and (grain := parse_duration(pool["window"]["grain"])):
        grains, rest = divmod(parse_duration(pool["window"]["rolling"]), grain)
        if rest or not 1 <= grains <= _MOST_GRAINS:
            message = f"`{pool['window']['rolling']}` is not 1 to {_MOST_GRAINS} whole grains"
            yield Problem("bad-window", f"{pointer}/window/rolling", message, "OTB-POOL-014")


def _shares(guarantees: Any, pointer: str) -> Iterator[Problem]:
    """Yield the first guarantee with which more than all of the limit is promised."""
    promised = 0
    for entry, guarantee in enumerate(guarantees):
        promised += parse_decimal(guarantee["share"])
        if promised > PICO:
            message = f"the shares sum to `{format_decimal(promised)}` with this one, above the most `1`"
            yield Problem("out-of-range", f"{pointer}/{entry}/share", message, "OTB-POOL-019")
            return


def _adjustments(pool: Mapping[str, Any], pointer: str) -> Iterator[Problem]:
    seen: set[str] = set()
    key = pool.get("partition_by", ())
    for entry, adjustment in enumerate(pool.get("adjustments", ())):
        place = f"{pointer}/{entry}"
        if adjustment["id"] in seen:
            message = f"a second adjustment of `{pool['id']}` is called `{adjustment['id']}`"
            yield Problem("duplicate-id", f"{place}/id", message, "OTB-POOL-018")
        seen.add(adjustment["id"])
        if "until" in adjustment and moment(adjustment["until"]) <= moment(adjustment["from"]):
            message = f"`{adjustment['until']}` is not after `from`, so nothing lies between"
            yield Problem("empty-period", f"{place}/until", message, "OTB-POOL-017")
        if "partition" in adjustment and len(adjustment["partition"]) != len(key):
            attributes = f"`partition_by` has {len(key)}" if key else "there is no `partition_by`"
            message = f"`{','.join(adjustment['partition'])[:64]}` is not one value for each attribute: {attributes}"
            yield Problem("out-of-range", f"{place}/partition", message, "OTB-POOL-018")


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")
