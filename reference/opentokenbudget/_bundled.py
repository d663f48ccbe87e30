"""Where the schemas lie: beside the package in a wheel, beside `reference/` in an editable install."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
_WHEEL = _PACKAGE / "_schemas"
_TREE = _PACKAGE.parent.parent


def schemas_folder() -> Path:
    """Return the folder that holds `v1/*.schema.json` and the closed lists of codes."""
    return _WHEEL if _WHEEL.is_dir() else _TREE / "schemas"


def requirements_file() -> Path:
    """Return the extracted requirements of the specification."""
    return _WHEEL / "requirements.json" if _WHEEL.is_dir() else _TREE / "spec" / "requirements.json"


def catalog_file() -> Path:
    """Return the file of the bundled price catalog."""
    return Path(__file__).parent / "_bundled_catalog" / "prices.yaml"
