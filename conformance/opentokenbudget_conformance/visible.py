"""Texts of others, made fit for a report: everything in them can be seen, and there is never too much of it."""

from __future__ import annotations

import json
import unicodedata
from typing import Any

_LONGEST = 4000


def visible(text: str, longest: int = _LONGEST) -> str:
    """Return `text` in normal form C with escapes for what is not printable, cut after `longest` characters."""
    plain = unicodedata.normalize("NFC", text)
    if not plain.isprintable():
        plain = "".join(one if one.isprintable() else _escaped(one) for one in plain)
    return plain if len(plain) <= longest else f"{plain[:longest]}…"


def visible_lines(text: str, longest: int = _LONGEST) -> str:
    """Return the end of `text`, line by line as `visible` shows it, at most `longest` characters."""
    lines = "\n".join(visible(line, len(text) * 12) for line in text.replace("\r\n", "\n").split("\n"))
    return lines if len(lines) <= longest else f"…{lines[1 - longest :]}"


def as_json(value: Any, longest: int = _LONGEST) -> str:
    """Return `value` as JSON text in ASCII, its keys sorted, cut after `longest` characters."""
    try:
        text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    except (TypeError, ValueError, RecursionError):
        text = json.dumps(f"no JSON value: {type(value).__name__}")
    return text if len(text) <= longest else f"{text[:longest]}..."


def _escaped(one: str) -> str:
    return json.dumps(one)[1:-1] if one != "\x7f" else "\\u007f"
