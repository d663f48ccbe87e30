"""A catalog as text: JSON, or YAML that our loader reads as the same data, one line per price."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_./-]*|[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
# Plain words that some reader of YAML takes for something else.
_WORDS = frozenset(["null", "true", "false", "yes", "no", "on", "off", "y", "n", "none", "nan", "inf"])
_LONGEST_LINE = 110
_BLOCKS = frozenset(("models", "prices", "sources", "overrides", "discounts", "description"))


def json_text(catalog: Mapping[str, Any]) -> str:
    """Return `catalog` as indented JSON, keys in their order."""
    return json.dumps(catalog, ensure_ascii=False, indent=1) + "\n"


def yaml_text(catalog: Mapping[str, Any], *, comment: str = "") -> str:
    """Return `catalog` as YAML without anchors, tags or bare fractions; `comment` stands at the top."""
    lines = [f"# {line}".rstrip() for line in comment.splitlines()]
    _write_mapping(catalog, "", lines)
    return "\n".join(lines) + "\n"


def _write_mapping(mapping: Mapping[str, Any], indent: str, lines: list[str]) -> None:
    for key, value in mapping.items():
        _write_entry(f"{indent}{_scalar(key)}:", value, indent, lines)


def _write_entry(head: str, value: Any, indent: str, lines: list[str]) -> None:
    flow = _flow(value)
    if (
        not isinstance(value, (dict, list))
        or not value
        or (head.strip().rstrip(":") not in _BLOCKS and len(head) + len(flow) < _LONGEST_LINE)
    ):
        lines.append(f"{head} {flow}")
    elif isinstance(value, dict):
        lines.append(head)
        _write_mapping(value, f"{indent}  ", lines)
    else:
        lines.append(head)
        for item in value:
            _write_item(item, f"{indent}  ", lines)


def _write_item(item: Any, indent: str, lines: list[str]) -> None:
    flow = _flow(item)
    if not isinstance(item, dict) or ("prices" not in item and "rates" not in item) or not item:
        lines.append(f"{indent}- {flow}")
        return
    if "from" not in item and "id" not in item and len(indent) + len(flow) < _LONGEST_LINE:
        lines.append(f"{indent}- {flow}")
        return
    inner: list[str] = []
    _write_mapping(item, f"{indent}  ", inner)
    inner[0] = f"{indent}- {inner[0].lstrip()}"
    lines.extend(inner)


def _flow(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_scalar(key)}: {_flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_flow(item) for item in value) + "]"
    return _scalar(value)


def _scalar(value: Any) -> str:
    if isinstance(value, str) and _PLAIN.fullmatch(value) and value.lower() not in _WORDS:
        return value
    return json.dumps(value, ensure_ascii=False)
