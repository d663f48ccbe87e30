"""Import of genai-prices: each rule of the mapping on small inputs."""

from __future__ import annotations

import warnings
from datetime import UTC, date, time, timedelta, timezone
from decimal import Decimal
from types import SimpleNamespace

import pytest

from opentokenbudget.importing.genai_cards import unit_of
from opentokenbudget.importing.genai_prices import read_providers

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    genai = pytest.importorskip("genai_prices", reason="the extra `prices` is not installed")
    from genai_prices.data_units import unit_data
    from genai_prices.types import (
        ClauseContains,
        ClauseEquals,
        ClauseOr,
        ConditionalPrice,
        ModelInfo,
        ModelPrice,
        PriceVariant,
        Provider,
        StartDateConstraint,
        Tier,
        TieredPrices,
        TimeOfDateConstraint,
    )

TODAY = "2026-11-23"
D = Decimal


def provider(*models, named="acme", **more):
    return Provider(id=named, name=named, api_pattern=f"https://{named}", models=list(models), **more)


def model(name="m", prices=None, match=None, **more):
    prices = ModelPrice(input_mtok=D(1), output_mtok=D(2)) if prices is None else prices
    return ModelInfo(id=name, match=match or ClauseEquals(equals=name), prices=prices, **more)


def dated(day, **prices):
    return ConditionalPrice(
        day and StartDateConstraint(start_date=date.fromisoformat(day)), prices=ModelPrice(**prices)
    )


def timed(start, end, **prices):
    return ConditionalPrice(
        TimeOfDateConstraint(start_time=time(start, tzinfo=UTC), end_time=time(end, tzinfo=UTC)),
        prices=ModelPrice(**prices),
    )


def read(*found, keep=True, **more):
    return read_providers(found, unit_data, version="9.9.9", retrieved=TODAY, keep_quarantined=keep, **more)


def only(imported):
    (found,) = imported.catalog["models"]
    return found


def losses(imported, severity):
    return [(loss.construct, loss.path) for loss in imported.losses if loss.severity == severity]


@pytest.mark.parametrize(
    ("key", "meter", "per"),
    [
        ("input_tokens", "input", 1_000_000),
        ("cache_read_tokens", "input.cache_read", 1_000_000),
        ("cache_write_1h_tokens", "input.cache_write.1h", 1_000_000),
        ("cache_audio_read_tokens", "input.audio.cache_read", 1_000_000),
        ("output_reasoning_tokens", "output.reasoning", 1_000_000),
        ("output_citation_tokens", "output.citation", 1_000_000),
        ("web_searches", "web_search", 1000),
        ("storage_searches", "storage_search", 1000),
        ("audio_seconds", "audio_second", 3600),
        ("input_audio_seconds", "audio_second.in", 3600),
        ("input_characters", "character", 1_000_000),
        ("input_text_messages", "text_message", 1000),
        ("input_document_pages", "page", 1000),
        ("input_annotated_document_pages", "page.annotated", 1000),
        ("requests", "request", 1000),
        ("rerank_searches", "search", 1000),
        ("input_pixels", "pixel", 1_000_000_000),
    ],
)
def test_a_unit_becomes_the_meter_of_its_dimensions(key, meter, per):
    """The dimensions of a unit are the tags of its meter; only tokens have the tags `input` and `output`."""
    assert unit_of(unit_data[key]["dimensions"], unit_data[key]["per"]) == (meter, per)


def test_every_unit_of_the_package_has_a_meter_of_its_own():
    """No two units of genai-prices become one meter, and none is unknown."""
    units = [unit_of(raw["dimensions"], raw["per"]) for raw in unit_data.values()]
    assert None not in units
    assert len({unit.meter for unit in units}) == len(units)


def test_amounts_are_per_million_tokens_or_per_unit_or_as_the_source_says():
    """Tokens are for 1,000,000, others for one, and what has no end for one stays for as many as the source says."""
    prices = ModelPrice(input_mtok=D("2.50"), web_searches_kcount=D(10), audio_hours=D("0.111"))
    (period,) = only(read(provider(model(prices=prices))))["prices"]
    assert period["rates"] == {
        "input": "2.5",
        "web_search": "0.01",
        "audio_second": {"amount": "0.111", "per": 3600},
    }


def test_dates_become_half_open_periods():
    """A start date begins a period and ends the one before; the first price holds since ever."""
    entries = [
        dated(None, input_mtok=D(5)),
        dated("2025-06-10", input_mtok=D(3)),
        dated("2026-01-01", input_mtok=D(2)),
    ]
    prices = only(read(provider(model(prices=entries))))["prices"]
    assert [(p["from"], p.get("until"), p["rates"]["input"]) for p in prices] == [
        (None, "2025-06-10", "5"),
        ("2025-06-10", "2026-01-01", "3"),
        ("2026-01-01", None, "2"),
    ]


def test_the_last_active_price_wins_whatever_the_order_of_dates():
    """Of two active prices the later in the list holds, even with an earlier date, and equal neighbours are one."""
    entries = [
        dated(None, input_mtok=D(5)),
        dated("2026-01-01", input_mtok=D(3)),
        dated("2025-01-01", input_mtok=D(2)),
    ]
    prices = only(read(provider(model(prices=entries))))["prices"]
    assert [(p["from"], p["rates"]["input"]) for p in prices] == [(None, "5"), ("2025-01-01", "2")]


def test_a_time_of_day_holds_only_with_the_start_date_before_it():
    """A time of day becomes an override in the period of the last start date before it, and in no other."""
    entries = [
        dated(None, input_mtok=D(1)),
        dated("2026-08-17", input_mtok=D(2)),
        timed(1, 4, input_mtok=D(4)),
        timed(6, 10, input_mtok=D(4)),
    ]
    before, after = only(read(provider(model(prices=entries))))["prices"]
    assert "overrides" not in before
    assert after["overrides"] == [
        {
            "when": {"time": [{"start": "01:00", "end": "04:00"}, {"start": "06:00", "end": "10:00"}]},
            "rates": {"input": "4"},
        }
    ]


def test_times_of_other_zones_are_moved_to_utc_and_midnight_ends_the_day():
    """A time with an offset is written in UTC, an end at midnight as 24:00, and what ends when it begins is dropped."""
    berlin = timezone(timedelta(hours=1))
    window = TimeOfDateConstraint(start_time=time(23, 30, tzinfo=berlin), end_time=time(1, tzinfo=berlin))
    never = TimeOfDateConstraint(start_time=time(5), end_time=time(5))
    entries = [
        dated(None, input_mtok=D(1)),
        ConditionalPrice(window, prices=ModelPrice(input_mtok=D(2))),
        ConditionalPrice(never, prices=ModelPrice(input_mtok=D(3))),
    ]
    imported = read(provider(model(prices=entries)))
    (period,) = only(imported)["prices"]
    assert period["overrides"] == [
        {"when": {"time": [{"start": "22:30", "end": "24:00"}]}, "rates": {"input": "2"}}
    ]
    assert ("time", "acme/m/prices/2") in losses(imported, "dropped")


def test_a_time_of_day_that_lacks_a_price_is_reported():
    """What the price of a time of day does not name keeps the price outside of it, and the report says so."""
    entries = [dated(None, input_mtok=D(1), output_mtok=D(2)), timed(1, 4, input_mtok=D(4))]
    assert ("time", "acme/m/prices/1/keys") in losses(read(provider(model(prices=entries))), "approximated")


def test_tiers_are_overrides_above_a_threshold_for_the_whole_request():
    """A tier above 200000 is `gt: 200000`; one that starts at 199999 is `gte: 200000`, as its vendor says."""
    tiers = TieredPrices(base=D(1), tiers=[Tier(start=256_000, price=D(3)), Tier(start=32_000, price=D(2))])
    xai = TieredPrices(base=D(1), tiers=[Tier(start=199_999, price=D(2))])
    imported = read(
        provider(model("a", ModelPrice(input_mtok=tiers)), model("b", ModelPrice(input_mtok=xai)))
    )
    first, second = (found["prices"][0]["overrides"] for found in imported.catalog["models"])
    assert first == [
        {"when": {"input": {"gt": 32_000}}, "rates": {"input": "2"}},
        {"when": {"input": {"gt": 256_000}}, "rates": {"input": "3"}},
    ]
    assert second == [{"when": {"input": {"gte": 200_000}}, "rates": {"input": "2"}}]


def test_variants_are_overrides_under_a_context_the_first_one_last():
    """Of two variants that match, the first wins per price, so it stands last; `processing` is the service tier."""
    variants = [
        PriceVariant({"processing": "batch"}, ModelPrice(input_mtok=D("0.5"))),
        PriceVariant({"processing": "batch"}, ModelPrice(input_mtok=D(9), output_mtok=D(1))),
        PriceVariant({"speed": "fast"}, ModelPrice(output_mtok=D(4))),
    ]
    (period,) = only(read(provider(model(price_variants=variants))))["prices"]
    assert period["context"] == {"speed": ["standard", "fast"], "service_tier": ["default", "batch"]}
    assert period["overrides"] == [
        {"when": {"speed": "fast"}, "rates": {"output": "4"}},
        {"when": {"service_tier": "batch"}, "rates": {"input": "9", "output": "1"}},
        {"when": {"service_tier": "batch"}, "rates": {"input": "0.5"}},
    ]


def test_a_variant_that_begins_later_begins_a_period():
    """Before its start date a variant is no context of the price, so that nobody is charged the standard price."""
    late = StartDateConstraint(start_date=date(2026, 10, 14))
    variant = PriceVariant({"processing": "batch"}, ModelPrice(input_mtok=D("0.5")), late)
    before, after = only(read(provider(model(price_variants=[variant]))))["prices"]
    assert (before["until"], "context" in before) == ("2026-10-14", False)
    assert (after["from"], after["context"]) == ("2026-10-14", {"service_tier": ["default", "batch"]})


def test_variants_without_prices_only_name_a_value():
    """A variant that changes nothing declares its value, or nothing where the value is the default."""
    variants = [
        PriceVariant({"service_tier": "default"}, ModelPrice()),
        PriceVariant({"search_type": "web"}, ModelPrice()),
    ]
    (period,) = only(read(provider(model(price_variants=variants))))["prices"]
    assert period["context"] == {"search_type": ["default", "web"]}
    assert "overrides" not in period


def test_long_figures_are_rounded_and_kept():
    """More than 12 significant digits are rounded half to even, and the source's figure stands beside it."""
    imported = read(provider(model(prices=ModelPrice(input_mtok=D("0.30001999999999996")))))
    (period,) = only(imported)["prices"]
    assert period["rates"] == {"input": "0.30002"}
    assert period["normalized_from"] == {"input": "0.30001999999999996 per 1000000"}
    assert losses(imported, "approximated")[0] == ("price", "acme/m/prices/input_mtok")


def test_only_names_said_outright_become_aliases():
    """An `equals` clause gives aliases, with and without the provider; patterns are hints in the report."""
    match = ClauseOr(
        or_=[ClauseEquals(equals="m"), ClauseEquals(equals="m-1"), ClauseContains(contains="mm")]
    )
    imported = read(provider(model(match=match)))
    assert only(imported)["aliases"] == ["m", "acme/m-1", "m-1"]
    assert ("match", "acme/m/match") in losses(imported, "dropped")


def test_a_bare_name_goes_to_the_provider_that_genai_prices_would_take():
    """A name that two providers give is that of the one whose own pattern claims it, else of neither."""
    host = provider(model("m-1"), model("x"), named="aaa")
    maker = provider(model("m-1"), named="maker", model_match=ClauseContains(contains="m-"))
    other = provider(model("x"), named="other")
    imported = read(host, maker, other)
    aliases = {found["id"]: found.get("aliases", []) for found in imported.catalog["models"]}
    assert aliases == {"aaa/m-1": [], "aaa/x": [], "maker/m-1": ["m-1"], "other/x": []}
    assert ("alias", "aaa/x/match/x") in losses(imported, "dropped")


def test_a_name_that_a_pattern_takes_first_is_no_alias():
    """A model does not get a name that a pattern of an earlier model of its provider takes."""
    imported = read(provider(model("first", match=ClauseContains(contains="m")), model("my")))
    aliases = {found["id"]: found.get("aliases", []) for found in imported.catalog["models"]}
    assert aliases["acme/my"] == []
    assert ("alias", "acme/my/match/my") in losses(imported, "dropped")


def test_lifecycle_and_capabilities_carry_over():
    """A flag of deprecation is dated by the import, and said to be; the context window is exact."""
    imported = read(provider(model(deprecated=True, context_window=128_000)))
    found = only(imported)
    assert found["lifecycle"] == {"deprecated": TODAY}
    assert found["capabilities"] == {"context_window": 128_000}
    assert ("deprecated", "acme/m/deprecated") in losses(imported, "approximated")


def test_prices_name_their_source():
    """Every period names the package, its version, the provider's page, the day and the licence."""
    imported = read(provider(model(), pricing_urls=["https://acme.example/prices"]))
    source = only(imported)["prices"][0]["source"]
    assert imported.catalog["sources"][source] == {
        "package": "genai-prices 9.9.9",
        "url": "https://acme.example/prices",
        "retrieved": TODAY,
        "licence": "MIT",
    }


def test_what_cannot_be_said_is_refused_and_reported():
    """A model without prices, with a name that no id can have, or met twice, is left out and named."""
    imported = read(
        provider(model("free", ModelPrice()), model("~latest"), model("m"), model("m")),
    )
    assert [found["id"] for found in imported.catalog["models"]] == ["acme/m"]
    assert losses(imported, "refused") == [
        ("model", "acme/free"),
        ("model", "acme/~latest"),
        ("model", "acme/m"),
    ]


def test_prices_that_are_none_are_dropped():
    """A negative price and a key without a meter are left out, and the rest of the model stays."""
    prices = ModelPrice(input_mtok=D(1), output_mtok=D(-1))
    prices.__dict__["wishes_kcount"] = D(3)
    imported = read(provider(model(prices=prices)))
    assert only(imported)["prices"][0]["rates"] == {"input": "1"}
    assert len(losses(imported, "dropped")) == 2


def test_objects_that_only_look_like_the_packages_will_do():
    """The importer asks providers for their fields alone, so data of another version of the package can be read."""
    like = SimpleNamespace(
        id="acme",
        pricing_urls=None,
        price_comments="by hand",
        fallback_model_providers=["openai"],
        model_match=None,
        models=[model()],
    )
    assert only(read(like))["id"] == "acme/m"
