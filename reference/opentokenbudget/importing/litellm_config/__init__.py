"""LiteLLM's `config.yaml` as a policy with its prices, and what of it is lost."""

from .document import ImportedPolicy, import_litellm_config
from .report import Fate, Report, pointer

__all__ = ["Fate", "ImportedPolicy", "Report", "import_litellm_config", "pointer"]
