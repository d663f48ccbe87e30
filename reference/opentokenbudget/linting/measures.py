"""Lints of what pools count: measures that nothing has a rate for, buckets that never refill."""

from __future__ import annotations

from collections.abc import Iterator

from ..amounts import parse_decimal
from ..pricing import meter_named
from ..problems import Problem, did_you_mean
from .pools import amounts_of
from .survey import Survey, warning

# What a request is by itself; every other measure is a meter.
_OF_REQUESTS = ("cost", "tokens", "value_tokens", "requests", "concurrent")


def measures_without_rates(surveyed: Survey) -> Iterator[Problem]:
    """Yield `unpriced-measure` for each pool whose meter no model of the catalog has a rate for.

    A rate of a part, or of what the meter is a part of, will do; requests are counted without one.
    """
    rated = surveyed.catalog.rated_meters
    for number, pool in enumerate(surveyed.pools):
        measure, _, pointer = next(amounts_of(pool, f"/pools/{number}"))
        if measure in _OF_REQUESTS:
            continue
        meter = meter_named(measure)
        if "request" in meter.tags or any(
            each.tags <= meter.tags or meter.tags <= each.tags for each in rated
        ):
            continue
        near = did_you_mean(measure, (*_OF_REQUESTS, *sorted(each.name for each in rated)))
        message = f"no model of the catalog has a rate for `{measure}`, so nobody may ever report it{near}"
        yield warning("unpriced-measure", pointer, message)


def buckets_that_never_refill(surveyed: Survey) -> Iterator[Problem]:
    """Yield `bucket-never-refills` for each bucket into which nothing flows."""
    for number, pool in enumerate(surveyed.pools):
        bucket = pool["window"].get("bucket")
        if bucket is not None and parse_decimal(bucket["refill"]) == 0:
            message = f"nothing flows into `{pool['id']}`: what was taken from it never comes back"
            yield warning("bucket-never-refills", f"/pools/{number}/window/bucket/refill", message)
