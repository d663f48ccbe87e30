"""Why keys that nobody spoke of are dropped: by the section they stand in, or by their name."""

from __future__ import annotations

DISPATCH = "a setting of the call itself; whoever sends the request keeps it"
HEALTH = "health is an input of each decision here: whoever sends the requests cools deployments down"
_DEFAULT = "nothing here speaks of it"

_SECTIONS = {
    "environment_variables": "a secret: never copied",
    "guardrails": "guardrails are not routing",
    "callback_settings": "logging is set up where the engine runs",
    "mcp_servers": "tools are not routing",
    "mcp_tools": "tools are not routing",
    "search_tools": "tools are not routing",
    "vector_store_registry": "tools are not routing",
    "prompts": "prompts are not routing",
    "files_settings": "files are not routing",
    "finetune_settings": "training is not routing",
    "credential_list": "a secret: never copied",
    "include": "other files are not followed: import them one by one",
    "worker_registry": "a setting of the server",
}
_LOGGING = "logging is set up where the engine runs"
_REASONS = {
    _LOGGING: "callbacks success_callback failure_callback service_callback json_logs set_verbose",
    "answers are not cached here": "cache cache_params caching_groups cache_responses",
    "guardrails are not routing": "guardrails prompt_injection_params",
    DISPATCH: "timeout stream_timeout request_timeout max_retries temperature top_p seed drop_params modify_params "
    "api_version extra_body extra_headers headers retry_after thinking reasoning_effort organization api_type "
    "response_format stop additional_drop_params",
    HEALTH: "allowed_fails cooldown_time disable_cooldowns enable_health_check_routing background_health_checks "
    "health_check_interval",
    "the store is given to the engine, not to the policy": "redis_host redis_port redis_url redis_db",
    "who may call what is the gateway's to know": "access_groups models allowed_routes team_id",
    "alerts are for who reads the records": "alerting alerting_threshold alerting_args alert_types",
}
_NAMES = {key: why for why, keys in _REASONS.items() for key in keys.split()}


def reason(steps: tuple[str, ...]) -> str:
    """Return why the key at `steps` is left out."""
    if steps and steps[0] in _SECTIONS:
        return _SECTIONS[steps[0]]
    if "allowed_fails_policy" in steps:
        return HEALTH
    if "cache_params" in steps:
        return "answers are not cached here"
    for step in reversed(steps):
        if not step.isdigit():
            return _NAMES.get(step, _DEFAULT)
    return _DEFAULT
