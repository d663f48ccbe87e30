"""YAML as events: the C parser of libyaml, its events only.

Nothing is composed or constructed: anchors, tags and aliases are seen as they pass and never followed.
A line that begins with `%` is refused before parsing (libyaml compares every directive with all before it).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import yaml
from yaml.cyaml import CParser  # type: ignore[attr-defined]

from .events import END, FLAW, MAPPING, PLAIN, QUOTED, SEQUENCE, Flaw, MalformedText, Source

_DIRECTIVE = re.compile(r"(?:\A|[\r\n])%")
# Line breaks of YAML 1.1 that JSON does not know, what libyaml refuses, and what hides the order of reading.
_REFUSED = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff\ufffe\uffff]"
)
_FORBIDDEN = "OTB-DOC-012"
_WORDING = {
    "found character that cannot start any token": "found a character that cannot begin a value; "
    "a tab cannot indent, and text that begins with a sign such as `@`, `` ` `` or `%` needs quotes",
    "mapping values are not allowed in this context": "a `:` stands where no key can be; "
    "text with `: ` in it needs quotes",
    "did not find expected key": "expected a key; the indentation or the quotes before it may be wrong",
    "could not find expected ':'": "a key without its `:`",
    "did not find expected node content": "expected a value",
    "did not find expected <document start>": "expected the end of the document",
    "found unexpected end of stream": "the quoted text that begins here does not end",
    "found unexpected document indicator": "the quoted text that begins here does not end",
    "found invalid Unicode character escape code": "an escape names half of a surrogate pair or no character",
}
_NO_TAG_OR_ANCHOR = "is not part of JSON: write the value out"


def yaml_source(text: str) -> Source:
    """Return the events of the YAML `text`.

    Raises, while the events are read:
        MalformedText: not YAML, a directive, a second document, a complex key.

    Source: spec/10-documents.md OTB-DOC-001, OTB-DOC-012.
    """
    return Source(_events(text), lambda at: _position(text, at))


def _position(text: str, at: Any) -> tuple[int, int]:
    if isinstance(at, int):
        line_start = max(text.rfind("\n", 0, at), text.rfind("\r", 0, at)) + 1
        before = text[:line_start]
        return before.count("\n") + before.count("\r") - before.count("\r\n") + 1, at - line_start + 1
    return at.line + 1, at.column + 1


def _events(text: str) -> Iterator[tuple[int, Any, Any]]:
    if not text.isascii():
        refused = _REFUSED.search(text)
        if refused:
            raise MalformedText(_refused(refused[0]), refused.start())
    if "%" in text:
        directive = _DIRECTIVE.search(text)
        if directive:
            raise MalformedText(
                Flaw("directive", "a line begins with `%`: directives are not allowed", _FORBIDDEN),
                directive.end() - 1,
            )
    parser = CParser(text)
    try:
        yield from _translated(parser)
    except yaml.reader.ReaderError:
        refused = _REFUSED.search(text)
        at = refused.start() if refused else 0
        raise MalformedText(_refused(text[at : at + 1]), at) from None
    except yaml.MarkedYAMLError as error:
        begins_earlier = error.context_mark is not None and str(error.context).endswith("quoted scalar")
        mark = (
            error.context_mark
            if begins_earlier and "escape" not in str(error.problem)
            else error.problem_mark
        )
        raise MalformedText(_syntax(error), mark if mark is not None else len(text)) from None


def _translated(parser: Any) -> Iterator[tuple[int, Any, Any]]:
    scalar, mapping, sequence = yaml.ScalarEvent, yaml.MappingStartEvent, yaml.SequenceStartEvent
    next_event = parser.get_event
    documents = 0
    while (event := next_event()) is not None:
        kind = type(event)
        if kind is scalar:
            if event.tag is not None or event.anchor is not None:
                yield _marked(event)
            # The text of the style is None or "" for a plain scalar.
            yield (QUOTED if event.style else PLAIN), event.value, event.start_mark
        elif kind is mapping or kind is sequence:
            if event.tag is not None or event.anchor is not None:
                yield _marked(event)
            yield (MAPPING if kind is mapping else SEQUENCE), None, event.start_mark
        elif kind is yaml.MappingEndEvent or kind is yaml.SequenceEndEvent:
            yield END, None, event.start_mark
        elif kind is yaml.AliasEvent:
            flaw = Flaw("alias", f"the alias `*{event.anchor[:60]}` {_NO_TAG_OR_ANCHOR}", _FORBIDDEN)
            yield FLAW, flaw, event.start_mark
            yield QUOTED, f"*{event.anchor}", event.start_mark
        elif kind is yaml.DocumentStartEvent:
            documents += 1
            if documents > 1:
                flaw = Flaw(
                    "several-documents", "a second document begins here: one file holds one", "OTB-DOC-001"
                )
                raise MalformedText(flaw, event.start_mark)


def _marked(event: Any) -> tuple[int, Any, Any]:
    if event.tag is not None:
        flaw = Flaw("tag", f"the tag `{event.tag[:60]}` {_NO_TAG_OR_ANCHOR}", _FORBIDDEN)
    else:
        flaw = Flaw("anchor", f"the anchor `&{event.anchor[:60]}` {_NO_TAG_OR_ANCHOR}", _FORBIDDEN)
    return FLAW, flaw, event.start_mark


def _refused(character: str) -> Flaw:
    name = f"`U+{ord(character):04X}`" if character else "that"
    message = f"the character {name} may not stand in YAML text: write it as an escape in a quoted string"
    return Flaw("bad-character", message, "OTB-DOC-016")


def _syntax(error: yaml.MarkedYAMLError) -> Flaw:
    problem = str(error.problem or "not YAML")
    return Flaw("syntax-error", _WORDING.get(problem, problem[:1].lower() + problem[1:200]), "OTB-DOC-001")
