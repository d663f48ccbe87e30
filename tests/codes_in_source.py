"""The problem codes that the packages can emit, read from their source.

A code is whatever stands where some function takes a parameter called `code`: such functions and classes are
found first, then what each call gives them. A name is followed to what is assigned to it, a table to its values.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent
PACKAGES = (
    ROOT / "reference" / "opentokenbudget",
    ROOT / "conformance" / "opentokenbudget_conformance",
)


class Module(NamedTuple):
    """One source file, by its room: the folder, or the file itself at the top."""

    path: Path
    room: Path
    tree: ast.Module


def modules() -> list[Module]:
    """Return every module of the packages."""
    return [
        Module(path, path.parent, ast.parse(path.read_text(encoding="utf-8")))
        for package in PACKAGES
        for path in sorted(package.rglob("*.py"))
    ]


def emitted_codes() -> dict[str, str]:
    """Return by code one place, `file:line`, that emits it."""
    found: dict[str, str] = {}
    sources = modules()
    takers = _takers(sources)
    for module in sources:
        constants = _assigned(module.tree)
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Call):
                for argument in _code_arguments(node, takers, module.room):
                    for code in _texts(argument, constants):
                        found.setdefault(code, f"{module.path.name}:{node.lineno}")
    return found


def every_text() -> set[str]:
    """Return all string constants of the packages."""
    return {
        node.value
        for module in modules()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def _takers(sources: list[Module]) -> dict[str, dict[Path, int]]:
    """Return by name of a callable that takes a `code`, and by room: its position among the arguments.

    What is called by its bare name may come from any room, a method only from its own: `add` is a word of many.
    """
    found: dict[str, dict[Path, int]] = defaultdict(dict)
    for module in sources:
        for node in ast.walk(module.tree):
            if isinstance(node, ast.ClassDef):
                fields = [
                    item.target.id
                    for item in node.body
                    if isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name)
                ]
                inits = [
                    item
                    for item in node.body
                    if isinstance(item, ast.FunctionDef) and item.name == "__init__"
                ]
                if inits:
                    fields = [argument.arg for argument in inits[0].args.args[1:]]
                if "code" in fields:
                    found[node.name][module.room] = fields.index("code")
                for item in node.body:
                    if isinstance(item, ast.FunctionDef) and item.name != "__init__":
                        names = [argument.arg for argument in item.args.args[1:]]
                        if "code" in names:
                            found["." + item.name][module.room] = names.index("code")
        for node in module.tree.body:
            if isinstance(node, ast.FunctionDef):
                names = [argument.arg for argument in node.args.args]
                if "code" in names:
                    found[node.name][module.room] = names.index("code")
    return found


def _code_arguments(call: ast.Call, takers: dict[str, dict[Path, int]], room: Path) -> Iterator[ast.expr]:
    for keyword in call.keywords:
        if keyword.arg == "code":
            yield keyword.value
    if isinstance(call.func, ast.Name):
        positions = takers.get(call.func.id, {})
        position = positions.get(room, next(iter(positions.values()), None))
    elif isinstance(call.func, ast.Attribute):
        position = takers.get("." + call.func.attr, {}).get(room)
    else:
        position = None
    if position is not None and position < len(call.args):
        yield call.args[position]


def _assigned(tree: ast.Module) -> dict[str, list[ast.expr]]:
    """Return by name what is assigned to it anywhere in the module, item by item where both sides are tuples."""
    found: dict[str, list[ast.expr]] = defaultdict(list)
    for node in ast.walk(tree):
        pairs: list[tuple[ast.expr, ast.expr]] = []
        if isinstance(node, ast.Assign):
            pairs = [(target, node.value) for target in node.targets]
        elif isinstance(node, ast.AnnAssign) and node.value is not None:
            pairs = [(node.target, node.value)]
        for target, value in pairs:
            if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
                for one, other in zip(target.elts, value.elts, strict=False):
                    if isinstance(one, ast.Name):
                        found[one.id].append(other)
            elif isinstance(target, ast.Name):
                found[target.id].append(value)
    return found


def _texts(node: ast.expr, constants: dict[str, list[ast.expr]], depth: int = 0) -> Iterator[str]:
    """Yield the strings that `node` can be, as far as that can be read."""
    if isinstance(node, ast.Constant):
        if isinstance(node.value, str) and node.value:
            yield node.value
    elif isinstance(node, ast.IfExp):
        yield from _texts(node.body, constants, depth)
        yield from _texts(node.orelse, constants, depth)
    elif isinstance(node, ast.BoolOp):
        for value in node.values:
            yield from _texts(value, constants, depth)
    elif isinstance(node, ast.Name) and depth < 3:
        for value in constants.get(node.id, ()):
            if not isinstance(value, (ast.Dict, ast.Tuple, ast.List)):
                yield from _texts(value, constants, depth + 1)
    elif isinstance(node, ast.Subscript) or (
        isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "get"
    ):
        table = node.value if isinstance(node, ast.Subscript) else node.func.value  # type: ignore[union-attr]
        if isinstance(table, ast.Name):
            for value in constants.get(table.id, ()):
                if isinstance(value, ast.Dict):
                    for one in value.values:
                        if isinstance(one, ast.Constant):
                            yield from _texts(one, constants, depth + 1)
