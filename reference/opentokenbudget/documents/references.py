"""Which fields refer to other documents, and the digest that does not depend on where those lie."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from .canonical import digest
from .pointers import joined, steps_of

_EACH = "*"
_SITES: dict[str, tuple[tuple[tuple[str, ...], str], ...]] = {
    "policy": (
        (("catalog",), "catalog"),
        (("value_rules",), "value-rules"),
        (("classifiers", _EACH, "artefact"), "classifier"),
        (("classifiers", _EACH, "clusters"), "classifier"),
    ),
    "catalog": ((("extends",), "catalog"),),
}


class Reference(NamedTuple):
    """A field that names another document.

    Attributes:
        pointer: of the field.
        kind: what the other must be.
        path: where it lies, relative to the document that names it, or None.
        digest: what its digest must be, or None.
    """

    pointer: str
    kind: str
    path: str | None
    digest: str | None


def references_in(data: Any, kind: str) -> list[Reference]:
    """Return the references of a document of `kind`, without malformed ones: the schema reports those.

    They come in the order of their fields in the document.
    """
    found: list[Reference] = []
    for steps, expected, value in _sites(data, kind):
        path, given = value.get("path"), value.get("digest")
        path = path if isinstance(path, str) else None
        given = given if isinstance(given, str) else None
        if path is not None or given is not None:
            found.append(Reference(joined(steps), expected, path, given))
    fields = list(data) if isinstance(data, dict) else []
    return sorted(found, key=lambda reference: fields.index(steps_of(reference.pointer)[0]))


def document_digest(data: Any, kind: str, digests: Mapping[str, str]) -> str:
    """Return the digest of a document of `kind`, each reference replaced by the digest of what it points to.

    Args:
        data: the document, valid by its schema.
        kind: of the document.
        digests: by the pointer of a reference: the digest of the document that it names.

    Returns:
        `sha256:` and 64 hexadecimal digits; "" when a reference has a path and nobody says its digest.

    Source: spec/10-documents.md OTB-DOC-025.
    """
    replaced = data
    for steps, _, value in _sites(data, kind):
        resolved = digests.get(joined(steps)) or value.get("digest")
        if resolved is None:
            return ""
        replaced = _replaced(replaced, steps, {"digest": resolved})
    return digest(replaced)


def _sites(data: Any, kind: str) -> Iterator[tuple[tuple[str | int, ...], str, dict[str, Any]]]:
    for site, expected in _SITES.get(kind, ()):
        for steps, value in _values(data, site):
            if isinstance(value, dict):
                yield steps, expected, value


def _values(data: Any, site: tuple[str, ...]) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    if not site:
        yield (), data
        return
    step, *rest = site
    if step == _EACH:
        for index, item in enumerate(data if isinstance(data, list) else ()):
            for steps, value in _values(item, tuple(rest)):
                yield (index, *steps), value
    elif isinstance(data, dict) and step in data:
        for steps, value in _values(data[step], tuple(rest)):
            yield (step, *steps), value


def _replaced(data: Any, steps: tuple[str | int, ...], value: Any) -> Any:
    """Return `data` with `value` at `steps`; what lies beside the way is shared, nothing is changed."""
    if not steps:
        return value
    step, rest = steps[0], steps[1:]
    copy: Any = dict(data) if isinstance(data, dict) else list(data)
    copy[step] = _replaced(data[step], rest, value)
    return copy
