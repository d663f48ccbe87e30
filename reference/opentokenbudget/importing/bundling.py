"""How the bundled catalog is made: `python -m opentokenbudget.importing.bundling`.

It merges the three files of `_bundled_catalog/sources/` into `_bundled_catalog/prices.yaml`:
`genai-prices.yaml` and `litellm.yaml`, which are our importers' own output for the models named here, and
`by-hand.yaml`, with dated prices and lifecycles from named pages. With `--litellm FILE` and `--at DATE` it first
imports the two again, from the installed genai-prices and from litellm's FILE.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from opentokenbudget.documents import read

from .catalog_text import yaml_text
from .drafts import Plain
from .genai_prices import import_genai_prices
from .litellm_prices import import_litellm, read_price_file
from .merging import merged

FOLDER = Path(__file__).resolve().parent.parent / "_bundled_catalog"
NAME = "bundled-prices"
DESCRIPTION = (
    "Public list prices of main models, in US dollars: imported from genai-prices, with capabilities from litellm, "
    "and entered by hand from named pages where the imports have no dates. Prices may have changed since."
)
COMMENT = (
    "Made by `python -m opentokenbudget.importing.bundling` from the files in sources/: do not edit.\n"
    "Facts from genai-prices and litellm, both under the MIT licence: see NOTICE."
)
MODELS = (
    "anthropic/claude-3-5-sonnet",
    "anthropic/claude-3-haiku",
    "anthropic/claude-fable-5-1",
    "anthropic/claude-haiku-4-5",
    "anthropic/claude-haiku-5-5",
    "anthropic/claude-opus-4-8",
    "anthropic/claude-opus-5-5",
    "anthropic/claude-sonnet-4-6",
    "anthropic/claude-sonnet-5-5",
    "aws/amazon.nova-lite-v1:0",
    "aws/amazon.nova-micro-v1:0",
    "aws/amazon.nova-pro-v1:0",
    "aws/global.amazon.nova-2-lite-v1:0",
    "cohere/command-a",
    "cohere/command-r7b",
    "cohere/embed-v4.0",
    "deepseek/deepseek-v4-flash",
    "deepseek/deepseek-v4-pro",
    "google/gemini-1.5-flash",
    "google/gemini-1.5-pro",
    "google/gemini-2.5-flash",
    "google/gemini-2.5-flash-lite",
    "google/gemini-2.5-pro",
    "google/gemini-3.1-pro-preview",
    "google/gemini-3.5-flash",
    "google/gemini-3.5-flash-lite",
    "google/gemini-3.8-flash",
    "google/gemini-4-argon",
    "groq/llama-3.1-8b-instant",
    "groq/llama-3.3-70b-versatile",
    "groq/llama3-70b-8192",
    "groq/llama3-8b-8192",
    "groq/openai/gpt-oss-120b",
    "groq/openai/gpt-oss-20b",
    "meta/muse-spark-1.3",
    "mistral/codestral-2508",
    "mistral/mistral-large-2512",
    "mistral/mistral-medium-3-5",
    "mistral/mistral-small-2603",
    "moonshotai/kimi-k3",
    "openai/gpt-4.1",
    "openai/gpt-4.1-mini",
    "openai/gpt-4o",
    "openai/gpt-4o-2024-05-13",
    "openai/gpt-4o-mini",
    "openai/gpt-5.4",
    "openai/gpt-5.4-mini",
    "openai/gpt-5.6-sol",
    "openai/gpt-6-astra",
    "openai/gpt-6-luna",
    "openai/gpt-6-sol",
    "openai/text-embedding-3-small",
    "perplexity/sonar-pro",
    "together/Qwen/Qwen3.7-Max",
    "together/Qwen/Qwen3.8-Flash",
    "x-ai/grok-4.3",
    "x-ai/grok-4.7",
    "zai/GLM-5.3",
)
"""What is bundled, under genai-prices' ids."""

CAPABLE = (
    "anthropic/claude-fable-5-1",
    "anthropic/claude-haiku-4-5",
    "anthropic/claude-haiku-5-5",
    "anthropic/claude-opus-4-8",
    "anthropic/claude-opus-5-5",
    "anthropic/claude-sonnet-4-6",
    "anthropic/claude-sonnet-5-5",
    "bedrock/amazon.nova-lite-v1:0",
    "bedrock/amazon.nova-micro-v1:0",
    "bedrock/amazon.nova-pro-v1:0",
    "bedrock/global.amazon.nova-2-lite-v1:0",
    "cohere/embed-v4.0",
    "deepseek/deepseek-v4-flash",
    "deepseek/deepseek-v4-pro",
    "gemini/gemini-2.5-flash",
    "gemini/gemini-2.5-flash-lite",
    "gemini/gemini-2.5-pro",
    "gemini/gemini-3.1-pro-preview",
    "gemini/gemini-3.5-flash",
    "gemini/gemini-3.5-flash-lite",
    "gemini/gemini-3.8-flash",
    "groq/openai/gpt-oss-120b",
    "groq/openai/gpt-oss-20b",
    "meta/muse-spark-1.3",
    "mistral/codestral-2508",
    "mistral/mistral-large-2512",
    "mistral/mistral-medium-3-5",
    "mistral/mistral-small-2603",
    "moonshot/kimi-k3",
    "openai/gpt-4.1",
    "openai/gpt-4.1-mini",
    "openai/gpt-4o",
    "openai/gpt-4o-2024-05-13",
    "openai/gpt-4o-mini",
    "openai/gpt-5.4",
    "openai/gpt-5.4-mini",
    "openai/gpt-5.6-sol",
    "openai/gpt-6-astra",
    "openai/gpt-6-luna",
    "openai/gpt-6-sol",
    "openai/text-embedding-3-small",
    "perplexity/sonar-pro",
    "together_ai/Qwen/Qwen3.7-Max",
    "together_ai/Qwen/Qwen3.8-Flash",
    "xai/grok-4.3",
    "xai/grok-4.7",
    "zai/glm-5.3",
)
"""Where capabilities come from, under litellm's ids."""


def bundle(folder: Path) -> Plain:
    """Return the bundled catalog that the sources in `folder` make."""
    return merged(
        _source(folder, "genai-prices.yaml"),
        by_hand=_source(folder, "by-hand.yaml"),
        capable=_source(folder, "litellm.yaml"),
        name=NAME,
        description=DESCRIPTION,
    )


def bundle_text(folder: Path) -> str:
    """Return the text of `prices.yaml`."""
    return yaml_text(bundle(folder), comment=COMMENT)


def _source(folder: Path, name: str) -> Mapping[str, Any]:
    reading = read((folder / name).read_bytes(), file=name)
    if reading.problems:
        raise SystemExit("\n".join(map(str, reading.problems)))
    data: Mapping[str, Any] = reading.data
    return data


def _import_again(folder: Path, litellm: Path, at: str, version: str) -> None:
    prices = import_genai_prices(retrieved=at, models=MODELS, keep_quarantined=True)
    entries = read_price_file(litellm.read_bytes(), file=litellm.name)
    capable = import_litellm(entries, retrieved=at, version=version, models=CAPABLE, keep_quarantined=True)
    for name, imported in (("genai-prices.yaml", prices), ("litellm.yaml", capable)):
        (folder / name).write_text(yaml_text(imported.catalog), encoding="utf-8", newline="\n")


def main() -> None:
    """Make the bundled catalog, after importing its sources again where that is asked for."""
    parser = argparse.ArgumentParser(description="Make the bundled price catalog.")
    parser.add_argument("--litellm", type=Path, help="litellm's price file: import both sources again first")
    parser.add_argument("--litellm-version", default="", help="the version of litellm that the file is from")
    parser.add_argument("--at", help="the date of the import")
    wanted = parser.parse_args()
    sources = FOLDER / "sources"
    if wanted.litellm is not None:
        if wanted.at is None:
            parser.error("--litellm needs --at")
        _import_again(sources, wanted.litellm, wanted.at, wanted.litellm_version)
    (FOLDER / "prices.yaml").write_text(bundle_text(sources), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
