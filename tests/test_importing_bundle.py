"""The bundled catalog: made from its sources, sound, and right about prices that are known."""

from __future__ import annotations

from decimal import Decimal

import pytest

from opentokenbudget.amounts import parse_date, parse_instant
from opentokenbudget.documents import parse_document, read
from opentokenbudget.importing.bundling import CAPABLE, FOLDER, MODELS, bundle_text
from opentokenbudget.importing.disagreement import compare_sources
from opentokenbudget.importing.merging import merged
from opentokenbudget.importing.quarantine import suspicions
from opentokenbudget.pricing import PriceProblem, compile_catalog

SOURCES = FOLDER / "sources"
BUNDLED = (FOLDER / "prices.yaml").read_bytes()
DATA = read(BUNDLED, file="prices.yaml").data
CATALOG = compile_catalog(DATA)
TOKENS = {"input": 100_000, "output": 1_000_000}


def source(name):
    return read((SOURCES / name).read_bytes(), file=name).data


def test_the_bundled_catalog_is_what_its_sources_make():
    """Merging the committed sources gives the committed catalog, byte for byte."""
    assert bundle_text(SOURCES).encode() == BUNDLED


@pytest.mark.parametrize("name", ["genai-prices.yaml", "litellm.yaml", "by-hand.yaml"])
def test_each_source_is_a_catalog_of_its_own(name):
    """Every source passes the schema, so each can be looked at by itself."""
    _, problems = parse_document((SOURCES / name).read_bytes(), file=name)
    assert problems == ()


def test_the_bundled_catalog_is_sound_and_without_suspicion():
    """It passes its schema and its meaning, and the quarantine lint finds nothing odd in it."""
    document, problems = parse_document(BUNDLED, file="prices.yaml")
    assert problems == ()
    assert document.kind == "catalog"
    assert suspicions(DATA) == ()


def test_the_import_lists_name_what_the_sources_hold():
    """Every model that the lists of the import name was found in its source, exactly once."""
    assert [model["id"] for model in source("genai-prices.yaml")["models"]] == sorted(
        MODELS, key=[model["id"] for model in source("genai-prices.yaml")["models"]].index
    )
    assert {model["id"] for model in source("litellm.yaml")["models"]} >= set(CAPABLE)


def test_nothing_has_a_price_before_it_was_released():
    """Every model has a date of release, and no price before it."""
    for model in DATA["models"]:
        released = model["lifecycle"]["released"]
        assert model["prices"], model["id"]
        assert all(period["from"] is not None and period["from"] >= released for period in model["prices"])


def test_every_price_names_where_it_comes_from():
    """Every period names a source with a page or a package, and imported ones name their licence."""
    for model in DATA["models"]:
        for period in model["prices"]:
            found = DATA["sources"][period["source"]]
            assert "url" in found
            assert "note" in found or found["licence"] == "MIT"


def test_every_replacement_is_in_the_catalog_and_lives():
    """A retired model's replacement is a model of the catalog that has not retired on the day of the import."""
    today = parse_date("2026-11-23")
    for model in CATALOG.models.values():
        if model.lifecycle.replacement:
            assert CATALOG.models[model.lifecycle.replacement].lifecycle.status(today) in (
                "active",
                "deprecated",
            )


@pytest.mark.parametrize(
    ("model", "at", "input_price", "output_price"),
    [
        ("gpt-4o", "2024-05-13", "5", "15"),
        ("gpt-4o", "2024-10-01", "5", "15"),
        ("gpt-4o", "2024-10-02", "2.5", "10"),
        ("gpt-4o", "2026-11-23", "2.5", "10"),
        ("gpt-4o-2024-05-13", "2024-12-01", "5", "15"),
        ("gpt-4o-2024-08-06", "2024-08-06", "2.5", "10"),
        ("gpt-4o-mini", "2024-07-18", "0.15", "0.6"),
        ("gpt-4o-mini", "2024-10-15", "0.15", "0.6"),
        ("claude-3-5-sonnet-20240620", "2024-06-20", "3", "15"),
        ("claude-3-haiku-20240307", "2024-10-15", "0.25", "1.25"),
        ("gemini-1.5-pro", "2024-09-30", "3.5", "10.5"),
        ("gemini-1.5-pro", "2024-10-01", "1.25", "5"),
        ("gemini-1.5-flash", "2024-08-11", "0.35", "1.05"),
        ("gemini-1.5-flash", "2024-08-12", "0.075", "0.3"),
        ("groq/llama3-70b-8192", "2024-10-15", "0.59", "0.79"),
        ("groq/llama3-8b-8192", "2024-06-24", "0.05", "0.1"),
        ("groq/llama3-8b-8192", "2024-10-15", "0.05", "0.08"),
        ("gpt-6-astra", "2026-11-23", "10", "50"),
        ("gpt-6-luna", "2026-11-23", "0.1", "0.5"),
        ("claude-opus-5-5", "2026-11-23", "4", "20"),
        ("claude-haiku-5-5", "2026-11-23", "0.1", "0.5"),
        ("gemini-3.8-flash", "2026-12-31", "0.75", "3.75"),
        ("gemini-3.8-flash", "2027-01-01", "1.5", "7.5"),
        # From December the 2.5 models answer as others, and are billed as they.
        ("gemini-2.5-pro", "2026-11-30", "1.25", "10"),
        ("gemini-2.5-pro", "2026-12-01", "0.75", "3.75"),
    ],
)
def test_prices_at_dates(model, at, input_price, output_price):
    """Known prices hold on the day on which they began and until the day before the next."""
    cost = CATALOG.price(model, TOKENS, at=parse_date(at))
    assert cost.total == Decimal(input_price) / 10 + Decimal(output_price)


@pytest.mark.parametrize(
    ("model", "at"), [("gpt-4o", "2024-05-12"), ("gpt-4o-mini", "2024-07-17"), ("gpt-6-astra", "2026-09-02")]
)
def test_there_is_no_price_before_the_release(model, at):
    """A usage before a model existed is a problem, not a price."""
    with pytest.raises(PriceProblem) as refused:
        CATALOG.price(model, TOKENS, at=parse_date(at))
    assert refused.value.code == "no-price-at-time"


@pytest.mark.parametrize("at", ["2024-10-15T12:00:00Z", "2026-11-23T12:00:00Z"])
def test_each_date_has_small_medium_and_large_models(at):
    """At both dates two models or more cost under 1, from 1 to 10, and from 10 on for a million output tokens."""
    instant = parse_instant(at)
    found = {"small": set(), "medium": set(), "large": set()}
    for model in CATALOG.models.values():
        if model.lifecycle.status(instant) == "active" and "text" in (model.capabilities.output or ()):
            price = CATALOG.price(model.id, {"output": 1_000_000}, at=instant).total
            found["small" if price < 1 else "medium" if price < 10 else "large"].add(model.id)
            assert model.capabilities.context_window or model.capabilities.max_input
    assert all(len(models) >= 2 for models in found.values()), found


def test_both_sources_agree_about_input_and_output():
    """For the bundled models genai-prices and litellm say the same of input and output; the exception is known."""
    found = compare_sources(source("genai-prices.yaml"), source("litellm.yaml"), at=parse_date("2026-11-23"))
    apart = {
        item.models[0] for item in found.disagreements if item.meter in ("input", "output") and item.ratio
    }
    # Together lists Qwen3.7 Max at 2.5 and 7.5; litellm has 1.5 and 4.5.
    assert apart <= {"together/Qwen/Qwen3.7-Max"}
    assert found.models >= 40
    assert found.agreeing > 400


def test_merging_prefers_what_was_entered_by_hand():
    """Hand-made periods come first, imported ones where they end; fields by hand win, others fill gaps."""
    imported = {
        "sources": {"i": {"url": "https://i.example"}},
        "models": [
            {
                "id": "openai/m",
                "capabilities": {"context_window": 1000},
                "prices": [
                    {"from": None, "until": "2025-06-01", "source": "i", "rates": {"input": "9"}},
                    {"from": "2025-06-01", "until": "2026-02-01", "source": "i", "rates": {"input": "2"}},
                    {"from": "2026-02-01", "source": "i", "rates": {"input": "3"}},
                ],
            }
        ],
    }
    hand = {
        "sources": {"h": {"url": "https://h.example"}, "unused": {"url": "https://u.example"}},
        "models": [
            {
                "id": "openai/m",
                "lifecycle": {"released": "2025-01-01"},
                "prices": [
                    {"from": "2025-01-01", "until": "2026-01-01", "source": "h", "rates": {"input": "1"}}
                ],
            },
            {"id": "openai/late", "lifecycle": {"released": "2026-01-01"}, "prices": []},
        ],
    }
    capable = {
        "models": [
            {
                "id": "openai/m",
                "lifecycle": {"retires": "2027-01-01"},
                "capabilities": {"max_input": 2000, "max_output": 10, "context_window": 5},
                "prices": [],
            }
        ]
    }
    found = merged(imported, by_hand=hand, capable=capable, name="n", description="d")
    late, model = found["models"]
    assert late == {"id": "openai/late", "lifecycle": {"released": "2026-01-01"}, "prices": []}
    assert [(p["from"], p.get("until"), p["rates"]["input"]) for p in model["prices"]] == [
        ("2025-01-01", "2026-01-01", "1"),
        ("2026-01-01", "2026-02-01", "2"),
        ("2026-02-01", None, "3"),
    ]
    assert model["lifecycle"] == {"released": "2025-01-01", "retires": "2027-01-01"}
    assert model["capabilities"] == {"context_window": 1000, "max_output": 10}
    assert set(found["sources"]) == {"i", "h"}
