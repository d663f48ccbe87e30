"""The spelling that was probably meant."""

from __future__ import annotations

from collections.abc import Iterable


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return `: did you mean "x"?` for the nearest of `known`, or "" when none is near."""
    # Most runs misspell nothing and need not wait for this.
    from difflib import get_close_matches

    near = get_close_matches(word[:100], list(known)[:2000], n=1, cutoff=0.7)
    return f': did you mean "{near[0]}"?' if near else ""
