"""The grammar of litellm's price keys: a thing and its unit, a threshold or a size, a service tier.

    input_cost_per_token _above_200k_tokens _batches
    output_cost_per_image _2K

`parse_key` takes a key apart; what a thing is called here depends in a few cases on what the model does.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

TIERS = {
    "flex": "flex",
    "priority": "priority",
    "batches": "batch",
    "batch": "batch",
    "ultrafast": "ultrafast",
    "balanced": "balanced",
    "decisions": "decisions",
    "fast": "fast",
}
"""The service tier that a suffix names."""


class Thing(NamedTuple):
    """What a key prices: a meter, and for how many units its price is."""

    meter: str
    per: int = 1
    size: str = ""


_TOKENS = {
    "input_cost_per_token": "input",
    "output_cost_per_token": "output",
    "cache_read_input_token_cost": "input.cache_read",
    "input_cost_per_token_cache_hit": "input.cache_read",
    "explicit_cache_read_input_token_cost": "input.cache_read.explicit",
    "cache_creation_input_token_cost": "input.cache_write",
    "cache_creation_input_token_cost_above_1hr": "input.cache_write.1h",
    "cache_creation_input_audio_token_cost": "input.audio.cache_write",
    "cache_read_input_audio_token_cost": "input.audio.cache_read",
    "cache_read_input_image_token_cost": "input.cache_read.image",
    "input_cost_per_audio_token": "input.audio",
    "input_cost_per_image_token": "input.image",
    "input_cost_per_video_token": "input.video",
    "output_cost_per_audio_token": "output.audio",
    "output_cost_per_image_token": "output.image",
    "output_cost_per_video_token": "output.video",
    "output_cost_per_reasoning_token": "output.reasoning",
    "citation_cost_per_token": "output.citation",
}
_OTHERS = {
    "annotation_cost_per_page": Thing("page.annotated"),
    "code_interpreter_cost_per_session": Thing("code_interpreter_session"),
    "computer_use_input_cost_per_1k_tokens": Thing("input.computer_use", 1000),
    "computer_use_output_cost_per_1k_tokens": Thing("output.computer_use", 1000),
    "cost_per_second": Thing("model_unit_second"),
    "file_search_cost_per_1k_calls": Thing("storage_search", 1000),
    "file_search_cost_per_gb_per_day": Thing("storage_gigabyte_day"),
    "google_maps_grounding_cost_per_query": Thing("maps_search"),
    "input_cost_per_audio_per_second": Thing("audio_second.in"),
    "input_cost_per_character": Thing("character"),
    "input_cost_per_image": Thing("input_image"),
    "input_cost_per_pixel": Thing("pixel"),
    "input_cost_per_query": Thing("search"),
    "input_cost_per_request": Thing("request"),
    "input_cost_per_second": Thing("audio_second"),
    "input_cost_per_text_message": Thing("text_message"),
    "input_cost_per_video_per_second": Thing("input_video_second"),
    "input_cost_per_video_per_second_above_8s_interval": Thing("input_video_second", size="video_interval"),
    "input_cost_per_video_per_second_above_15s_interval": Thing("input_video_second", size="video_interval"),
    "ocr_cost_per_credit": Thing("credit"),
    "ocr_cost_per_page": Thing("page"),
    "output_cost_per_character": Thing("output_character"),
    "output_cost_per_image": Thing("image", size="size"),
    "output_cost_per_pixel": Thing("output_pixel"),
    "output_cost_per_second": Thing("audio_second", size="resolution"),
    "output_cost_per_video_per_second": Thing("video_second", size="resolution"),
    "vector_store_cost_per_gb_per_day": Thing("vector_store_gigabyte_day"),
}
THINGS: Mapping[str, Thing] = {key: Thing(meter) for key, meter in _TOKENS.items()} | _OTHERS
"""What each key without suffixes prices."""

FOREIGN_UNITS = frozenset(("input_dbu_cost_per_token", "output_dbu_cost_per_token"))
"""Prices in a unit that is no money; litellm says the same in dollars beside them."""

STRUCTURED = frozenset(
    (
        "guardrail_cost_per_unit",
        "off_peak_pricing",
        "provider_specific_entry",
        "regional_endpoint_uplift_multiplier",
        "regional_processing_uplift_multiplier_eu",
        "regional_processing_uplift_multiplier_us",
        "search_context_cost_per_query",
        "search_free_requests",
        "tiered_pricing",
        "web_search_billing_unit",
    )
)
"""Price keys that hold more than one number, or a factor."""

_SUFFIXES = re.compile(
    r"(?P<thing>[a-z0-9_]+?)(?:_above_(?P<thousands>[0-9]{1,9})k_tokens)?(?:_(?P<tier>"
    + "|".join(TIERS)
    + r"))?"
)
_SIZED = re.compile(
    r"(?P<thing>output_cost_per_image|output_cost_per_second|output_cost_per_video_per_second)"
    r"_(?P<size>[0-9]+(?:\.[0-9]+)?[kKp]?)(?:_(?P<tier>" + "|".join(TIERS) + r"))?"
)
_INTERVAL = re.compile(r"_above_([0-9]+s)_interval$")


class PriceKey(NamedTuple):
    """A price key taken apart; `above_tokens`, `tier` and `size` are None, "" and "" where it has none."""

    thing: str
    above_tokens: int | None = None
    tier: str = ""
    size: str = ""


def parse_key(key: str) -> PriceKey | None:
    """Return the parts of a price key, or None when it is no price of a thing that is known."""
    match = _SUFFIXES.fullmatch(key)
    if match and match["thing"] in THINGS:
        interval = _INTERVAL.search(match["thing"])
        thousands = match["thousands"]
        return PriceKey(
            match["thing"],
            int(thousands) * 1000 if thousands else None,
            TIERS.get(match["tier"] or "", ""),
            f"above_{interval[1]}" if interval else "",
        )
    match = _SIZED.fullmatch(key)
    if match:
        return PriceKey(match["thing"], None, TIERS.get(match["tier"] or "", ""), match["size"])
    return None


def is_price_key(key: str) -> bool:
    """Return whether `key` says a price, in whichever form."""
    return parse_key(key) is not None or key in STRUCTURED or key in FOREIGN_UNITS


def thing_of(key: PriceKey, entry: Mapping[str, Any]) -> Thing | None:
    """Return what a key prices for the model `entry`; None where it repeats another key of it."""
    thing, mode = THINGS[key.thing], entry.get("mode")
    match key.thing:
        case "input_cost_per_second":
            if "cost_per_second" in entry:
                return None
            if mode in ("audio_transcription", "audio_speech", "realtime"):
                return thing
            return Thing("compute_second")
        case "output_cost_per_second":
            if mode == "video_generation":
                return thing._replace(meter="video_second")
            # A transcription counts its seconds once, though litellm writes them on both sides.
            return None if entry.get("input_cost_per_second") else thing
        case "input_cost_per_image":
            drawn = mode in ("image_generation", "image_edit") and "output_cost_per_image" not in entry
            return thing._replace(meter="image") if drawn else thing
        case "output_cost_per_pixel":
            return None if "input_cost_per_pixel" in entry and not entry[key.thing] else thing
        case "input_cost_per_query":
            return thing if mode in ("rerank", "search", "vector_store") else thing._replace(meter="query")
        case "input_cost_per_token_cache_hit":
            return None if "cache_read_input_token_cost" in entry else thing
        case _:
            return thing
