"""Canonical JSON (RFC 8785) and digests: the same meaning has the same bytes wherever it lies."""

from __future__ import annotations

import hashlib
import json
from typing import Any


def canonical_json(data: Any) -> bytes:
    """Return the canonical JSON of `data`: dict, list, str, bool, None, and int within ±(2^53−1); no floats.

    Source: RFC 8785; spec/10-documents.md OTB-DOC-025.
    """
    text = json.dumps(data, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    # Both writers escape alike, and ASCII keys have one order; only other texts need the slower writer.
    if text.isascii():
        return text.encode()
    import rfc8785

    return rfc8785.dumps(data)


def digest(data: Any) -> str:
    """Return `sha256:` and the hexadecimal SHA-256 of the canonical JSON of `data`."""
    return f"sha256:{hashlib.sha256(canonical_json(data)).hexdigest()}"
