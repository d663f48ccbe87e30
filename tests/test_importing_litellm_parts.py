"""What the parts of a LiteLLM configuration become: prices, tiers, rules, fallbacks, budgets, secrets."""

from __future__ import annotations

import pytest

from litellm_imports import AT, BUNDLED, SOME, check_sound, fate, imported, of_file
from opentokenbudget.importing.litellm_config import import_litellm_config
from opentokenbudget.importing.litellm_config.secrets import holds_secret, origin
from opentokenbudget.importing.litellm_config.windows import calendar_window, running_window
from opentokenbudget.pricing import compile_catalog

# Prices


def test_prices_of_the_configuration_win() -> None:
    """A price in the configuration is exact, thresholds and service tiers too, and written per million tokens."""
    found = of_file("own-prices")
    catalog = compile_catalog(found.prices)
    model = found.policy["deployments"][0]["model"]
    at = {"at": "2026-11-23T12:00:00Z"}
    assert str(catalog.price(model, {"input": 1_000_000}, **at).total) == "18"
    assert str(catalog.price(model, {"input": 100_000, "output": 10_000}, **at).total) == "1.35"
    batch = catalog.price(model, {"input": 100_000}, context={"service_tier": "batch"}, **at)
    assert str(batch.total) == "0.45"


def test_free_is_said_openly() -> None:
    """A price of 0 in the configuration is an explicit 0."""
    found = of_file("own-prices")
    (own,) = [model for model in found.prices["models"] if model["id"] == "hosted_vllm/qwen3-32b"]
    assert own["prices"][0]["rates"] == {"input": "0", "output": "0"}


def test_what_nobody_prices_is_refused() -> None:
    """A model without a price is left out as a whole, and so is a wildcard."""
    found = of_file("own-prices")
    assert fate(found, "/model_list/4")[0] == "refused"
    assert fate(found, "/model_list/6")[0] == "refused"
    assert {"unpriced", "anything"}.isdisjoint(tier["id"] for tier in found.policy["tiers"])


def test_half_a_price_is_completed_openly() -> None:
    """A missing half comes from the bundled catalog, and the report says so; without one the model is refused."""
    found = of_file("own-prices")
    assert fate(found, "/model_list/3/litellm_params/model")[0] == "approximated"
    (half,) = [model for model in found.prices["models"] if "half-priced" in model["id"]]
    assert half["prices"][0]["rates"] == {"input": "2", "output": "10"}
    alone = SOME + "  - {model_name: own, litellm_params: {model: own/model, input_cost_per_token: 1e-06}}\n"
    assert fate(imported(alone), "/model_list/3")[0] == "refused"


def test_embeddings_make_no_tokens() -> None:
    """An embedding model has an explicit 0 for its output, from the configuration and from the bundled catalog."""
    text = (
        SOME
        + "  - {model_name: embed, litellm_params: {model: text-embedding-3-small}, model_info: {mode: embedding}}\n"
    )
    found = imported(text)
    assert fate(found, "/model_list/3/litellm_params/model")[0] == "approximated"
    check_sound(found)


def test_a_retired_model_is_refused() -> None:
    """A model that is retired at the instant of the import is left out, with its replacement named."""
    catalog = {**BUNDLED, "models": [dict(model) for model in BUNDLED["models"]]}
    (model,) = [model for model in catalog["models"] if model["id"] == "openai/gpt-4o"]
    model["lifecycle"] = {"retires": "2026-11-23", "replacement": "openai/gpt-6-astra"}
    found = import_litellm_config(SOME.encode(), file="x", bundled=catalog, at=AT)
    assert fate(found, "/model_list/0")[0] == "refused"
    assert "openai/gpt-6-astra" in fate(found, "/model_list/0")[1]


@pytest.mark.parametrize(
    ("model", "expected", "severity"),
    [
        ("openai/gpt-4o", "openai/gpt-4o", "exact"),
        ("gpt-4o", "openai/gpt-4o", "exact"),
        ("gemini/gemini-2.5-flash", "google/gemini-2.5-flash", "exact"),
        ("azure/eu/gpt-4o-2024-08-06", "openai/gpt-4o", "approximated"),
        ("bedrock/eu.anthropic.claude-opus-5-5-v1:0", "anthropic/claude-opus-5-5", "approximated"),
        ("openrouter/anthropic/claude-opus-5-5", "anthropic/claude-opus-5-5", "approximated"),
    ],
)
def test_names_of_models(model: str, expected: str, severity: str) -> None:
    """A model is found by its exact name, else without place and edition, which the report calls approximated."""
    found = imported(f"model_list: [{{model_name: x, litellm_params: {{model: '{model}'}}}}]")
    assert found.policy["deployments"][0]["model"] == expected
    assert fate(found, "/model_list/0/litellm_params/model")[0] == severity


# Tiers and rules


def test_tiers_stand_cheapest_first() -> None:
    """Groups are tiers in the order of their prices, whatever their order in the file."""
    assert [tier["id"] for tier in imported(SOME).policy["tiers"]] == ["small", "chat", "big"]


def test_weights_keep_their_proportion() -> None:
    """Weights with fractions become integers in the same proportion; without weights, rpm draws."""
    text = """
model_list:
  - {model_name: a, litellm_params: {model: openai/gpt-4o, weight: 0.75}}
  - {model_name: a, litellm_params: {model: openai/gpt-4o, weight: 0.25}}
  - {model_name: b, litellm_params: {model: openai/gpt-4o, rpm: 900}}
  - {model_name: b, litellm_params: {model: openai/gpt-4o, rpm: 100}}
"""
    assert [deployment["weight"] for deployment in imported(text).policy["deployments"]] == [75, 25, 900, 100]
    assert fate(imported(text), "/model_list/2/litellm_params/rpm")[0] == "exact"


def test_orders_come_one_after_the_other() -> None:
    """Deployments with an `order` stand in it and the first that can serve is taken."""
    text = """
model_list:
  - {model_name: a, litellm_params: {model: openai/gpt-4o, order: 2}, model_info: {id: second}}
  - {model_name: a, litellm_params: {model: openai/gpt-4o, order: 1}, model_info: {id: first}}
"""
    (tier,) = imported(text).policy["tiers"]
    assert tier == {"id": "a", "models": ["first", "second"], "select": "first"}


def test_tags_have_rules_before_their_group() -> None:
    """With tag filtering, a tag leads to its deployments, and no tag to those that are the default."""
    found = of_file("tags")
    rules = {rule["id"]: rule for rule in found.policy["rules"]}
    assert rules["chat.free"]["when"]["tags"] == {"contains": "free"}
    assert list(rules).index("chat.free") < list(rules).index("chat")
    tiers = {tier["id"]: tier["models"] for tier in found.policy["tiers"]}
    assert tiers["chat"] == ["chat-openai-2"]
    assert rules["chat"]["when"]["model_group"] == ["chat", "gpt-4"]


def test_keywords_become_classifiers() -> None:
    """Keyword rules of a router come first, its word lists after them, and no signal has a rule of its own."""
    found = of_file("routers")
    words = found.policy["classifiers"][0]
    assert words["keywords"][0] == {
        "of": "COMPLEX",
        "any": ["diagnosis", "contraindication", "drug interaction"],
    }
    assert found.policy["classifiers"][1]["otherwise"] == "unknown"
    assert {rule["id"]: rule["tier"] for rule in found.policy["rules"]}["smart"] == "middle"


def test_more_groups_than_tiers() -> None:
    """A policy holds 64 tiers: further groups are refused and said so."""
    entries = "".join(
        f"  - {{model_name: g{n}, litellm_params: {{model: openai/gpt-4o}}}}\n" for n in range(70)
    )
    found = imported(f"model_list:\n{entries}")
    check_sound(found)
    assert len(found.policy["tiers"]) == 64
    assert fate(found, "/model_list/64")[0] == "refused"


# Fallbacks


def test_fallbacks_are_a_chain() -> None:
    """A list of two becomes a chain; what would lead back is dropped."""
    found = imported(SOME + "router_settings: {fallbacks: [{small: [chat, big]}, {big: [small]}]}\n")
    assert found.policy["fallback"]["to"] == {"big": "small", "small": "chat"}
    assert fate(found, "/router_settings/fallbacks/0/small/1")[0] == "dropped"


def test_fallbacks_that_go_round_are_cut() -> None:
    """Groups that fall back to each other keep the first way, and every cut is in the report."""
    found = imported(
        SOME + "litellm_settings: {fallbacks: [{chat: [big, small]}, {big: [chat]}, {small: [chat]}]}\n"
    )
    assert found.policy["fallback"]["to"] == {"chat": "big", "small": "chat"}
    check_sound(found)
    cut = [entry.loss.path for entry in found.fates if "lead back" in entry.loss.note]
    assert cut == ["/litellm_settings/fallbacks/0/chat/1", "/litellm_settings/fallbacks/1/big/0"]


def test_a_special_fallback_is_approximated() -> None:
    """Fallbacks for long contexts join the one chain, and their error is in `after`."""
    found = imported(SOME + "router_settings: {context_window_fallbacks: [{small: [big]}]}\n")
    assert found.policy["fallback"]["to"] == {"small": "big"}
    assert "context_exceeded" in found.policy["fallback"]["after"]
    assert fate(found, "/router_settings/context_window_fallbacks/0/small/0")[0] == "approximated"


def test_no_fallback_where_nobody_is_left() -> None:
    """Retries of a group with one deployment and no fallback become nothing, and the report says why."""
    found = imported(SOME + "router_settings: {num_retries: 3}\n")
    assert "fallback" not in found.policy
    assert fate(found, "/router_settings/num_retries")[0] == "dropped"


# Budgets


@pytest.mark.parametrize(
    ("duration", "window", "severity"),
    [
        ("30d", {"calendar": "month", "timezone": "Europe/Berlin"}, "exact"),
        ("1mo", {"calendar": "month", "timezone": "Europe/Berlin"}, "exact"),
        ("monthly", {"calendar": "month", "timezone": "Europe/Berlin"}, "exact"),
        ("7d", {"calendar": "week", "timezone": "Europe/Berlin", "week_start": "mon"}, "exact"),
        ("1w", {"calendar": "week", "timezone": "Europe/Berlin", "week_start": "mon"}, "exact"),
        ("1d", {"calendar": "day", "timezone": "Europe/Berlin"}, "exact"),
        ("daily", {"calendar": "day", "timezone": "Europe/Berlin"}, "exact"),
        ("12h", {"fixed": "PT12H", "anchor": "1970-01-01T00:00:00Z"}, "approximated"),
        ("10d", {"fixed": "P10D", "anchor": "1970-01-01T00:00:00Z"}, "approximated"),
        ("2mo", None, "dropped"),
        ("0d", None, "refused"),
        ("soon", None, "refused"),
        (7, None, "refused"),
        (None, {"lifetime": True}, "exact"),
    ],
)
def test_windows_of_keys(duration: object, window: object, severity: str) -> None:
    """Budgets of keys follow the calendar: 30 days are a month, and `daily` is 24 hours."""
    found = calendar_window(duration, "Europe/Berlin")
    assert (found.plain, found.severity) == (window, severity)


def test_daily_is_twenty_four_hours() -> None:
    """In UTC `daily` is 24 hours, and hours that divide the day begin with it."""
    for duration, expected in (("daily", "PT24H"), ("24h", "PT24H"), ("hourly", "PT1H"), ("6h", "PT6H")):
        found = calendar_window(duration, "UTC")
        assert (found.plain, found.severity) == (
            {"fixed": expected, "anchor": "1970-01-01T00:00:00Z"},
            "exact",
        )


def test_windows_of_routers() -> None:
    """Budgets of providers run for so many days and are no calendar month."""
    assert running_window("30d").plain == {"fixed": "P30D", "anchor": "1970-01-01T00:00:00Z"}
    assert running_window("1d").severity == "approximated"


def test_thirty_days_say_that_they_are_a_month() -> None:
    """The report says that 30 days became a calendar month."""
    found = of_file("budgets")
    assert "calendar month" in fate(found, "/litellm_settings/default_key_generate_params/budget_duration")[1]


def test_zero_is_nothing_for_keys_and_no_limit_for_deployments() -> None:
    """LiteLLM takes a budget of 0 for unlimited at deployments and for nothing at users, and so do the pools."""
    found = of_file("budgets")
    pools = {pool["id"]: pool["limit"] for pool in found.policy["pools"]}
    assert pools["deployment-anthropic-main"] == {"cost": None}
    assert pools["user-budget"] == {"cost": "0"}


def test_budgets_are_checked_and_fail_closed() -> None:
    """Every budget is `check` or `soft`, and fails as the configuration says."""
    found = of_file("budgets")
    assert {pool["enforcement"] for pool in found.policy["pools"]} == {"check", "soft"}
    assert {pool["on_store_failure"] for pool in found.policy["pools"]} == {"closed"}


def test_a_redirect_to_a_dearer_tier_is_dropped() -> None:
    """A budget that would redirect to a dearer group denies, and the report says so."""
    text = (
        SOME
        + "litellm_settings:\n  default_key_generate_params:\n"
        + "    {model_max_budget: {small: 1}, budget_fallbacks: {small: [big]}}\n"
    )
    found = imported(text)
    assert [pool["at_limit"] for pool in found.policy["pools"]] == ["deny"]
    assert fate(found, "/litellm_settings/default_key_generate_params/budget_fallbacks/small")[0] == "dropped"


def test_a_provider_is_who_serves() -> None:
    """A budget of a provider names the deployments where the catalog knows the models under another maker."""
    found = of_file("budgets")
    pools = {pool["id"]: pool.get("when") for pool in found.policy["pools"]}
    assert pools["provider-openai"] == {"candidate.provider": "openai"}
    assert pools["provider-gemini"] == {"candidate.deployment": ["cheap-gemini"]}
    assert fate(found, "/router_settings/provider_budget_config/mistral")[0] == "dropped"


def test_a_holder_without_a_limit_is_dropped() -> None:
    """A team of which only callbacks are set becomes nothing, and the report says so."""
    found = of_file("small-team")
    assert "pools" not in found.policy
    assert fate(found, "/litellm_settings/default_team_settings/0/team_id")[0] == "dropped"


@pytest.mark.parametrize("holder", ["organization", "project", "key", "user", "team", "end_user"])
def test_holders_with_a_name(holder: str) -> None:
    """A budget of one organization, project, key, user, team or customer is a pool for it alone."""
    found = of_file("every-key")
    assert any(pool.get("when", {}).keys() == {holder} for pool in found.policy["pools"])
    assert holder in found.policy["attributes"]


# Secrets and addresses


def test_addresses_keep_their_host_alone() -> None:
    """Of an address the scheme, the host and the port are kept."""
    assert origin("https://user:secret@host.example:8443/v1?key=secret#x") == "https://host.example:8443"
    assert origin("http://[::1]:8000/v1") == "http://[::1]:8000"
    for nothing in (
        "os.environ/BASE",
        "file:///etc/passwd",
        "https://",
        "not an address",
        "http://[",
        None,
        7,
    ):
        assert origin(nothing) is None


def test_what_looks_like_a_secret() -> None:
    """Keys by their prefixes, and what an environment variable stands for."""
    assert all(
        holds_secret(text) for text in ("sk-x", "os.environ/X", " Bearer x", "AKIAX", "-----BEGIN KEY")
    )
    assert not any(holds_secret(value) for value in ("gpt-4o", "task-sk-1", 7, None))
    models = ", ".join(
        f"{{model_name: {name}, litellm_params: {{model: gpt-4o}}}}" for name in ("sk-abc", "a")
    )
    named = f"model_list: [{models}]"
    assert fate(imported(named), "/model_list/0")[0] == "refused"
