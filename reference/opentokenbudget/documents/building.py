"""From events to plain data (dict, list, str, int, bool, None), with every flaw on the way.

Iterative, so that no depth of nesting can exhaust the stack; the caps are applied before anything is built.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from .caps import Caps
from .characters import is_plain, key_flaw, string_flaw, well_formed
from .events import END, FLAW, MAPPING, PLAIN, Flaw, MalformedText, Source
from .pointers import joined
from .scalars import ScalarFlaw, resolved

_CHARACTERS = "OTB-DOC-017"


class FoundFlaw(NamedTuple):
    """A flaw and where it is: JSON pointer, line and column from 1."""

    flaw: Flaw
    pointer: str
    line: int
    column: int


class Built(NamedTuple):
    """What the events say; `complete` is False when reading had to stop, and then `data` is None."""

    data: Any
    flaws: tuple[FoundFlaw, ...]
    complete: bool


class _Reader:
    """The open containers of one document, and what was wrong so far."""

    __slots__ = ("caps", "flaws", "keys", "nameless", "open", "source")

    def __init__(self, source: Source, caps: Caps) -> None:
        self.source = source
        self.caps = caps
        self.open: list[Any] = []
        self.keys: list[str | None] = []
        self.flaws: list[FoundFlaw] = []
        self.nameless: list[dict[str, Any]] = []

    def report(self, flaw: Flaw, at: Any) -> None:
        """Keep `flaw` of the value or key that comes next, at the mark `at`."""
        line, column = self.source.position(at)
        self.flaws.append(FoundFlaw(flaw, self.pointer(), line, column))
        if len(self.flaws) >= self.caps.problems:
            message = f"more than {self.caps.problems} problems: reading stops here"
            raise MalformedText(Flaw("too-many-problems", message, "OTB-DOC-013"), at)

    def pointer(self) -> str:
        """Return the pointer of the value that comes next."""
        steps: list[str | int] = []
        for depth, holder in enumerate(self.open):
            innermost = depth + 1 == len(self.open)
            key = self.keys[depth]
            if type(holder) is dict:
                if key is None:
                    break
                steps.append(key)
            else:
                steps.append(len(holder) if innermost else len(holder) - 1)
        return joined(steps)

    def member(self) -> str | None:
        """Return the key under which the next value stands, through lists."""
        for holder, key in zip(reversed(self.open), reversed(self.keys), strict=True):
            if type(holder) is dict:
                return key
        return None


def build(source: Source, caps: Caps) -> Built:
    """Return the data that the events of `source` describe, and all flaws in document order."""
    reader = _Reader(source, caps)
    try:
        data = _read(reader)
    except MalformedText as stop:
        line, column = (1, 1) if stop.at is None else source.position(stop.at)
        reader.flaws.append(FoundFlaw(stop.flaw, "", line, column))
        return Built(None, tuple(reader.flaws), complete=False)
    return Built(data, tuple(reader.flaws), complete=True)


def _read(reader: _Reader) -> Any:
    """Return the data of all events; a key that is given twice keeps its last value, an empty one none."""
    open_, keys, caps = reader.open, reader.keys, reader.caps
    root: list[Any] = []
    holder: Any = root
    key: str | None = None
    is_mapping = False
    nodes, nodes_cap = 0, caps.nodes
    for what, text, at in reader.source.events:
        if what == FLAW:
            reader.report(text, at)
            continue
        if what == END:
            open_.pop()
            keys.pop()
            holder, key = (open_[-1], None) if open_ else (root, None)
            is_mapping = type(holder) is dict
            if is_mapping:
                keys[-1] = None
            continue
        nodes += 1
        if nodes > nodes_cap:
            message = f"more than {nodes_cap} keys and values"
            raise MalformedText(Flaw("too-many-nodes", message, "OTB-DOC-013"), at)
        if is_mapping and key is None:
            key = _key(reader, what, text, at)
            keys[-1] = key
            continue
        value: Any
        if what == PLAIN:
            value = resolved(text)
            if type(value) is ScalarFlaw:
                reader.report(Flaw(value.code, value.message, value.requirement), at)
                value = value.value
            elif type(value) is str and not is_plain(value):
                value = _checked(reader, value, at)
        elif text is None:
            value = {} if what == MAPPING else []
            if len(open_) >= caps.depth:
                message = f"more than {caps.depth} containers inside each other"
                raise MalformedText(Flaw("too-deep", message, "OTB-DOC-013"), at)
        else:
            value = text if is_plain(text) else _checked(reader, text, at)
        if is_mapping:
            holder[key] = value
        else:
            holder.append(value)
        if text is None:
            open_.append(value)
            keys.append(None)
            holder, key, is_mapping = value, None, what == MAPPING
        elif is_mapping:
            key = keys[-1] = None
    if not root:
        raise MalformedText(Flaw("empty-document", "there is no document here", "OTB-DOC-001"), None)
    for mapping in reader.nameless:
        mapping.pop("", None)
    return root[0]


def _key(reader: _Reader, what: int, text: Any, at: Any) -> str:
    """Return the key at `at`, always a string; its flaws are those of the member that it names."""
    if text is None:
        raise MalformedText(
            Flaw("bad-key", "a mapping or a list stands as a key: keys are strings", "OTB-DOC-010"), at
        )
    key: str = text
    if len(key) > reader.caps.key_length:
        message = f"a key of more than {reader.caps.key_length} characters"
        raise MalformedText(Flaw("too-large", message, "OTB-DOC-013"), at)
    reader.keys[-1] = key
    if not key:
        reader.report(Flaw("bad-key", "the key is empty", "OTB-DOC-010"), at)
        reader.nameless.append(reader.open[-1])
    elif what == PLAIN and key == "<<":
        reader.report(
            Flaw("merge-key", "the merge key `<<` is not part of JSON: write the members out", "OTB-DOC-012"),
            at,
        )
    elif not is_plain(key):
        found = key_flaw(key)
        if found is not None:
            key = reader.keys[-1] = well_formed(key)
            reader.report(Flaw(found.code, found.message, _CHARACTERS), at)
    if key in reader.open[-1]:
        reader.report(Flaw("duplicate-key", "the key is given twice in this mapping", "OTB-DOC-011"), at)
    return key


def _checked(reader: _Reader, text: str, at: Any) -> str:
    found = string_flaw(text, reader.member())
    if found is None:
        return text
    reader.report(Flaw(found.code, found.message, _CHARACTERS), at)
    return well_formed(text)
