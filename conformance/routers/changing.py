"""Faulty routers: the reference with one known bug each, made by small changes of its text.

A router is data (`<id>.yaml`, and lists of them in `mutants/<page>.yaml`). Nothing is copied to disk but schemas:
what changes of the source is compiled in memory, and imported in place of what is installed.
"""

from __future__ import annotations

import ast
import importlib
import shutil
import sys
from collections.abc import Iterable, Mapping, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import spec_from_file_location
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any, NamedTuple

import yaml

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
PACKAGE = "opentokenbudget"
SOURCE = Path("reference") / PACKAGE
SCHEMAS = Path("schemas")


class StaleChange(Exception):
    """A change no longer applies: its old text does not stand in the file exactly once."""


class Change(NamedTuple):
    """One replacement in a file of the reference or of its schemas, the path below the repository."""

    file: str
    old: str
    new: str


class Faulty(NamedTuple):
    """A router with one bug.

    Attributes:
        id: of a router the name of its file, of a mutant the requirement that it breaks.
        title: the bug in one sentence.
        source: where somebody met it; "" of a mutant.
        breaks: every requirement that must fail.
        changes: of the reference.
    """

    id: str
    title: str
    source: str
    breaks: tuple[str, ...]
    changes: tuple[Change, ...]


def load_routers(folder: Path = HERE) -> tuple[Faulty, ...]:
    """Return the routers of the zoo, by id."""
    return tuple(_router(file) for file in sorted(folder.glob("*.yaml")))


def load_mutants(folder: Path = HERE / "mutants") -> dict[str, tuple[Faulty, ...]]:
    """Return the mutants of each page of the specification that has a file of them."""
    return {file.stem: tuple(_mutants(file)) for file in sorted(folder.glob("*.yaml"))}


def changed_texts(faulty: Faulty, root: Path = ROOT) -> dict[str, str]:
    """Return the new text of each file that `faulty` changes.

    Raises:
        StaleChange: a text to be replaced does not stand in its file exactly once.
    """
    texts: dict[str, str] = {}
    for change in faulty.changes:
        text = texts.get(change.file) or (root / change.file).read_text(encoding="utf-8")
        found = text.count(change.old)
        if found != 1:
            raise StaleChange(f"{faulty.id}: `{change.old}` stands {found} times in {change.file}")
        texts[change.file] = text.replace(change.old, change.new)
    return texts


class Pristine(NamedTuple):
    """The reference as it is, imported: what a change does not touch need not be imported again.

    Attributes:
        modules: by name.
        codes: what each of them executes.
        imports: the names of those that each of them imports, anywhere in its text.
    """

    modules: Mapping[str, ModuleType]
    codes: Mapping[str, CodeType | None]
    imports: Mapping[str, frozenset[str]]

    def touched_by(self, changed: Iterable[str]) -> set[str]:
        """Return the modules that are among `changed` or import one that is touched."""
        touched: set[str] = set()
        fresh = set(changed)
        while fresh:
            touched |= fresh
            fresh = {name for name, needed in self.imports.items() if needed & fresh} - touched
        return touched


def pristine() -> Pristine:
    """Return all modules of the reference that are imported now."""
    modules = {name: module for name, module in sys.modules.items() if _ours(name)}
    files = {name: str(module.__file__) for name, module in modules.items()}
    return Pristine(
        modules,
        {name: _Loader(name, file).get_code(name) for name, file in files.items()},
        {name: _imports(Path(file), name) & modules.keys() for name, file in files.items()},
    )


def import_changed(texts: Mapping[str, str], folder: Path, known: Pristine | None = None) -> ModuleType:
    """Return `opentokenbudget.driving` of the changed reference, in place of the one imported before.

    What was imported of the other one before stays as it was, so a judge is not changed with the judged.

    Args:
        texts: the new texts by file, as `changed_texts` returns them.
        folder: an empty one, for schemas that are changed.
        known: what need not be imported again where nothing of it is touched.
    """
    sources = {_module(file): text for file, text in texts.items() if Path(file).is_relative_to(SOURCE)}
    schemas = {file: text for file, text in texts.items() if Path(file).is_relative_to(SCHEMAS)}
    for name in [name for name in sys.modules if _ours(name)]:
        _forget(name)
    if known is not None:
        touched = known.touched_by([*sources, *([f"{PACKAGE}._bundled"] if schemas else [])])
        for name, module in known.modules.items():
            if name not in touched:
                _remember(name, module)
    sys.meta_path.insert(0, _Finder(sources, {} if known is None else known.codes))
    if schemas:
        _write_schemas(schemas, folder)
        vars(importlib.import_module(f"{PACKAGE}._bundled"))["_TREE"] = folder
    return importlib.import_module(f"{PACKAGE}.driving")


def _forget(name: str) -> None:
    module = sys.modules.pop(name)
    parent, _, leaf = name.rpartition(".")
    if vars(sys.modules.get(parent, module)).get(leaf) is module:
        delattr(sys.modules[parent], leaf)


def _remember(name: str, module: ModuleType) -> None:
    sys.modules[name] = module
    parent, _, leaf = name.rpartition(".")
    if parent in sys.modules:
        setattr(sys.modules[parent], leaf, module)


def _imports(file: Path, name: str) -> frozenset[str]:
    """Return the names of the modules that the module `name` may import, and of what it takes from them."""
    package = name if file.name == "__init__.py" else name.rpartition(".")[0]
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_bytes())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            parents = package.split(".")[: len(package.split(".")) + 1 - node.level] if node.level else []
            source = ".".join([*parents, *([node.module] if node.module else [])])
            found |= {source, *(f"{source}.{alias.name}" for alias in node.names)}
    return frozenset(found)


class _Finder(MetaPathFinder):
    """Finds the modules of the reference, changed ones by their new text."""

    def __init__(self, texts: Mapping[str, str], codes: Mapping[str, CodeType | None]) -> None:
        self._texts = texts
        self._codes = codes

    def find_spec(self, name: str, path: Sequence[str] | None, target: object = None) -> ModuleSpec | None:
        if not _ours(name):
            return None
        place = ROOT / "reference" / Path(*name.split("."))
        file = place / "__init__.py" if place.is_dir() else place.with_suffix(".py")
        text, code = self._texts.get(name), self._codes.get(name)
        if text is not None:
            code = compile(text, str(file), "exec", dont_inherit=True)
        return spec_from_file_location(name, file, loader=_Loader(name, str(file), code))


class _Loader(SourceFileLoader):
    """Loads a module from code that is at hand, or else as ever."""

    def __init__(self, name: str, file: str, code: CodeType | None = None) -> None:
        super().__init__(name, file)
        self._code = code

    def get_code(self, fullname: str) -> CodeType | None:
        return self._code or super().get_code(fullname)


def _ours(name: str) -> bool:
    return name == PACKAGE or name.startswith(f"{PACKAGE}.")


def _module(file: str) -> str:
    parts = Path(file).relative_to("reference").with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _write_schemas(texts: Mapping[str, str], folder: Path) -> None:
    """Lay out `folder` as the tree in which the reference looks for its schemas."""
    shutil.copytree(ROOT / SCHEMAS, folder / SCHEMAS, ignore=shutil.ignore_patterns("examples"))
    (folder / "spec").symlink_to(ROOT / "spec")
    for file, text in texts.items():
        (folder / file).write_text(text, encoding="utf-8")


def _router(file: Path) -> Faulty:
    data = _read(file)
    if data["id"] != file.stem:
        raise ValueError(f"the id is `{data['id']}`, the file is named `{file.name}`")
    changes = tuple(Change(**change) for change in data.pop("changes"))
    return Faulty(**{**data, "breaks": tuple(data["breaks"])}, changes=changes)


def _mutants(file: Path) -> Iterable[Faulty]:
    seen: dict[str, int] = {}
    for data in _read(file):
        requirement = data["requirement"]
        seen[requirement] = seen.get(requirement, 0) + 1
        id_ = requirement if seen[requirement] == 1 else f"{requirement}.{seen[requirement]}"
        changes = tuple(Change(**change) for change in data["changes"])
        yield Faulty(id_, data["title"], "", (requirement,), changes)


def _read(file: Path) -> Any:
    with file.open(encoding="utf-8") as text:
        return yaml.load(text, Loader=yaml.CBaseLoader)
