"""One document: bytes in; a checked, frozen document or its problems, each with its place, out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple, final

from msgspec import Struct

from opentokenbudget.problems import Place, Problem

from .caps import CAPS, Caps
from .envelope import read_envelope
from .locating import Spot
from .ordering import in_document_order
from .pointers import parent_of
from .reading import Reading, locate, read
from .references import document_digest
from .validation import violations

# The reader put something else where these stand: the schema would report the one mistake a second time.
_GUESSED = frozenset(
    {"alias", "bad-character", "empty-value", "integer-too-large", "merge-key", "unquoted-decimal"}
)


@final
class Document(Struct, frozen=True, eq=False):
    """A document that its schema accepts.

    Attributes:
        kind: one of `KINDS`.
        id: its name, or "" where its kind has none.
        version: the document's own version, or "".
        data: plain data: dict, list, str, int, bool and None; decimals are still strings. Not to be changed.
        file: where it came from, for places.
        digest: over its meaning, references by their digests; "" while a reference is not resolved.
        references: by JSON pointer of the field that names it: the other document.
        raw: the bytes that it was read from.
    """

    kind: str
    id: str
    version: str
    data: dict[str, Any]
    file: str
    digest: str
    references: Mapping[str, Document]
    raw: bytes

    def __repr__(self) -> str:
        return f"Document(kind={self.kind!r}, id={self.id!r}, version={self.version!r}, file={self.file!r})"


class Parsed(NamedTuple):
    """What became of one text: its data and kind as far as they are known, and all its problems."""

    data: Any
    kind: str | None
    problems: tuple[Problem, ...]


def parse_document(
    raw: bytes, *, file: str, kind: str | None = None, caps: Caps = CAPS
) -> tuple[Document | None, tuple[Problem, ...]]:
    """Return the document in `raw`, or None and its problems in document order.

    References are not followed: `load_documents` does that.

    Args:
        raw: JSON, or YAML read as JSON, in UTF-8.
        file: its name, for places, and to tell JSON from YAML.
        kind: what it must be; needed for wire forms, which need not say their kind.
        caps: the most that it may hold.

    Source: spec/10-documents.md.
    """
    parsed = parse(raw, file=file, kind=kind, caps=caps)
    if parsed.problems or parsed.kind is None:
        return None, parsed.problems
    return document_of(parsed, raw=raw, file=file, references={}), ()


def parse(raw: bytes, *, file: str, kind: str | None, caps: Caps = CAPS, by_stage: bool = False) -> Parsed:
    """Return the data of `raw` even when it has problems, so that what it refers to can be checked too.

    Args:
        raw, file, kind, caps: as for `parse_document`.
        by_stage: problems of the text are answered alone (OTB-DOC-031).
    """
    reading = read(raw, file=file, caps=caps)
    if by_stage and reading.problems:
        return Parsed(None, None, first_stage(reading))
    if not reading.complete:
        return Parsed(None, None, reading.problems)
    envelope = read_envelope(reading.data, kind)
    found = [(problem, False) for problem in envelope.problems]
    if envelope.kind is not None:
        found += [(item.problem, item.of_key) for item in violations(reading.data, envelope.kind)]
    if not found:
        return Parsed(reading.data, envelope.kind, reading.problems)
    guessed = {problem.pointer for problem in reading.problems if problem.code in _GUESSED}
    found = [(problem, of_key) for problem, of_key in found if not _lies_below(problem.pointer, guessed)]
    places = _spots(raw, file, [problem.pointer for problem, _ in found])
    problems = [
        *reading.problems,
        *(problem.at(_place(places, problem.pointer, file, of_key=of_key)) for problem, of_key in found),
    ]
    if reading.problems:
        # The data is a guess in places: what is sure is where things stand in the text.
        problems.sort(key=lambda problem: problem.place[1:] if problem.place else (0, 0))
    else:
        problems = in_document_order(problems, reading.data)
    return Parsed(reading.data, envelope.kind, tuple(problems[: caps.problems + 1]))


def first_stage(reading: Reading) -> tuple[Problem, ...]:
    """Return the problems of a text: where it could not be read to its end, why not, and nothing else.

    Source: spec/10-documents.md OTB-DOC-033.
    """
    return reading.problems if reading.complete else reading.problems[-1:]


def document_of(parsed: Parsed, *, raw: bytes, file: str, references: Mapping[str, Document]) -> Document:
    """Return the document of a text that has no problem, with the documents that it refers to."""
    data, kind = parsed.data, parsed.kind
    assert kind is not None
    digests = {pointer: document.digest for pointer, document in references.items()}
    return Document(
        kind=kind,
        id=str(data.get("id", "")),
        version=str(data.get("version", "")),
        data=data,
        file=file,
        digest=document_digest(data, kind, digests),
        references=MappingProxyType(dict(references)),
        raw=raw,
    )


def placed(document: Document, problems: Sequence[Problem]) -> tuple[Problem, ...]:
    """Return `problems` of `document`, each with its place; those that have one keep it."""
    return placed_in(document.raw, document.file, problems)


def placed_in(raw: bytes, file: str, problems: Sequence[Problem]) -> tuple[Problem, ...]:
    """Return `problems` of the text `raw`, each with its place; those that have one keep it."""
    missing = [problem.pointer for problem in problems if problem.place is None]
    spots = _spots(raw, file, missing) if missing else {}
    return tuple(
        problem if problem.place is not None else problem.at(_place(spots, problem.pointer, file))
        for problem in problems
    )


def place_of(document: Document, pointer: str) -> Place:
    """Return where the value at `pointer` stands, or the nearest that holds it."""
    return _place(_spots(document.raw, document.file, [pointer]), pointer, document.file)


def _spots(raw: bytes, file: str, pointers: Sequence[str]) -> dict[str, Spot]:
    wanted = {""}
    for pointer in pointers:
        while pointer and pointer not in wanted:
            wanted.add(pointer)
            pointer = parent_of(pointer)
    return locate(raw, wanted, file=file)


def _place(spots: Mapping[str, Spot], pointer: str, file: str, *, of_key: bool = False) -> Place:
    exact = pointer in spots
    while pointer and pointer not in spots:
        pointer = parent_of(pointer)
    spot = spots.get(pointer, Spot((1, 1), (1, 1)))
    line, column = spot.key if of_key and exact else spot.value
    return Place(file, line, column)


def _lies_below(pointer: str, pointers: set[str]) -> bool:
    while pointer:
        if pointer in pointers:
            return True
        pointer = parent_of(pointer)
    return False
