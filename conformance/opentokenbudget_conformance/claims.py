"""What a driver says of itself when it starts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from .asking import Fault
from .visible import as_json, visible

PROTOCOL = "1.0"
PROFILES = (
    "documents",
    "pricing",
    "value",
    "classifiers",
    "routing",
    "cascade",
    "usage-log",
    "pools",
    "telemetry",
    "gateway",
    "focus",
)
FEATURES: Mapping[str, str] = {"yaml": "documents"}
"""Each extended feature with the profile that it extends."""

_VERSION = re.compile(r"[!-~]*[0-9][!-~]*")


class Claims(NamedTuple):
    """The implementation, and the profiles and features that it claims."""

    name: str
    version: str
    language: str
    url: str
    profiles: tuple[str, ...]
    features: tuple[str, ...]


def read_claims(started: Any) -> Claims | Fault:
    """Return what the result of `start` claims, or what is wrong with it.

    Source: spec/90-conformance.md OTB-CONF-003.
    """
    if not isinstance(started, dict):
        return _bad(f"the result of `start` is a mapping, found {as_json(started, 100)}")
    protocol = started.get("protocol")
    if protocol != PROTOCOL:
        return _bad(f"the protocol is `{PROTOCOL}`, found {_found(started, 'protocol')}")
    about = started.get("implementation")
    if not isinstance(about, dict):
        return _bad(f"`implementation` is a mapping, found {_found(started, 'implementation')}")
    for field, needed in (("name", True), ("version", True), ("language", False), ("url", False)):
        if (field in about or needed) and not _label(about.get(field)):
            return _bad(f"`{field}` of the implementation is a line of text, found {_found(about, field)}")
    if not _VERSION.fullmatch(about["version"]) or len(about["version"]) > 128:
        return _bad(
            f"`version` of the implementation is a version like `2.3.1`, found {_found(about, 'version')}"
        )
    for field, known in (("profiles", PROFILES), ("features", tuple(FEATURES))):
        named = started.get(field)
        if not isinstance(named, list) or not all(isinstance(one, str) for one in named):
            return _bad(f"`{field}` is a list of names, found {_found(started, field)}")
        unknown = [one for one in named if one not in known]
        if unknown:
            return _bad(f"{as_json(unknown[0], 100)} is none of the {field}: {', '.join(known)}")
    return Claims(
        about["name"],
        about["version"],
        about.get("language", ""),
        about.get("url", ""),
        tuple(one for one in PROFILES if one in started["profiles"]),
        tuple(one for one in FEATURES if one in started["features"]),
    )


def _label(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= 256 and visible(value) == value


def _found(mapping: Mapping[str, Any], field: str) -> str:
    return as_json(mapping[field], 100) if field in mapping else "none"


def _bad(message: str) -> Fault:
    return Fault("bad-start", message)
