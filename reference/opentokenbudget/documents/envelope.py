"""The envelope: which specification a document needs, what it is, and whose extensions it depends on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from opentokenbudget.problems import Problem, did_you_mean

from .pointers import joined
from .schemas import KINDS
from .wording import listed, shown

SUPPORTED_VERSION = (1, 0)
"""The newest version of the specification that this reader knows, as major and minor."""

KNOWN_EXTENSIONS: frozenset[str] = frozenset()
"""The extensions that this reader knows."""

_RECORD = "usage-record"
_VERSION = re.compile(r"(0|[1-9][0-9]{0,3})\.(0|[1-9][0-9]{0,3})", re.ASCII)
_EXTENSIBLE_LISTS = {"policy": ("deployments",), "catalog": ("models",)}


class Envelope(NamedTuple):
    """What a document says it is; `kind` is None when nobody knows, or no further check makes sense."""

    kind: str | None
    problems: tuple[Problem, ...]


def read_envelope(data: Any, kind: str | None) -> Envelope:
    """Return the kind of `data` and what is wrong with its envelope.

    Args:
        data: what was read.
        kind: what it must be, where the caller knows; wire forms need not say it (a record has `record`).

    Source: spec/10-documents.md OTB-DOC-002, OTB-DOC-003, OTB-DOC-007.
    """
    if not isinstance(data, dict):
        message = f"is {shown(data)}, expected a mapping with `otb`, `kind`, `id` and `version`"
        return Envelope(None, (Problem("wrong-type", "", message, "OTB-DOC-003"),))
    unsupported = _version_problem(data)
    if unsupported is not None:
        return Envelope(None, (unsupported,))
    if kind is None and "record" in data:
        kind = _RECORD
    # The `kind` of a record is the kind of its attempt.
    if kind is None or ("kind" in data and kind != _RECORD):
        said, problem = _kind_of(data, kind)
        if problem is not None:
            return Envelope(None, (problem,))
        kind = said
    assert kind is not None
    return Envelope(kind, tuple(_extension_problems(data, kind)))


def _version_problem(data: dict[str, Any]) -> Problem | None:
    version = data.get("otb")
    match = _VERSION.fullmatch(version) if isinstance(version, str) else None
    if match is None:
        return None  # The schema says that it is missing or malformed.
    major, minor = int(match[1]), int(match[2])
    if major == SUPPORTED_VERSION[0] and minor <= SUPPORTED_VERSION[1]:
        return None
    newest = ".".join(map(str, SUPPORTED_VERSION))
    message = f"needs version `{version}` of the specification, this is an implementation of `{newest}`"
    return Problem("unsupported-version", "/otb", message, "OTB-DOC-002")


def _kind_of(data: dict[str, Any], expected: str | None) -> tuple[str | None, Problem | None]:
    if "kind" not in data:
        message = f"`kind` is missing: one of {listed(KINDS)}"
        return None, Problem("missing-field", "", message, "OTB-DOC-003")
    kind = data["kind"]
    if not isinstance(kind, str) or kind not in KINDS:
        near = did_you_mean(kind, KINDS) if isinstance(kind, str) else ""
        message = f"{shown(kind)} is no kind of document" + (near or f": expected one of {listed(KINDS)}")
        return None, Problem("unknown-kind", "/kind", message, "OTB-DOC-003")
    if expected is not None and kind != expected:
        message = f"is a document of kind `{kind}`, expected `{expected}`"
        return None, Problem("wrong-kind", "/kind", message, "OTB-DOC-003")
    return kind, None


def _extension_problems(data: dict[str, Any], kind: str) -> Iterator[Problem]:
    for steps, extensions in _extensions(data, kind):
        if not isinstance(extensions, dict):
            continue
        for name, content in extensions.items():
            if (
                name in KNOWN_EXTENSIONS
                or not isinstance(content, dict)
                or content.get("required") is not True
            ):
                continue
            message = f"the extension {shown(name)} is required, and is not known here"
            yield Problem("unsupported-extension", joined((*steps, name)), message, "OTB-DOC-007")


def _extensions(data: dict[str, Any], kind: str) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    yield ("extensions",), data.get("extensions")
    for field in _EXTENSIBLE_LISTS.get(kind, ()):
        items = data.get(field)
        for index, item in enumerate(items if isinstance(items, list) else ()):
            if isinstance(item, dict):
                yield (field, index, "extensions"), item.get("extensions")
