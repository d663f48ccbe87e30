"""JSON for people: what fits in a line stands in a line."""

from __future__ import annotations

import json
from typing import Any

_WIDTH = 96


def folded(value: Any, indent: str = "", before: int = 0) -> str:
    """Return `value` as JSON text; containers are broken into lines only where a line would be too long.

    Args:
        value: JSON data.
        indent: of the line that it stands in.
        before: how much stands before it in that line.
    """
    line = json.dumps(value, ensure_ascii=False)
    if not isinstance(value, (dict, list)) or not value or len(indent) + before + len(line) <= _WIDTH:
        return line
    inner = indent + "  "
    if isinstance(value, dict):
        names = {key: json.dumps(key, ensure_ascii=False) + ": " for key in value}
        items = [f"{inner}{names[key]}{folded(item, inner, len(names[key]))}" for key, item in value.items()]
        return "{\n" + ",\n".join(items) + f"\n{indent}}}"
    return "[\n" + ",\n".join(f"{inner}{folded(item, inner)}" for item in value) + f"\n{indent}]"
