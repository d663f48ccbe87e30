"""LiteLLM's `config.yaml` as a policy with its prices, and what of it is lost."""

from .document import ImportedPolicy, import_litellm_config
from .report import Fate, Report, pointer
from .text import policy_text, prices_text, value_text

__all__ = [
    "Fate",
    "ImportedPolicy",
    "Report",
    "import_litellm_config",
    "pointer",
    "policy_text",
    "prices_text",
    "value_text",
]
