"""What must never leave a configuration: keys of providers, tokens, passwords, addresses that hold them."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

_NAMES = re.compile(
    r"(^|_)(api_?key|key|keys|token|tokens|secret|secrets|password|passwd|credential|credentials|cookie|"
    r"authorization|private_key|access_key_id|connection_string|database_url|dsn|salt|headers?)(_|$)",
    re.IGNORECASE,
)
_NOT_SECRET = re.compile(
    r"(_tokens?_|_token_cost|tokens$|_per_token|token_count|token_threshold|keywords?)", re.IGNORECASE
)
_VALUES = re.compile(r"^(os\.environ/|sk-|Bearer |Basic |AKIA|ghp_|xox[abp]-|eyJ)|-----BEGIN")
_LABEL = re.compile(r"[^\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff]{1,256}")


def is_secret(steps: tuple[str, ...], value: Any) -> bool:
    """Return whether the value at `steps` is one that names or holds a secret."""
    if steps and steps[0] == "environment_variables":
        return True
    if any(holds_secret(item) for item in (value if isinstance(value, list) else [value])):
        return True
    name = next((step for step in reversed(steps) if not step.isdigit()), "")
    return isinstance(value, str) and bool(_NAMES.search(name)) and not _NOT_SECRET.search(name)


def holds_secret(value: Any) -> bool:
    """Return whether `value` is a text that looks like a secret, or that an environment variable stands for."""
    return isinstance(value, str) and _VALUES.search(value.strip()) is not None


def label(value: Any) -> str | None:
    """Return `value` as a label that a document may hold, or None: no text, a secret, or a wrong character."""
    if isinstance(value, bool) or not isinstance(value, (str, int)) or holds_secret(value):
        return None
    text = str(value).strip()
    return text if _LABEL.fullmatch(text) else None


def origin(address: Any) -> str | None:
    """Return scheme, host and port of `address`, without user, path and query, or None where it has none."""
    if not isinstance(address, str) or holds_secret(address):
        return None
    try:
        parts = urlsplit(address.strip())
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not host or not re.fullmatch(r"[A-Za-z0-9._:-]{1,253}", host):
        return None
    shown = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{shown}" + (f":{port}" if port else "")
