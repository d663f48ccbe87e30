"""Ordinary YAML, as other programs' configurations are written: YAML 1.1 with anchors, merge keys and bare fractions.

Our own reader refuses such files, and rightly, for our own documents; this one reads what PyYAML's safe loader
reads. Nothing is executed, and the caps hold for what aliases expand to. Fractions come out as exact decimals,
days and instants as their text, keys as their text.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple

import yaml
from yaml.constructor import SafeConstructor

from opentokenbudget.documents import CAPS, Caps
from opentokenbudget.problems import Place, Problem, ProblemError

Steps = tuple[str, ...]
_TAG = "tag:yaml.org,2002:"
_SCALARS = frozenset(
    f"{_TAG}{name}" for name in ("str", "int", "float", "bool", "null", "timestamp", "value")
)
_MERGE = f"{_TAG}merge"
_LONGEST_NUMBER = 64
_LARGEST_EXPONENT = 40
_CONSTRUCTOR = SafeConstructor()


class Tree(NamedTuple):
    """What a file says.

    Attributes:
        data: dict, list, str, int, Decimal, bool, None.
        places: line and column, from 1, by the steps that lead to a value.
        warnings: keys that stand twice; the last one counts.
    """

    data: Any
    places: Mapping[Steps, tuple[int, int]]
    warnings: tuple[Problem, ...]


def read_ordinary_yaml(raw: bytes, *, file: str, caps: Caps = CAPS) -> Tree:
    """Return what the YAML in `raw` says.

    Raises:
        ProblemError: with its place: `too-large`, `not-utf-8`, `syntax-error`, `too-deep`, `too-many-nodes`,
            `tag`, `alias`, `wrong-type`, `several-documents`, `empty-document`, `bad-character`.
    """
    if len(raw) > caps.size_bytes:
        raise _problem("too-large", f"more than the {caps.size_bytes} bytes that are read", file)
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as wrong:
        line = raw.count(b"\n", 0, wrong.start) + 1
        raise _problem("not-utf-8", f"byte {wrong.start} is not UTF-8", file, line) from None
    try:
        _measure(text, file, caps)
        root = yaml.compose(text, Loader=yaml.CSafeLoader)
    except yaml.reader.ReaderError as wrong:
        line = text.count("\n", 0, wrong.position) + 1
        message = f"the character `U+{_code_point(wrong.character):04X}` may not stand in YAML text"
        raise _problem("bad-character", message, file, line) from None
    except yaml.MarkedYAMLError as wrong:
        mark = wrong.problem_mark
        said = str(wrong.problem or "not YAML")
        message = said[:1].lower() + said[1:200]
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        raise _problem("syntax-error", message, file, line, column) from None
    if root is None:
        raise _problem("empty-document", "there is nothing in the file", file)
    return _Builder(file, caps).tree(root)


def _measure(text: str, file: str, caps: Caps) -> None:
    """Refuse what is too deep or too much before anything is composed: the C composer recurses."""
    depth = nodes = documents = 0
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        if isinstance(event, yaml.DocumentStartEvent):
            documents += 1
            if documents > 1:
                raise _problem(
                    "several-documents", "a second document begins here", file, *_at(event.start_mark)
                )
        elif isinstance(event, yaml.NodeEvent):
            nodes += 1
            if nodes > caps.nodes:
                raise _too_many(file, caps, event.start_mark)
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
                if depth > caps.depth:
                    raise _too_deep(file, caps, event.start_mark)
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


class _Builder:
    """Builds plain data from composed nodes; an alias counts for all that it stands for."""

    def __init__(self, file: str, caps: Caps) -> None:
        self.file = file
        self.caps = caps
        self.nodes = 0
        self.places: dict[Steps, tuple[int, int]] = {}
        self.warnings: list[Problem] = []
        self.open: list[int] = []

    def tree(self, root: yaml.Node) -> Tree:
        return Tree(self.value(root, ()), self.places, tuple(self.warnings))

    def value(self, node: yaml.Node, steps: Steps) -> Any:
        self.nodes += 1
        if self.nodes > self.caps.nodes:
            raise _too_many(self.file, self.caps, node.start_mark)
        self.places[steps] = _at(node.start_mark)
        if isinstance(node, yaml.ScalarNode):
            return self.scalar(node)
        expected = "map" if isinstance(node, yaml.MappingNode) else "seq"
        if node.tag != _TAG + expected:
            raise self.tag(node)
        if id(node) in self.open:
            message = "an alias leads back to what contains it"
            raise _problem("alias", message, self.file, *_at(node.start_mark))
        if len(self.open) >= self.caps.depth:
            raise _too_deep(self.file, self.caps, node.start_mark)
        self.open.append(id(node))
        built: Any
        if isinstance(node, yaml.MappingNode):
            built = {key: self.value(item, (*steps, key)) for key, item in self.members(node, steps).items()}
        else:
            built = [self.value(item, (*steps, str(number))) for number, item in enumerate(node.value)]
        self.open.pop()
        return built

    def members(self, node: yaml.MappingNode, steps: Steps) -> dict[str, yaml.Node]:
        """Return the members of a mapping, merged ones first, so that its own keys win."""
        own: dict[str, yaml.Node] = {}
        merged: dict[str, yaml.Node] = {}
        for key, item in node.value:
            if isinstance(key, yaml.ScalarNode) and key.tag == _MERGE:
                for name, value in self.merged(item, steps):
                    merged.setdefault(name, value)
                continue
            name = self.key(key)
            if name in own:
                message = f"`{name[:60]}` stands twice: the last one counts, as it does for other readers"
                place = Place(self.file, *_at(key.start_mark))
                pointer = "".join(f"/{_escaped(step)}" for step in (*steps, name))
                self.warnings.append(
                    Problem("duplicate-key", pointer, message, severity="warning", place=place)
                )
            own[name] = item
        return {**merged, **own}

    def merged(self, node: yaml.Node, steps: Steps) -> Iterator[tuple[str, yaml.Node]]:
        sources = node.value if isinstance(node, yaml.SequenceNode) else [node]
        for source in sources:
            if not isinstance(source, yaml.MappingNode):
                message = "what is merged has to be a mapping"
                raise _problem("merge-key", message, self.file, *_at(source.start_mark))
            if id(source) in self.open or len(self.open) >= self.caps.depth:
                raise _problem(
                    "alias", "an alias leads back to what contains it", self.file, *_at(node.start_mark)
                )
            self.nodes += len(source.value)
            if self.nodes > self.caps.nodes:
                raise _too_many(self.file, self.caps, node.start_mark)
            self.open.append(id(source))
            yield from self.members(source, steps).items()
            self.open.pop()

    def key(self, node: yaml.Node) -> str:
        if not isinstance(node, yaml.ScalarNode):
            raise _problem("wrong-type", "a key has to be a word", self.file, *_at(node.start_mark))
        if len(node.value) > self.caps.key_length:
            message = f"a key of more than {self.caps.key_length} characters"
            raise _problem("too-large", message, self.file, *_at(node.start_mark))
        return str(node.value)

    def scalar(self, node: yaml.ScalarNode) -> Any:
        if node.tag not in _SCALARS:
            raise self.tag(node)
        text = node.value
        match node.tag.removeprefix(_TAG):
            case "null":
                return None
            case "bool":
                return SafeConstructor.bool_values.get(text.lower(), text)
            case "int" if len(text) <= _LONGEST_NUMBER:
                with contextlib.suppress(ValueError):
                    return _CONSTRUCTOR.construct_yaml_int(node)
            case "float" if len(text) <= _LONGEST_NUMBER:
                return _fraction(text, node)
        return text

    def tag(self, node: yaml.Node) -> ProblemError:
        message = f"the tag `{node.tag.removeprefix(_TAG)[:60]}` is nothing that a configuration needs"
        return _problem("tag", message, self.file, *_at(node.start_mark))


def decimal_of(text: str) -> Decimal | None:
    """Return the number that `text` writes, within bounds that can be computed with, or None."""
    if len(text) > _LONGEST_NUMBER:
        return None
    try:
        number = Decimal(text.replace("_", ""))
    except InvalidOperation:
        return None
    if not number.is_finite() or abs(number.adjusted()) > _LARGEST_EXPONENT:
        return None
    return number


def _fraction(text: str, node: yaml.ScalarNode) -> Any:
    if ":" in text:
        number = _CONSTRUCTOR.construct_yaml_float(node)
        return Decimal(str(number))
    found = decimal_of(text)
    return text if found is None else found


def _at(mark: Any) -> tuple[int, int]:
    return mark.line + 1, mark.column + 1


def _escaped(step: str) -> str:
    return step.replace("~", "~0").replace("/", "~1")


def _code_point(character: Any) -> int:
    return character if isinstance(character, int) else ord(str(character)[:1] or "\0")


def _too_many(file: str, caps: Caps, mark: Any) -> ProblemError:
    return _problem(
        "too-many-nodes", f"more than {caps.nodes} values, aliases counted in full", file, *_at(mark)
    )


def _too_deep(file: str, caps: Caps, mark: Any) -> ProblemError:
    return _problem("too-deep", f"more than {caps.depth} levels", file, *_at(mark))


def _problem(code: str, message: str, file: str, line: int = 1, column: int = 1) -> ProblemError:
    return ProblemError(Problem(code, "", message, place=Place(file, line, column)))
