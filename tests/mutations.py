"""Mutations of documents: what authors and programs get wrong, at every place of a document."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from hypothesis import strategies as st

Path = tuple[str | int, ...]

# Names that a document does not know, some of which Python or pydantic do.
ODD_NAMES = (
    "nobody_knows",
    "Odd Key",
    "é",
    "from_",
    "not_",
    "root",
    "model_extra",
    "AT_LEAST",
    "a.b",
    "a\n",
    "",
)

INTEGERS = (0, 1, -1, 2, 8, 9, 16, 17, 20, 21, 1_000_001, 10**12, 10**12 + 1)
WIDE_INTEGERS = (2**31 - 1, 2**31, -(2**31), -(2**31) - 1, 2**53 - 1, 2**53, 2**63, 2**64, -(2**53))
TEXTS = (
    "",
    "a",
    "A",
    "0",
    "1",
    "1.0",
    "1.0\n",
    "01",
    "-1",
    "1e3",
    "1.0000000000001",
    "9" * 30 + "." + "9" * 12,
    "9" * 31,
    "\u0661",
    "a b",
    "a/b",
    "@a",
    "x\u202ey",
    "a\x00",
    "2026-02-30",
    "2026-11-23T24:00:00Z",
    "P1M",
    "24:00",
    "true",
    "null",
)
LENGTHS = (64, 65, 128, 129, 253, 254, 256, 257, 1024, 1025, 4096, 4097)
CONTAINERS: tuple[Any, ...] = (
    [],
    {},
    [[]],
    ["a", "a"],
    [1, True],
    [True, True],
    {"a": 1},
    {"cost": 1},
    {"by": 1},
)


def places(data: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Yield every value in `data` with the way to it, the whole first."""
    yield path, data
    items: Any = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, item in items:
        yield from places(item, (*path, key))


def replaced(data: Any, path: Path, value: Any) -> Any:
    """Return `data` with `value` at `path`; only what holds it is copied."""
    if not path:
        return value
    copy = dict(data) if isinstance(data, dict) else list(data)
    copy[path[0]] = replaced(data[path[0]], path[1:], value)
    return copy


def fragments(documents: Any) -> dict[str | int, list[Any]]:
    """Return all values that stand in `documents`, each once, by the key that they stand under."""
    found: dict[str | int, dict[str, Any]] = {}
    for document in documents:
        for path, value in places(document):
            found.setdefault(path[-1] if path else "", {})[json.dumps(value, sort_keys=True)] = value
    return {key: list(values.values()) for key, values in found.items()}


def wrong_values(value: Any, *, wide: bool = True) -> Iterator[Any]:
    """Yield what might stand in the place of `value`, right or wrong.

    Args:
        wide: also what needs many tries to matter, such as every length at which a text may end.
    """
    yield from (None, True, False, [value], {"x": value})
    yield from INTEGERS if wide else INTEGERS[:4]
    if wide:
        yield from (*WIDE_INTEGERS, *TEXTS, *CONTAINERS)
    if isinstance(value, str):
        yield from (
            f"{value}\n",
            f" {value}",
            f"{value}x",
            f"0{value}",
            f"-{value}",
            f"{value}.5",
            value.swapcase(),
        )
        yield from (value[:-1], f"{value}\u0661", f"{value}-", f"{value}.", f"{value}\u202e")
        if wide:
            yield from (f"{value}{'a' * (length - len(value))}" for length in LENGTHS if length > len(value))
    elif type(value) is int:
        yield from (value + 1, -value, str(value))
    elif isinstance(value, list):
        yield from ([], value + value, value[:1], value[1:], [*value, None], [*value, 1], [*value, "A b"])
        yield from ([1, True], [0, False, "0"], ["a", "a"])
    elif isinstance(value, dict):
        yield {}
        yield from ({name: item for name, item in value.items() if name != dropped} for dropped in value)
        yield from ({**value, name: "a"} for name in (ODD_NAMES if wide else ODD_NAMES[:4]))
        yield from ({name: item} for name, item in value.items())


def mutated(by_key: dict[str | int, list[Any]]) -> Callable[[Any], st.SearchStrategy[Any]]:
    """Return what makes of a document the strategy of it after one mutation; values come from `by_key` too."""
    names = sorted(key for key in by_key if isinstance(key, str) and key)
    every = [value for values in by_key.values() for value in values]

    @st.composite
    def mutation(draw: st.DrawFn, data: Any) -> Any:
        path, value = draw(st.sampled_from(list(places(data))))
        kin = by_key.get(path[-1] if path else "", every)
        choices = [st.sampled_from(list(wrong_values(value))), st.sampled_from(kin), st.sampled_from(every)]
        if isinstance(value, dict):
            # A field that belongs elsewhere, or that excludes another here.
            name = draw(st.sampled_from(names))
            choices.append(st.sampled_from(by_key[name]).map(lambda item: {**value, name: item}))
        return replaced(data, path, draw(st.one_of(choices)))

    return mutation
