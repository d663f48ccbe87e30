"""Where the data lie: in the package in a wheel, around it in the repository in an editable install."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
_WHEEL = _PACKAGE / "_cases"


def cases_folder() -> Path:
    """Return the folder that holds `<area>/<case id>.yaml`."""
    return _WHEEL if _WHEEL.is_dir() else _PACKAGE.parent / "cases"


def score_file() -> Path:
    """Return the file that says how many faulty routers the suite catches; it need not be there."""
    return _PACKAGE / "_score.json" if _WHEEL.is_dir() else routers_folder() / "score.json"


def routers_folder() -> Path:
    """Return the folder of the faulty routers; a wheel does not bring it."""
    return _PACKAGE.parent / "routers"


def requirements_file() -> Path:
    """Return the extracted requirements of the specification."""
    if _WHEEL.is_dir():
        return _PACKAGE.parent / "opentokenbudget" / "_schemas" / "requirements.json"
    return _PACKAGE.parent.parent / "spec" / "requirements.json"
