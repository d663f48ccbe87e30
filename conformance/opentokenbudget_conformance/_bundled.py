"""Where the cases lie: beside the package in a wheel, beside it in `conformance/` in an editable install."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
_WHEEL = _PACKAGE / "_cases"


def cases_folder() -> Path:
    """Return the folder that holds `<area>/<case id>.yaml`."""
    return _WHEEL if _WHEEL.is_dir() else _PACKAGE.parent / "cases"
