"""Import of litellm's price file: ids, capabilities, hostile values, and the real file where there is one."""

from __future__ import annotations

import os
from decimal import Decimal
from importlib.util import find_spec
from pathlib import Path

import pytest

from litellm_entries import CHAT, TODAY, imported, losses, text
from opentokenbudget.documents import schema_problems
from opentokenbudget.importing.litellm_keys import is_price_key
from opentokenbudget.importing.litellm_prices import import_litellm, read_price_file
from opentokenbudget.pricing import catalog_problems
from opentokenbudget.problems import ProblemError


def test_lifecycle_capabilities_and_source_carry_over():
    """The deprecation date is when it retires; limits and modalities are capabilities; its page is the source."""
    found = imported(
        {
            "m": {
                **CHAT,
                "deprecation_date": "2027-01-01",
                "max_input_tokens": "@1e6",
                "max_output_tokens": 64000,
                "max_tokens": 64000,
                "supports_function_calling": True,
                "supports_response_schema": True,
                "supports_web_search": False,
                "supports_vision": True,
                "supports_pdf_input": True,
                "source": "https://acme.example/prices/",
            }
        },
        version="1.2.3",
    )
    model = found.catalog["models"][0]
    assert model["lifecycle"] == {"retires": "2027-01-01"}
    assert model["capabilities"] == {
        "max_input": 1_000_000,
        "max_output": 64_000,
        "input": ["text", "image", "pdf"],
        "output": ["text"],
        "features": ["json_schema", "tools"],
    }
    assert found.catalog["sources"][model["prices"][0]["source"]] == {
        "package": "litellm 1.2.3",
        "url": "https://acme.example/prices/",
        "retrieved": TODAY,
        "licence": "MIT",
    }


def test_max_tokens_is_the_inputs_limit_only_where_the_output_has_none():
    """`max_tokens` repeats the output's limit where there is one, else it is taken for the input's, and said to be."""
    alone = imported({"m": {**CHAT, "max_tokens": 8192}})
    assert alone.catalog["models"][0]["capabilities"]["max_input"] == 8192
    assert ("max_tokens", "m/max_tokens") in losses(alone, "approximated")
    beside = imported({"m": {**CHAT, "max_tokens": 8192, "max_output_tokens": 8192}})
    assert "max_input" not in beside.catalog["models"][0]["capabilities"]


def test_ids_are_provider_and_model_and_the_key_is_an_alias():
    """A bare key gets its provider in front and stays an alias; a key that has it is the id."""
    found = imported(
        {
            "gpt-x": {**CHAT, "litellm_provider": "openai"},
            "xai/grok-x": {**CHAT, "litellm_provider": "xai"},
            "gemini-x": {**CHAT, "litellm_provider": "vertex_ai-language-models"},
            "eu.anthropic.claude-x-v1:0": {**CHAT, "litellm_provider": "bedrock_converse"},
        }
    )
    names = [(model["id"], model.get("aliases")) for model in found.catalog["models"]]
    assert names == [
        ("openai/gpt-x", ["gpt-x"]),
        ("xai/grok-x", None),
        ("vertex_ai/gemini-x", ["gemini-x"]),
        ("bedrock/eu.anthropic.claude-x-v1:0", ["eu.anthropic.claude-x-v1:0"]),
    ]


def test_collisions_are_settled_in_favour_of_the_exact_key():
    """A twin of the same price is an alias, one of another price has litellm's own provider name or is refused."""
    other = {**CHAT, "input_cost_per_token": "@9e-06"}
    found = imported(
        {
            "same": {**CHAT, "litellm_provider": "acme"},
            "acme/same": CHAT,
            "apart": {**other, "litellm_provider": "acme_chat"},
            "acme/apart": CHAT,
            "lost": {**other, "litellm_provider": "acme"},
            "acme/lost": CHAT,
        }
    )
    aliases = {model["id"]: model.get("aliases") for model in found.catalog["models"]}
    assert aliases == {
        "acme/same": ["same"],
        "acme_chat/apart": ["apart"],
        "acme/apart": None,
        "acme/lost": None,
    }
    assert ("id", "apart") in losses(found, "approximated")
    assert ("model", "lost") in losses(found, "refused")


def test_what_is_no_model_or_has_no_price_is_left_out_and_named():
    """The sample, an entry without price, one without provider and one with an impossible name are in the report."""
    found = imported(
        {
            "sample_spec": CHAT,
            "unpriced": {"litellm_provider": "acme", "mode": "chat"},
            "homeless": {"input_cost_per_token": "@1e-06"},
            "acme/*/m": {**CHAT},
            "strange": {**CHAT, "input_cost_per_token": "free", "output_cost_per_token": "@-1e-6"},
            "m": {**CHAT, "rpm": 3},
        }
    )
    assert [model["id"] for model in found.catalog["models"]] == ["acme/m"]
    assert [path for _, path in losses(found, "refused")] == ["homeless", "unpriced", "acme/*/m", "strange"]
    assert ("rpm", "*/rpm") in losses(found, "dropped")


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", "syntax-error"),
        (b"{", "syntax-error"),
        (b'{"a": NaN}', "syntax-error"),
        (b'{"a": {"input_cost_per_token": 1e999999999999999999999}}', "syntax-error"),
        (b"[" * 100_000, "syntax-error"),
        (b"\xff\xfe", "not-utf-8"),
        (b"[]", "wrong-type"),
        (b'{"a": 1}', "wrong-type"),
    ],
)
def test_a_file_that_is_none_is_a_problem_with_a_place(raw, code):
    """Whatever the file holds, the answer is a problem with its place, never another error."""
    with pytest.raises(ProblemError) as refused:
        read_price_file(raw, file="prices.json")
    assert refused.value.code == code
    assert refused.value.problems[0].place.file == "prices.json"


CHAT_READ = read_price_file(text({"m": CHAT}), file="x")["m"]
HOSTILE = [
    None,
    True,
    "x",
    "http\ud800",
    "https://a.example/\u202e",
    [],
    {},
    [1],
    {"a": 1},
    10**40,
    Decimal("1e-400"),
    Decimal("1e400"),
    -1,
]


@pytest.mark.parametrize(
    "key",
    [
        "input_cost_per_token",
        "output_cost_per_image_2K",
        "tiered_pricing",
        "off_peak_pricing",
        "search_context_cost_per_query",
        "search_free_requests",
        "guardrail_cost_per_unit",
        "provider_specific_entry",
        "regional_endpoint_uplift_multiplier",
        "deprecation_date",
        "source",
        "max_input_tokens",
        "mode",
        "litellm_provider",
        "supported_modalities",
        "supports_vision",
    ],
)
def test_any_value_under_any_key_is_survived(key):
    """A value of the wrong shape costs at most its model: the catalog stays sound and nothing is raised."""
    for value in HOSTILE:
        found = import_litellm({"m": {**CHAT_READ, key: value}}, retrieved=TODAY, keep_quarantined=True)
        assert schema_problems(found.catalog, "catalog") == ()
        assert catalog_problems(found.catalog) == ()


def real_file():
    """Return where litellm's own file lies: named by OTB_LITELLM_PRICES, or in an installed litellm."""
    named = os.environ.get("OTB_LITELLM_PRICES")
    if named:
        return Path(named)
    spec = find_spec("litellm")
    if spec is None or not spec.submodule_search_locations:
        return None
    path = Path(spec.submodule_search_locations[0]) / "model_prices_and_context_window_backup.json"
    return path if path.is_file() else None


@pytest.mark.skipif(
    real_file() is None, reason="litellm is not installed, and OTB_LITELLM_PRICES names no file"
)
def test_the_real_file_becomes_a_sound_catalog():
    """Of litellm's own file every price key is known, and every priced entry is in the catalog or refused by name."""
    entries = read_price_file(real_file().read_bytes(), file="litellm.json")
    words = ("cost", "pricing", "multiplier", "guardrail_cost")
    strangers = {
        key
        for name, entry in entries.items()
        for key in entry
        if name != "fallback_generalizations" and any(word in key for word in words) and not is_price_key(key)
    }
    assert strangers == set()
    found = import_litellm(entries, retrieved=TODAY, keep_quarantined=True)
    assert schema_problems(found.catalog, "catalog") == ()
    assert catalog_problems(found.catalog) == ()
    refused = {loss.path for loss in found.losses if loss.severity == "refused"}
    assert len(refused) < 150
    assert len(found.catalog["models"]) > 4000
