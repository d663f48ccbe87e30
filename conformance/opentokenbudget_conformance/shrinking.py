"""Makes JSON values small while something stays true of them: the same way each time, in a bounded number of tries."""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

Path = tuple[str | int, ...]
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")


def shrink(value: Any, still: Callable[[Any], bool], budget: int) -> Any:
    """Return a value at most as large as `value` of which `still` holds.

    Keys and items are left out, texts shortened, integers brought towards 0, `true` made `false`; the outermost first.

    Args:
        value: JSON data of which `still` holds. It is not changed.
        still: whether a smaller value will do; asked once at most of each.
        budget: how often `still` may be asked.

    Returns:
        The smallest value found. Nothing of it can be made smaller alone, unless the budget was used up.
    """
    tries = _Tries(still, budget)
    while True:
        smaller = _walked(value, tries)
        if tries.spent or _text(smaller) == _text(value):
            return smaller
        value = smaller


def replaced(value: Any, path: Path, by: Any) -> Any:
    """Return `value` with `by` at `path`; only what holds it is copied."""
    if not path:
        return by
    copy: Any = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = replaced(value[path[0]], path[1:], by)
    return copy


class _Tries:
    """Counts, and remembers what was tried."""

    def __init__(self, still: Callable[[Any], bool], budget: int) -> None:
        self._still = still
        self._left = budget
        self._known: dict[str, bool] = {}

    @property
    def spent(self) -> bool:
        return self._left <= 0

    def hold(self, value: Any) -> bool:
        text = _text(value)
        if text in self._known:
            return self._known[text]
        if self.spent:
            return False
        self._left -= 1
        self._known[text] = self._still(value)
        return self._known[text]


def _walked(value: Any, tries: _Tries) -> Any:
    """Return `value` after every place of it, the outermost first, was made as small as it can be."""
    pending: deque[Path] = deque([()])
    while pending and not tries.spent:
        path = pending.popleft()
        here = _at(value, path)
        holds = partial(_hold_at, tries, value, path)
        if isinstance(here, (dict, list)):
            here = _fewer(here, holds)
            pending.extend((*path, key) for key in (here if isinstance(here, dict) else range(len(here))))
        else:
            here = _simpler(here, holds)
        value = replaced(value, path, here)
    return value


def _hold_at(tries: _Tries, value: Any, path: Path, by: Any) -> bool:
    return tries.hold(replaced(value, path, by))


def _fewer(container: Any, holds: Callable[[Any], bool]) -> Any:
    """Return `container` without what can be left out: all at once, then halves, then one by one."""
    keys = list(container) if isinstance(container, dict) else list(range(len(container)))
    size = len(keys)
    while size:
        begin = 0
        while begin < len(keys):
            kept = keys[:begin] + keys[begin + size :]
            if holds(_only(container, kept)):
                keys = kept
            else:
                begin += size
        size //= 2
    return _only(container, keys)


def _only(container: Any, keys: list[Any]) -> Any:
    kept = [(key, container[key]) for key in keys]
    return dict(kept) if isinstance(container, dict) else [item for _, item in kept]


def _simpler(scalar: Any, holds: Callable[[Any], bool]) -> Any:
    if scalar is True:
        return not holds(False)
    if isinstance(scalar, int) and scalar:
        return _nearer(scalar, holds)
    if isinstance(scalar, str):
        return _shorter(scalar, holds)
    return scalar


def _nearer(number: int, holds: Callable[[Any], bool]) -> int:
    """Return the integer nearest to 0 that bisection finds."""
    if holds(0):
        return 0
    if number < 0 and holds(-number):
        number = -number
    sign = -1 if number < 0 else 1
    low, high = 0, abs(number)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(sign * middle) else (middle, high)
    return sign * high


def _shorter(text: str, holds: Callable[[Any], bool]) -> str:
    while True:
        found = next((shorter for shorter in _shorter_texts(text) if holds(shorter)), None)
        if found is None:
            return text
        text = found


def _shorter_texts(text: str) -> Iterator[str]:
    """Yield texts that are shorter than `text`, or of its length and before it."""
    half = len(text) // 2
    numbers = ("0", "1", text.partition(".")[0]) if _NUMBER.fullmatch(text) else ()
    for candidate in (*numbers, "", text[:1], text[:half], text[half:], text[:-1], text[1:]):
        if (len(candidate), candidate) < (len(text), text):
            yield candidate


def _at(value: Any, path: Path) -> Any:
    for key in path:
        value = value[key]
    return value


def _text(value: Any) -> str:
    return json.dumps(value)
