"""LiteLLM configurations as nobody would write them: known keys with any values, in any of their sections."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

MODELS = (
    "openai/gpt-4o",
    "gpt-6-astra",
    "azure/gpt-4o",
    "gemini/gemini-2.5-flash",
    "nobody/knows",
    "openai/*",
    "x y",
)
ROUTERS = ("complexity_router", "quality_router", "adaptive_router", "semantic")
GROUPS = ("chat", "small", "big", "chat 2", "a/b", "*", "é", "os.environ/NAME", "0")
DURATIONS = ("1d", "30d", "1mo", "7d", "12h", "daily", "0d", "soon", "5mo", "90s", "")

ODD: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.sampled_from((0.0, 0.1, -1.5, 1e-7, 1e30, 12.5)),
    st.sampled_from((*GROUPS, *DURATIONS, "sk-CANARY", "1e-6", "1e999", "NaN", "\x07", "2027-01-31")),
    st.just([]),
    st.just({}),
)
VALUE = st.recursive(
    ODD,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(GROUPS), inner, max_size=3),
    max_leaves=5,
)


def _some(**members: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Return mappings with some of `members`, each as it should be or not."""
    return st.fixed_dictionaries({}, optional={key: usual | VALUE for key, usual in members.items()})


_AMOUNT = st.sampled_from((0, 1, 0.5, "2.5", -1, 1000))
_DURATION = st.sampled_from(DURATIONS)
_GROUP = st.sampled_from(GROUPS)
_CHAIN = st.lists(st.dictionaries(_GROUP, st.lists(_GROUP, max_size=3), max_size=2), max_size=3)
_BUDGET = _some(
    max_budget=_AMOUNT,
    budget_limit=_AMOUNT,
    budget_duration=_DURATION,
    time_period=_DURATION,
    rpm_limit=_AMOUNT,
)
_HOLDER = _some(
    max_budget=_AMOUNT,
    soft_budget=_AMOUNT,
    budget_duration=_DURATION,
    budget_limits=st.lists(_BUDGET, max_size=2),
    model_max_budget=st.dictionaries(_GROUP, _BUDGET | _AMOUNT, max_size=2),
    budget_fallbacks=st.dictionaries(_GROUP, st.lists(_GROUP, max_size=2), max_size=2),
    rpm_limit=_AMOUNT,
    tpd_limit=_AMOUNT,
    temp_budget_increase=_AMOUNT,
    temp_budget_expiry=st.just("2027-01-31"),
    throttle_on_budget_exceeded=st.booleans(),
    metadata=_some(max_iterations=_AMOUNT, max_budget_per_session=_AMOUNT),
)
_PARAMS = {
    "weight": _AMOUNT,
    "order": _AMOUNT,
    "rpm": _AMOUNT,
    "max_budget": _AMOUNT,
    "budget_duration": _DURATION,
    "tags": st.lists(_GROUP, max_size=2),
    "api_base": st.just("https://u:CANARY@host/v1?key=CANARY"),
    "api_key": st.just("CANARY"),
    "input_cost_per_token": st.sampled_from((1e-6, "1e-6", 0)),
    "output_cost_per_token": st.sampled_from((2e-6, 0)),
    "input_cost_per_token_above_200k_tokens": st.just(3e-6),
    "complexity_router_config": _some(
        tiers=st.dictionaries(
            st.sampled_from(("SIMPLE", "COMPLEX")), _GROUP | st.lists(_GROUP, max_size=2), max_size=2
        ),
        keyword_tier_rules=st.lists(
            _some(keywords=st.lists(_GROUP, max_size=2), tier=st.just("SIMPLE")), max_size=2
        ),
        default_model=_GROUP,
    ),
    "quality_router_config": _some(
        available_models=st.lists(_GROUP, max_size=2), complexity_to_quality=st.just({"SIMPLE": 1})
    ),
    "adaptive_router_config": _some(
        available_models=st.lists(_GROUP, max_size=2), weights=st.just({"quality": 0.7})
    ),
    "auto_router_config": st.just('{"routes": [{"name": "chat", "score_threshold": 0.5}]}'),
}
_MODEL = st.sampled_from((*MODELS, *(f"auto_router/{kind}" for kind in ROUTERS)))
_INFO = _some(
    id=_GROUP,
    mode=st.sampled_from(("chat", "embedding")),
    max_tokens=st.just(100),
    litellm_routing_preferences=_some(
        quality_tier=_AMOUNT, order=_AMOUNT, keywords=st.lists(_GROUP, max_size=2)
    ),
)


_ROUTED = {
    "complexity_router": "complexity_router_config",
    "quality_router": "quality_router_config",
    "adaptive_router": "adaptive_router_config",
    "semantic": "auto_router_config",
}


@st.composite
def _entry(draw: st.DrawFn) -> dict[str, Any]:
    name = draw(_GROUP | st.sampled_from(("smart", "smart 2")) | VALUE)
    params = {"model": draw(_MODEL), **draw(_some(**_PARAMS))}
    router = str(params["model"]).removeprefix("auto_router/")
    if router in _ROUTED:
        name = draw(st.sampled_from(("smart", "smart 2", "chat")))
        params[_ROUTED[router]] = draw(_PARAMS[_ROUTED[router]])
    return {"model_name": name, "litellm_params": params, "model_info": draw(st.none() | _INFO)}


_USUAL = [
    {"model_name": name, "litellm_params": {"model": model}}
    for name, model in (
        ("chat", "openai/gpt-4o"),
        ("small", "gemini/gemini-2.5-flash"),
        ("big", "openai/gpt-6-astra"),
    )
]
CONFIGS: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {"model_list": st.lists(_entry(), max_size=4).map(lambda drawn: [*_USUAL, *drawn])},
    optional={
        "router_settings": _some(
            routing_strategy=st.sampled_from(
                ("simple-shuffle", "cost-based-routing", "usage-based-routing-v2", "x")
            ),
            fallbacks=_CHAIN,
            context_window_fallbacks=_CHAIN,
            default_fallbacks=st.lists(_GROUP, max_size=2),
            num_retries=_AMOUNT,
            retry_policy=st.dictionaries(
                st.sampled_from(("TimeoutErrorRetries", "DefaultRetries", "x")), _AMOUNT, max_size=2
            ),
            provider_budget_config=st.dictionaries(
                st.sampled_from(("openai", "azure", "é")), _BUDGET, max_size=2
            ),
            model_group_alias=st.dictionaries(_GROUP, _GROUP, max_size=2),
            enable_tag_filtering=st.booleans(),
            optional_pre_call_checks=st.just(["enforce_model_rate_limits"]),
            routing_groups=st.lists(
                _some(
                    group_name=_GROUP,
                    models=st.lists(_GROUP, max_size=2),
                    routing_strategy=st.just("priority"),
                ),
                max_size=2,
            ),
        ),
        "litellm_settings": _some(
            max_budget=_AMOUNT,
            budget_duration=_DURATION,
            tag_budget_config=st.dictionaries(_GROUP, _BUDGET, max_size=2),
            default_key_generate_params=_HOLDER,
            default_team_params=_HOLDER,
            priority_reservation=st.dictionaries(
                _GROUP, _AMOUNT | st.just({"type": "percent", "value": 0.5}), max_size=2
            ),
            timezone=st.sampled_from(("Europe/Berlin", "Nowhere/Land")),
            budget_exceeded_throttle_percentage=_AMOUNT,
        ),
        "general_settings": _some(
            completion_model=_GROUP,
            fail_closed_budget_enforcement=st.booleans(),
            max_parallel_requests=_AMOUNT,
        ),
        "teams": st.lists(_HOLDER, max_size=2) | VALUE,
    },
)
