"""Which models of different providers are the same: by the last part of the id, spelt alike.

A guess that is good enough to point at a price, never to compute one.
"""

from __future__ import annotations

import re
from functools import lru_cache

_PROVIDERS = {
    "xai": "x-ai",
    "gemini": "google",
    "vertex_ai": "google",
    "bedrock": "aws",
    "bedrock_mantle": "aws",
    "together_ai": "together",
    "fireworks_ai": "fireworks",
    "azure_ai": "azure",
    "moonshot": "moonshotai",
    "voyage": "voyageai",
    "meta_llama": "meta",
    "dashscope": "alibaba",
    "qwencloud": "alibaba",
    "qwen_ai_platform": "alibaba",
}
_DATE = re.compile(r"[-@](20\d{2}-?\d{2}-?\d{2})(?=$|-v\d)")
_NOISE = re.compile(r"(:free|@default|-v\d+:\d+|:\d+|-instruct|-chat-hf|-latest)$")


def provider_of(id_: str) -> str:
    """Return the provider of a model id, under one name for all sources."""
    named = id_.partition("/")[0].lower()
    return _PROVIDERS.get(named, named)


@lru_cache(maxsize=16384)
def model_name(id_: str) -> str:
    """Return the name under which providers offer the same model: lower case, without maker, date and version."""
    name = id_.rpartition("/")[2].lower()
    # `global.anthropic.claude-opus-5`: a region and a maker, in dots.
    parts = name.split(".")
    while len(parts) > 1 and parts[0].replace("-", "").isalpha() and not parts[1][:1].isdigit():
        parts.pop(0)
    name = ".".join(parts)
    name = _DATE.sub("", name)
    while (shorter := _NOISE.sub("", name)) != name:
        name = shorter
    return name.replace(".", "-").replace("_", "-")
