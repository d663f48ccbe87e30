"""Import of the whole package genai-prices, with its own prices as the oracle."""

from __future__ import annotations

import warnings
from datetime import datetime
from decimal import Decimal
from random import Random

import pytest

from opentokenbudget.amounts import parse_instant
from opentokenbudget.documents import schema_problems
from opentokenbudget.importing.genai_cards import unit_of
from opentokenbudget.importing.genai_prices import import_genai_prices
from opentokenbudget.pricing import PriceProblem, catalog_problems, compile_catalog

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    pytest.importorskip("genai_prices", reason="the extra `prices` is not installed")
    from genai_prices.data import providers
    from genai_prices.data_units import unit_data
    from genai_prices.types import Usage

TODAY = "2026-11-23"


@pytest.fixture(scope="module")
def whole():
    return import_genai_prices(retrieved=TODAY, keep_quarantined=True)


def test_the_whole_package_becomes_a_sound_catalog(whole):
    """Every model of the package is in the catalog or refused by name, and nothing in the catalog is wrong."""
    assert schema_problems(whole.catalog, "catalog") == ()
    assert catalog_problems(whole.catalog) == ()
    refused = [loss for loss in whole.losses if loss.severity == "refused"]
    assert len(whole.catalog["models"]) + len(refused) == sum(len(p.models) for p in providers)
    assert len(whole.catalog["models"]) > 2000


def test_the_same_package_twice_is_the_same_catalog(whole):
    """An import has no clock and no chance in it."""
    assert import_genai_prices(retrieved=TODAY, keep_quarantined=True) == whole


def test_quarantined_models_are_left_out_by_default(whole):
    """What the lint suspects is not in the catalog unless it is asked for, and the report says why."""
    strict = import_genai_prices(retrieved=TODAY)
    kept = {found["id"] for found in strict.catalog["models"]}
    left_out = {found["id"] for found in whole.catalog["models"]} - kept
    assert "openai/o1-pro" in left_out
    reasons = {loss.path: loss.note for loss in strict.losses if loss.note.startswith("quarantined")}
    assert reasons.keys() == left_out


# The oracle: what genai-prices itself asks, for the same usage at the same instant.
SHARES = {
    "cache_read_tokens": 900,
    "cache_write_tokens": 500,
    "cache_write_1h_tokens": 60,
    "input_audio_tokens": 120,
    "cache_audio_read_tokens": 30,
    "input_image_tokens": 110,
    "cache_image_read_tokens": 20,
    "input_video_tokens": 70,
    "output_tokens": 3100,
    "output_reasoning_tokens": 1300,
    "output_citation_tokens": 250,
    "output_audio_tokens": 410,
    "output_image_tokens": 330,
    "output_video_tokens": 90,
    "web_searches": 3,
    "storage_searches": 2,
    "audio_seconds": 91,
    "input_audio_seconds": 47,
    "input_characters": 1234,
    "input_text_messages": 5,
    "input_document_pages": 9,
    "input_annotated_document_pages": 2,
}
INSTANTS = [
    "2024-10-15T12:00:00Z",
    "2026-07-01T02:30:00Z",
    "2026-10-14T00:00:00Z",
    "2026-11-23T09:59:59Z",
    "2027-01-02T20:00:00Z",
]


def cases():
    """Yield `(provider, model, instant, context)`: every model once, and each of its variants where it is active."""
    random = Random(20261123)
    for found in providers:
        for priced in found.models:
            yield found, priced, random.choice(INSTANTS), {}
            for variant in priced.price_variants or ():
                yield found, priced, "2026-11-23T09:59:59Z", dict(variant.when)


def forgets_the_date(priced, moment):
    """Whether genai-prices would use a time of day though the start date before it has not come (its known fault)."""
    if not isinstance(priced.prices, list):
        return False
    starts = [c.constraint.start_date for c in priced.prices if hasattr(c.constraint, "start_date")]
    times = [c for c in priced.prices if hasattr(c.constraint, "start_time")]
    return bool(times and starts) and moment.date() < max(starts)


def test_prices_are_those_of_genai_prices_itself(whole):
    """For every model and variant our catalog asks what genai-prices asks, but for dates that it forgets."""
    catalog = compile_catalog(whole.catalog)
    keys = {raw["price_key"]: (key, unit_of(raw["dimensions"], raw["per"])) for key, raw in unit_data.items()}
    compared, forgetful = 0, 0
    for number, (found, priced, instant, context) in enumerate(cases()):
        id_ = f"{found.id}/{priced.id}"
        if id_ not in catalog.models:
            continue
        moment = datetime.fromisoformat(instant)
        if forgets_the_date(priced, moment):
            forgetful += 1
            continue
        usage = {"input_tokens": (5000, 199_999, 200_000, 250_000, 300_000)[number % 5]}
        for key in vars(priced.get_prices(moment, context)):
            name, _ = keys[key]
            if name in SHARES:
                usage[name] = SHARES[name]
        if "input_annotated_document_pages" in usage:
            usage["input_document_pages"] = SHARES["input_document_pages"]
        if not any(key.startswith("input_mtok") for key in vars(priced.get_prices(moment, context))):
            del usage["input_tokens"]
        theirs = priced.calc_price(
            Usage(**usage), found, genai_request_timestamp=moment, price_context=context
        )
        ours = catalog.price(
            id_,
            {unit_of(unit_data[k]["dimensions"], unit_data[k]["per"]).meter: v for k, v in usage.items()},
            at=parse_instant(instant),
            context={("service_tier" if k == "processing" else k): v for k, v in context.items()},
        )
        assert abs(ours.total - theirs.total_price) < Decimal("1e-11"), (id_, instant, context, usage)
        compared += 1
    assert compared > 2000
    assert forgetful < 20


def test_the_known_faults_of_genai_prices_are_not_ours(whole):
    """A time of day holds from its start date alone; an unknown context is a problem, not the standard price."""
    catalog = compile_catalog(whole.catalog)
    usage = {"input": 1_000_000, "output": 1_000_000}
    assert catalog.price("deepseek/deepseek-v4-pro", usage, at="2026-07-01T02:00:00Z").total == Decimal(
        "1.305"
    )
    with pytest.raises(PriceProblem) as refused:
        catalog.price(
            "deepseek/deepseek-v4-pro", usage, at="2026-07-01T02:00:00Z", context={"service_tier": "batch"}
        )
    assert refused.value.code == "unknown-context"
