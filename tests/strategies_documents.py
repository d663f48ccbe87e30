"""Strategies for documents: data that JSON can say, and texts that say it."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

LARGEST = 2**53 - 1

integers = st.integers(-LARGEST, LARGEST)
plain_text = st.text(
    st.characters(codec="utf-8", min_codepoint=0x20, max_codepoint=0x24F, exclude_categories=["Cc"])
)
keys = plain_text.filter(lambda key: 0 < len(key) < 100)
scalars = st.none() | st.booleans() | integers | plain_text
json_data = st.recursive(
    scalars,
    lambda children: st.lists(children, max_size=5) | st.dictionaries(keys, children, max_size=5),
    max_leaves=25,
)
json_mappings = st.dictionaries(keys, json_data, min_size=1, max_size=6)


def as_json(data: Any, *, indent: int | None = None, escaped: bool = True) -> bytes:
    """Return `data` as JSON text."""
    return json.dumps(data, indent=indent, ensure_ascii=escaped).encode()


def as_block_yaml(data: Any, depth: int = 0) -> str:
    """Return `data` as YAML in block style, every string and key in double quotes."""
    pad = "  " * depth
    if isinstance(data, dict) and data:
        return "".join(f"{pad}{_quoted(key)}:{_below(value, depth)}" for key, value in data.items())
    if isinstance(data, list) and data:
        return "".join(f"{pad}-{_below(value, depth)}" for value in data)
    return f"{pad}{_scalar(data)}\n"


def _below(value: Any, depth: int) -> str:
    if isinstance(value, (dict, list)) and value:
        return "\n" + as_block_yaml(value, depth + 1)
    return f" {_scalar(value)}\n"


def _scalar(value: Any) -> str:
    if isinstance(value, str):
        return _quoted(value)
    return {dict: "{}", list: "[]"}.get(type(value)) or json.dumps(value)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=True)


def shuffled(data: Any, draw: Any) -> Any:
    """Return `data` with the keys of every mapping in an order that `draw` chooses."""
    if isinstance(data, dict):
        return {key: shuffled(data[key], draw) for key in draw(st.permutations(list(data)))}
    if isinstance(data, list):
        return [shuffled(item, draw) for item in data]
    return data
