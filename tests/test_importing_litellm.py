"""Import of litellm's price file: its key names and each structured field."""

from __future__ import annotations

from decimal import Decimal

import pytest

from litellm_entries import AT, CHAT, imported, losses, period, rates
from opentokenbudget.importing.litellm_keys import THINGS, TIERS, PriceKey, is_price_key, parse_key
from opentokenbudget.pricing import compile_catalog


def test_numbers_are_read_as_decimals_and_written_per_million_tokens():
    """`1.5e-07` per token is 0.15 per 1,000,000, exactly, with no float in between."""
    entry = {**CHAT, "input_cost_per_token": "@1.5e-07", "output_cost_per_token": "@6.0000001e-07"}
    assert period(entry)["rates"] == {"input": "0.15", "output": "0.60000001"}


def test_figures_of_more_than_12_digits_are_rounded_and_kept():
    """What float arithmetic left behind is rounded to 12 significant digits, the source's figure beside it."""
    entry = {**CHAT, "input_cost_per_token": "@3.0001999999999996e-07"}
    found = period(entry)
    assert found["rates"]["input"] == "0.30002"
    assert found["normalized_from"] == {"input": "3.0001999999999996E-7 per 1"}


def test_tiny_prices_per_unit_are_written_for_more_units():
    """A price per pixel that 12 fractional digits cannot hold is written for as many pixels as it needs."""
    found = rates("image_generation", input_cost_per_pixel="@2.0751953125e-09")
    assert found == {"pixel": {"amount": "2.0751953125", "per": 1_000_000_000}}


@pytest.mark.parametrize(
    ("key", "mode", "meter"),
    [
        ("input_cost_per_token", "chat", "input"),
        ("output_cost_per_token", "chat", "output"),
        ("cache_read_input_token_cost", "chat", "input.cache_read"),
        ("input_cost_per_token_cache_hit", "chat", "input.cache_read"),
        ("explicit_cache_read_input_token_cost", "chat", "input.cache_read.explicit"),
        ("cache_creation_input_token_cost", "chat", "input.cache_write"),
        ("cache_creation_input_token_cost_above_1hr", "chat", "input.cache_write.1h"),
        ("cache_creation_input_audio_token_cost", "realtime", "input.audio.cache_write"),
        ("cache_read_input_audio_token_cost", "realtime", "input.audio.cache_read"),
        ("cache_read_input_image_token_cost", "chat", "input.cache_read.image"),
        ("input_cost_per_audio_token", "chat", "input.audio"),
        ("input_cost_per_image_token", "chat", "input.image"),
        ("input_cost_per_video_token", "chat", "input.video"),
        ("output_cost_per_audio_token", "chat", "output.audio"),
        ("output_cost_per_image_token", "chat", "output.image"),
        ("output_cost_per_video_token", "chat", "output.video"),
        ("output_cost_per_reasoning_token", "chat", "output.reasoning"),
        ("citation_cost_per_token", "chat", "output.citation"),
        ("computer_use_input_cost_per_1k_tokens", "chat", "input.computer_use"),
        ("computer_use_output_cost_per_1k_tokens", "chat", "output.computer_use"),
        ("annotation_cost_per_page", "ocr", "page.annotated"),
        ("code_interpreter_cost_per_session", "chat", "code_interpreter_session"),
        ("cost_per_second", "chat", "model_unit_second"),
        ("file_search_cost_per_1k_calls", "chat", "storage_search"),
        ("file_search_cost_per_gb_per_day", "chat", "storage_gigabyte_day"),
        ("google_maps_grounding_cost_per_query", "chat", "maps_search"),
        ("input_cost_per_audio_per_second", "embedding", "audio_second.in"),
        ("input_cost_per_character", "audio_speech", "character"),
        ("input_cost_per_image", "embedding", "input_image"),
        ("input_cost_per_image", "image_generation", "image"),
        ("input_cost_per_pixel", "image_generation", "pixel"),
        ("input_cost_per_query", "rerank", "search"),
        ("input_cost_per_query", "embedding", "query"),
        ("input_cost_per_request", "chat", "request"),
        ("input_cost_per_second", "audio_transcription", "audio_second"),
        ("input_cost_per_second", "chat", "compute_second"),
        ("input_cost_per_text_message", "realtime", "text_message"),
        ("input_cost_per_video_per_second", "embedding", "input_video_second"),
        ("ocr_cost_per_credit", "ocr", "credit"),
        ("ocr_cost_per_page", "ocr", "page"),
        ("output_cost_per_character", "chat", "output_character"),
        ("output_cost_per_image", "image_generation", "image"),
        ("output_cost_per_pixel", "image_generation", "output_pixel"),
        ("output_cost_per_second", "video_generation", "video_second"),
        ("output_cost_per_second", "audio_speech", "audio_second"),
        ("output_cost_per_video_per_second", "video_generation", "video_second"),
        ("vector_store_cost_per_gb_per_day", "vector_store", "vector_store_gigabyte_day"),
    ],
)
def test_every_base_key_prices_its_meter(key, mode, meter):
    """Each of litellm's keys without suffixes is the price of one meter, for a million tokens or one unit."""
    per = Decimal(THINGS[key].per)
    usual = Decimal(1_000_000) if meter.split(".")[0] in ("input", "output") else Decimal(1)
    found = rates(mode, **{key: f"@{Decimal(2) * per / usual}"})
    assert found == {meter: "2"}


@pytest.mark.parametrize("key", sorted(THINGS))
def test_every_base_key_takes_a_tier_and_a_threshold(key):
    """A threshold and a service tier after any base key are understood, alone and together."""
    assert parse_key(key).thing == key
    for suffix, tier in TIERS.items():
        assert parse_key(f"{key}_{suffix}")[::2] == (key, tier)
        assert parse_key(f"{key}_above_200k_tokens_{suffix}")[:3] == (key, 200_000, tier)
    assert parse_key(f"{key}_above_272k_tokens").above_tokens == 272_000


def test_sizes_are_understood_and_strangers_are_not():
    """A size stands after images and seconds of video alone; other words are no price."""
    assert parse_key("output_cost_per_image_0.5K") == PriceKey("output_cost_per_image", size="0.5K")
    assert parse_key("output_cost_per_second_1080p") == PriceKey("output_cost_per_second", size="1080p")
    for stranger in (
        "output_cost_per_wish",
        "input_cost_per_token_above_two",
        "mode",
        "max_tokens",
        "metadata",
    ):
        assert not is_price_key(stranger)


def test_service_tiers_are_overrides_under_a_context():
    """`_batches` is the tier `batch`; what the tier does not name keeps the standard price."""
    entry = {**CHAT, "cache_read_input_token_cost": "@1e-07", "input_cost_per_token_batches": "@5e-07"}
    found = period(entry)
    assert found["context"] == {"service_tier": ["default", "batch"]}
    assert found["overrides"] == [{"when": {"service_tier": "batch"}, "rates": {"input": "0.5"}}]


def test_a_threshold_wins_over_a_tier_that_has_no_price_above_it():
    """Above a threshold a tier without a price of its own there has the standard one, as litellm has it."""
    entry = {
        **CHAT,
        "input_cost_per_token_flex": "@5e-07",
        "output_cost_per_token_flex": "@1e-06",
        "input_cost_per_token_above_200k_tokens": "@4e-06",
        "output_cost_per_token_above_200k_tokens": "@8e-06",
        "input_cost_per_token_above_200k_tokens_flex": "@3e-06",
    }
    catalog = compile_catalog(imported({"m": entry}).catalog)
    usage = {"input": 200_001, "output": 1_000_000}
    flex = catalog.price("acme/m", usage, at=AT, context={"service_tier": "flex"})
    assert [line.rate.amount for line in flex.lines] == ["3", "8"]
    below = catalog.price("acme/m", {**usage, "input": 200_000}, at=AT, context={"service_tier": "flex"})
    assert [line.rate.amount for line in below.lines] == ["0.5", "1"]


def test_the_threshold_of_xai_is_inclusive():
    """xAI's dearer price begins at the threshold, everybody else's above it."""
    entry = {**CHAT, "litellm_provider": "xai", "input_cost_per_token_above_200k_tokens": "@4e-06"}
    assert period(entry)["overrides"][0]["when"] == {"input": {"gte": 200_000}}


def test_sizes_are_a_context_whose_default_costs_what_the_plain_key_says():
    """The size that costs what the key without a size says is the default."""
    entry = {
        "litellm_provider": "fal_ai",
        "mode": "image_generation",
        "output_cost_per_image": "@0.08",
        "output_cost_per_image_0.5K": "@0.06",
        "output_cost_per_image_1K": "@0.08",
    }
    found = period(entry)
    assert found["context"] == {"size": ["1K", "0.5K"]}
    assert {"when": {"size": "0.5K"}, "rates": {"image": "0.06"}} in found["overrides"]


def test_searches_cost_by_their_context_size_medium_by_default():
    """Three different prices of a search are a context; three equal ones are one price."""
    sizes = {
        f"search_context_size_{size}": f"@{price}"
        for size, price in (("low", 5), ("medium", 8), ("high", 12))
    }
    found = period({**CHAT, "search_context_cost_per_query": sizes})
    assert found["rates"]["web_search"] == "8"
    assert found["context"] == {"search_context_size": ["medium", "low", "high"]}
    same = dict.fromkeys(sizes, "@0.01")
    assert "context" not in period({**CHAT, "search_context_cost_per_query": same})


def test_free_searches_are_an_allowance():
    """A free count per period is an allowance of searches, shared where litellm shares it."""
    searches = {f"search_context_size_{size}": "@0.035" for size in ("low", "medium", "high")}
    free = {"count": 1500, "period": "day", "shared_group": "gemini-2-flash"}
    found = period({**CHAT, "search_context_cost_per_query": searches, "search_free_requests": free})
    assert found["allowances"] == [
        {"meter": "web_search", "quantity": 1500, "period": "day", "shared": "gemini-2-flash"}
    ]
    alone = imported({"m": {**CHAT, "search_free_requests": free}})
    assert ("search_free_requests", "m/search_free_requests") in losses(alone, "dropped")


def test_multipliers_of_regions_and_speed():
    """Regional uplifts and the fast mode multiply all token prices under a context, together where both hold."""
    entry = {
        **CHAT,
        "regional_processing_uplift_multiplier_eu": "@1.1",
        "regional_endpoint_uplift_multiplier": "@1.2",
        "provider_specific_entry": {"us": "@1.1", "fast": 2, "secret": 3},
    }
    found = imported({"m": entry})
    (priced,) = found.catalog["models"][0]["prices"]
    assert priced["context"] == {"region": ["global", "eu", "regional", "us"], "speed": ["standard", "fast"]}
    catalog = compile_catalog(found.catalog)
    cost = catalog.price("acme/m", {"input": 1_000_000}, at=AT, context={"region": "us", "speed": "fast"})
    assert cost.total == Decimal("2.2")
    assert ("provider_specific_entry.secret", "m/provider_specific_entry/secret") in losses(found, "dropped")


def test_tiered_prices_are_overrides_above_the_lower_end():
    """The first range is the usual price, each further one holds above its lower end."""
    steps = [
        {"range": [0, "@32000.0"], "input_cost_per_token": "@1e-06", "output_cost_per_token": "@2e-06"},
        {"range": ["@32000.0", "@1e6"], "input_cost_per_token": "@3e-06", "output_cost_per_token": "@4e-06"},
    ]
    found = period({"litellm_provider": "dashscope", "mode": "chat", "tiered_pricing": steps})
    assert found["rates"] == {"input": "1", "output": "2"}
    assert found["overrides"] == [{"when": {"input": {"gt": 32_000}}, "rates": {"input": "3", "output": "4"}}]


def test_prices_by_the_number_of_results_are_a_context():
    """A search that costs by its most results has them as a context, the first range by default."""
    steps = [
        {"max_results_range": [0, 25], "input_cost_per_query": "@0.005"},
        {"max_results_range": [26, 100], "input_cost_per_query": "@0.025"},
    ]
    found = period({"litellm_provider": "exa_ai", "mode": "search", "tiered_pricing": steps})
    assert found["context"] == {"max_results": ["25", "100"]}
    assert found["overrides"] == [{"when": {"max_results": "100"}, "rates": {"search": "0.025"}}]


def off_peak(zone="UTC"):
    peak = {"weekday_timezone": zone} if zone != "UTC" else {}
    weekdays = {"hours_utc": ["00:00-01:00", "10:00-00:00"], "weekdays": [1, 2, 3, 4, 5]}
    weekend = {"hours_utc": "00:00-00:00", "weekdays": [6, 7]}
    return {
        **CHAT,
        "off_peak_pricing": {"input_cost_per_token": "@5e-07", **peak, "windows": [weekdays, weekend]},
    }


@pytest.mark.parametrize(
    ("zone", "at", "input_price"),
    [
        ("UTC", "2026-11-23T09:59:59Z", 1),
        ("UTC", "2026-11-23T10:00:00Z", Decimal("0.5")),
        ("UTC", "2026-11-23T00:30:00Z", Decimal("0.5")),
        ("UTC", "2026-11-22T05:00:00Z", Decimal("0.5")),
        # In Shanghai Monday begins on Sunday at 16:00 UTC, so the weekend's price ends there.
        ("Asia/Shanghai", "2026-11-22T15:59:59Z", Decimal("0.5")),
        ("Asia/Shanghai", "2026-11-23T09:59:59Z", 1),
        ("Asia/Shanghai", "2026-11-20T15:30:00Z", Decimal("0.5")),
        ("Asia/Shanghai", "2026-11-20T17:30:00Z", Decimal("0.5")),
        ("Asia/Shanghai", "2026-11-21T05:00:00Z", Decimal("0.5")),
    ],
)
def test_off_peak_hours_are_utc_on_the_weekdays_of_their_zone(zone, at, input_price):
    """Hours are counted in UTC and weekdays in the zone that litellm names."""
    catalog = compile_catalog(imported({"m": off_peak(zone)}).catalog)
    assert catalog.price("acme/m", {"input": 1_000_000}, at=at).total == input_price


def test_off_peak_hours_of_a_zone_with_summer_time_are_dropped():
    """Where the zone's clocks change, the hours cannot be moved into it: the report says that they are lost."""
    found = imported({"m": off_peak("Europe/Berlin")})
    assert ("off_peak_pricing", "m/off_peak_pricing") in losses(found, "dropped")
    assert "overrides" not in found.catalog["models"][0]["prices"][0]


def test_guardrails_are_metered_by_their_units():
    """Each unit of a guardrail is a meter."""
    entry = {
        "litellm_provider": "bedrock",
        "mode": "guardrail",
        "guardrail_cost_per_unit": {"topicPolicyUnits": "@0.00015"},
    }
    assert period(entry)["rates"] == {"topic_policy_unit": "0.00015"}


def test_a_part_that_costs_what_its_whole_costs_follows_it_into_the_tiers():
    """Reasoning that costs what output costs has no rate of its own, so that a batch makes it cheaper too."""
    entry = {**CHAT, "output_cost_per_reasoning_token": "@2e-06", "output_cost_per_token_batches": "@1e-06"}
    assert "output.reasoning" not in period(entry)["rates"]
    apart = {**entry, "output_cost_per_reasoning_token": "@3e-06"}
    assert period(apart)["rates"]["output.reasoning"] == "3"


def test_a_part_that_a_tier_names_keeps_its_own_rate():
    """A part with a price of its own in some tier keeps its usual price too, though its whole costs the same."""
    entry = {**CHAT, "output_cost_per_reasoning_token": "@2e-06", "output_cost_per_audio_token": "@2e-06"}
    found = period({**entry, "output_cost_per_audio_token_batches": "@1e-06"})
    assert found["rates"] == {"input": "1", "output": "2", "output.audio": "2"}


def test_of_two_keys_for_one_meter_the_first_stands_and_the_other_is_reported():
    """A meter is priced once: a second key for it is dropped, and the report says so."""
    entry = {
        "litellm_provider": "openai",
        "mode": "video_generation",
        "output_cost_per_video_per_second": "@0.1",
        "output_cost_per_second": "@0.3",
    }
    assert period(entry)["rates"] == {"video_second": "0.1"}
    assert ("output_cost_per_second", "m/output_cost_per_second") in losses(imported({"m": entry}), "dropped")


def test_a_transcription_counts_its_seconds_once():
    """whisper-1 has a price per second on both sides; the seconds are the same ones."""
    entry = {"litellm_provider": "openai", "mode": "audio_transcription", "input_cost_per_second": "@0.0001"}
    assert period({**entry, "output_cost_per_second": "@0.0001"})["rates"] == {"audio_second": "0.0001"}


def test_units_that_are_no_money_are_dropped():
    """Databricks' own units are left out: the dollars stand beside them."""
    found = imported({"m": {**CHAT, "input_dbu_cost_per_token": "@0.1"}})
    assert ("input_dbu_cost_per_token", "m/input_dbu_cost_per_token") in losses(found, "dropped")
