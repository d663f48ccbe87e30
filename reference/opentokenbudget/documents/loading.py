"""A document with all that it refers to. Pure: the bytes come from a `fetch` that the caller gives.

Paths are relative to the document that names them, stay in the folder of the first document, and are no URLs.
What lies on disk (links that lead out, devices) is the business of whoever fetches.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

from opentokenbudget.problems import Problem

from .caps import CAPS
from .document import Document, Parsed, document_of, parse, placed_in
from .ordering import in_document_order
from .pointers import lies_within
from .references import Reference, references_in
from .wording import shown

Fetch = Callable[[str], bytes]
"""From a path relative to the first document's folder, with `/`, to the bytes there."""

_TOTAL_BYTES = 4 * CAPS.size_bytes
_MOST_DOCUMENTS = 256
_LONGEST_CHAIN = 8
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_UNSAFE = "OTB-DOC-018"


class CannotFetch(Exception):
    """The bytes at a path cannot be had. `code` and `message` are those of the problem."""

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        self.message = message
        super().__init__(message)


class _Loaded(NamedTuple):
    """A document, or why there is none: `kind` is what it says that it is."""

    document: Document | None
    kind: str | None


class _Loader:
    """What one load has seen: every path is fetched and parsed once."""

    def __init__(self, fetch: Fetch, folder: str, held: Mapping[str, Document], *, by_stage: bool) -> None:
        self.fetch = fetch
        self.folder = folder
        self.held = held
        self.by_stage = by_stage
        self.loaded: dict[str, _Loaded] = {}
        self.loading: list[str] = []
        self.problems: list[Problem] = []
        self.total_bytes = 0

    def load(self, path: str, raw: bytes, kind: str | None) -> _Loaded:
        """Return the document of `raw`, which lies at `path`; its problems come before those of others."""
        file = self.folder + path
        parsed = parse(raw, file=file, kind=kind, by_stage=self.by_stage)
        own = len(self.problems)
        self.loading.append(path)
        references: dict[str, Document] = {}
        failed: list[Problem] = []
        sound = parsed.kind is not None and not parsed.problems
        malformed = [problem.pointer for problem in parsed.problems]
        for reference in references_in(parsed.data, parsed.kind or ""):
            if any(lies_within(pointer, reference.pointer) for pointer in malformed):
                continue
            answer = self._resolve(path, reference)
            if isinstance(answer, Document):
                references[reference.pointer] = answer
                continue
            if answer is not None:
                failed.append(answer)
            # Without a problem here, the other document has problems of its own.
            sound = sound and answer is not None and answer.severity == "warning"
        self.loading.pop()
        self.problems[own:own] = _in_order(parsed, failed, raw, file)
        document = document_of(parsed, raw=raw, file=file, references=references) if sound else None
        self.loaded[path] = _Loaded(document, parsed.kind)
        return self.loaded[path]

    def _resolve(self, origin: str, reference: Reference) -> Document | Problem | None:
        if reference.path is None:
            known = self.held.get(reference.digest or "")
            if known is None:
                message = "only a digest is given, and no document with it is at hand"
                return Problem(
                    "unresolved-reference", reference.pointer, message, "OTB-DOC-019", severity="warning"
                )
            return self._checked(reference, _Loaded(known, known.kind))
        target = _joined(origin, reference.path)
        pointer = f"{reference.pointer}/path"
        if target is None:
            message = f"{shown(reference.path)} is not a path inside the folder of the first document"
            return Problem("unsafe-path", pointer, message, _UNSAFE)
        if target in self.loading:
            message = f"{shown(reference.path)} leads back to a document that refers to it"
            return Problem("reference-cycle", pointer, message, "OTB-DOC-019")
        if target not in self.loaded:
            try:
                self._load_other(target)
            except CannotFetch as failure:
                requirement = _UNSAFE if failure.code == "unsafe-path" else "OTB-DOC-019"
                return Problem(failure.code, pointer, failure.message, requirement)
        return self._checked(reference, self.loaded[target])

    def _load_other(self, target: str) -> None:
        raw = self.fetch(target)
        self.total_bytes += len(raw)
        if len(self.loading) > _LONGEST_CHAIN:
            raise CannotFetch("too-deep", f"more than {_LONGEST_CHAIN} documents that refer to each other")
        if self.total_bytes > _TOTAL_BYTES or len(self.loaded) + len(self.loading) >= _MOST_DOCUMENTS:
            raise CannotFetch(
                "too-large", f"more than {_MOST_DOCUMENTS} documents or {_TOTAL_BYTES} bytes in all"
            )
        self.load(target, raw, None)

    def _checked(self, reference: Reference, loaded: _Loaded) -> Document | Problem | None:
        if loaded.kind is not None and loaded.kind != reference.kind:
            message = f"names a document of kind `{loaded.kind}`, expected `{reference.kind}`"
            return Problem("wrong-kind", reference.pointer, message, "OTB-DOC-019")
        if loaded.document is None:
            return None
        if reference.digest not in (None, loaded.document.digest):
            message = f"the document there has the digest `{loaded.document.digest}`"
            return Problem("digest-mismatch", f"{reference.pointer}/digest", message, "OTB-DOC-028")
        return loaded.document


def load_documents(
    path: str,
    fetch: Fetch,
    *,
    kind: str | None = None,
    held: Mapping[str, Document] | None = None,
    by_stage: bool = False,
) -> tuple[Document | None, tuple[Problem, ...]]:
    """Return the document at `path` with every document that it refers to, or None and all their problems.

    Args:
        path: of the first document; only its last part is given to `fetch`.
        fetch: returns the bytes at a path relative to the first document's folder.
        kind: what the first document must be.
        held: documents at hand, by digest, for references that give no path.
        by_stage: of each document answer the problems of the first stage alone that has any (OTB-DOC-031),
            not all that can be told.

    Returns:
        The document, its `references` filled in, or None when any problem is an error; a reference that
        nobody holds is a warning, and left out. The problems of the first document come first, in document
        order, each with its file.

    Raises:
        CannotFetch: the first document itself cannot be had.

    Source: spec/10-documents.md OTB-DOC-018, OTB-DOC-019, OTB-DOC-028.
    """
    folder, name = _split(path)
    loader = _Loader(fetch, folder, held or {}, by_stage=by_stage)
    loaded = loader.load(name, fetch(name), kind)
    return loaded.document, tuple(loader.problems)


def _split(path: str) -> tuple[str, str]:
    cut = path.rfind("/") + 1
    return path[:cut], path[cut:]


def _joined(origin: str, path: str) -> str | None:
    """Return `path`, named by the document at `origin`, from the first document's folder; None outside it."""
    if path.startswith("/") or "\\" in path or "\0" in path or _SCHEME.match(path):
        return None
    steps: list[str] = origin.split("/")[:-1]
    for step in path.split("/"):
        if step == "..":
            if not steps:
                return None
            steps.pop()
        elif step not in ("", "."):
            steps.append(step)
    return "/".join(steps) or None


def _in_order(parsed: Parsed, failed: list[Problem], raw: bytes, file: str) -> list[Problem]:
    """Return the problems of a text and of its references in document order."""
    if not failed:
        return list(parsed.problems)
    return in_document_order([*parsed.problems, *placed_in(raw, file, failed)], parsed.data)
