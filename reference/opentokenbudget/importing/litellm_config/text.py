"""The documents of an import as YAML, every part with a comment that says what it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..catalog_text import yaml_text
from ..drafts import Plain

_POLICY = {
    "otb": "Imported from a LiteLLM configuration. What it says exactly, nearly or not at all stands in loss.json.",
    "catalog": "What the models cost, and what a request is worth.",
    "subject": "Who asks: the attribute that identities follow.",
    "attributes": "The facts that rules and pools look at. `verified` is your gateway's word, `asserted` the caller's.",
    "classifiers": "What gives an attribute that a request lacks; the first that is sure wins.",
    "deployments": "Where models run: one for each entry of `model_list`. The extension keeps what LiteLLM calls it.",
    "tiers": "Groups of deployments, cheapest first; a group of LiteLLM is a tier.",
    "rules": "The first rule whose condition is true decides: a group is asked for by its name.",
    "default": "What serves a request that names no group.",
    "pools": "Budgets and limits. `check` looks before a request, as LiteLLM does; `reserve` never goes over.",
    "fallback": "After which failures others are tried, how many attempts in all, and which tier follows which.",
}
_PRICES = (
    "yaml-language-server: $schema=schemas/catalog.schema.json\n"
    "What the models of the configuration cost: its own prices, and for the others those of the bundled catalog."
)
_VALUE = {
    "otb": "What a request is worth: LiteLLM has no such thing, so every request weighs 1.",
    "rules": 'A rule of your own: - {id: batch, when: {model_group: small}, weight: "0.5"}',
}


def policy_text(policy: Plain) -> str:
    """Return the policy as commented YAML."""
    return _commented(policy, "policy", _POLICY)


def prices_text(catalog: Plain) -> str:
    """Return the catalog as YAML, its sources and prices as they are."""
    return yaml_text(catalog, comment=_PRICES)


def value_text(rules: Plain) -> str:
    """Return the value rules as commented YAML."""
    return _commented(rules, "value-rules", _VALUE)


def _commented(document: Plain, kind: str, comments: Mapping[str, str]) -> str:
    lines: list[str] = [f"# yaml-language-server: $schema=schemas/{kind}.schema.json"]
    for key, value in document.items():
        said: Sequence[str] = comments.get(key, "").splitlines()
        if said and key != "otb":
            lines.append("")
        lines.extend(f"# {line}" for line in said)
        lines.append(yaml_text({key: value}).rstrip("\n"))
    return "\n".join(lines) + "\n"
