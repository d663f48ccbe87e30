"""Makes failures small."""

from __future__ import annotations

from typing import Any


def minimise_all(results: Any, driven: Any, oracle: Any) -> dict[str, Any]:
    return {}
