"""The page of the evidence of pools, made of its figures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_HEAD = """# Evidence of pools

Made by `pytest --evidence=pools`, which adds to `pools.json` round by round and goes on where it ended;
with another text of pools or engine a part begins anew. `-k` picks a part, or a store.
The same tests run at a smaller depth whenever `pytest` does.

This says what was run and what was seen, on one machine, and nothing of what was not run.
"""


def page_of(parts: Mapping[str, Any]) -> str:
    """Return the page: a table of figures for each part, one line for each store."""
    groups: dict[str, list[tuple[str, Any]]] = {}
    for name, part in sorted(parts.items()):
        title, _, kind = name.partition(": ")
        groups.setdefault(title, []).append((kind or "–", part))
    text = [_HEAD]
    for title, rows in groups.items():
        names = list(dict.fromkeys(name for _, part in rows for name in part["figures"] if name != "rounds"))
        text.append(f"## {title[0].upper()}{title[1:]}\n")
        text.append(
            "| store | " + " | ".join(name.replace("_", " ") for name in names) + " | asked for | code |"
        )
        text.append("|---" * (len(names) + 3) + "|")
        for kind, part in rows:
            figures = " | ".join(f"{part['figures'].get(name, 0):,}" for name in names)
            asked = f"{part['asked']:,}" + ("" if part["is_whole"] else ", not all of it run yet")
            text.append(f"| {kind} | {figures} | {asked} | `{part['code']}` |")
        text.append("")
    return "\n".join(text)
