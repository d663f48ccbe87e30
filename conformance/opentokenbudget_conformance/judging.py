"""The judge: compares an answer with what a case expects. It computes nothing; expected values are data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from opentokenbudget.amounts import PICO, InvalidDecimal, parse_decimal


class Mismatch(NamedTuple):
    """One expectation that does not hold: its name, where it looked, what it wanted and what it found."""

    expectation: str
    pointer: str
    expected: Any
    found: Any

    def __str__(self) -> str:
        where = f"{self.expectation} {self.pointer or '(whole)'}"
        return f"{where}: expected {self.expected!r}, found {self.found!r}"


class _Absent:
    """What stands where nothing does."""

    def __repr__(self) -> str:
        return "nothing"


ABSENT = _Absent()


def judge(answer: Any, expect: Mapping[str, Any], earlier: Sequence[Any] = ()) -> list[Mismatch]:
    """Return what of `expect` does not hold for `answer`; nothing when all does.

    Args:
        answer: the router's answer to a step, as JSON data.
        expect: the step's expectations; `distribution` is judged by `judge_distribution`.
        earlier: the answers to the steps before, for `same_as`, `different_from`, `same_at` and `scaled`.
    """
    found: list[Mismatch] = []
    for name, wanted in expect.items():
        if name in _BY_POINTER:
            holds = _BY_POINTER[name]
            for pointer, value in wanted.items():
                stands = at_pointer(answer, pointer)
                if not holds(stands, value):
                    found.append(Mismatch(name, pointer, value, stands))
        elif name == "absent":
            for pointer in wanted:
                stands = at_pointer(answer, pointer)
                if stands is not ABSENT:
                    found.append(Mismatch(name, pointer, ABSENT, stands))
        elif name in ("same_as", "different_from"):
            if wanted >= len(earlier):
                found.append(Mismatch(name, "", f"an answer to step {wanted}", ABSENT))
            elif same(answer, earlier[wanted]) is not (name == "same_as"):
                found.append(Mismatch(name, "", earlier[wanted], answer))
        elif name in _AGAINST:
            found += _against(name, answer, wanted, earlier)
        elif name in _WHOLE and not _WHOLE[name](answer, wanted):
            found.append(Mismatch(name, "", wanted, answer))
    if "problems" not in expect and "problem" not in expect and "result" not in expect:
        found += _unexpected(answer, expect)
    return found


def judge_distribution(answers: Sequence[Any], expected: Mapping[str, Any]) -> list[Mismatch]:
    """Return what is wrong with how often each value stands at the pointer in `answers`."""
    pointer = expected["pointer"]
    counts = Counter(str(at_pointer(answer, pointer)) for answer in answers)
    if dict(counts) == dict(expected["counts"]):
        return []
    return [Mismatch("distribution", pointer, dict(expected["counts"]), dict(counts))]


def at_pointer(answer: Any, pointer: str) -> Any:
    """Return what stands in `answer` at the JSON pointer, or `ABSENT`."""
    here = answer
    for step in pointer.split("/")[1:]:
        key = step.replace("~1", "/").replace("~0", "~")
        if isinstance(here, Mapping) and key in here:
            here = here[key]
        elif isinstance(here, list) and key.isdigit() and int(key) < len(here):
            here = here[int(key)]
        else:
            return ABSENT
    return here


def same(one: Any, other: Any) -> bool:
    """Return whether two JSON values are equal; `true` is not `1`, and order counts in lists alone."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(same(value, other[key]) for key, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return type(one) is type(other) and bool(one == other)


def _decimal(stands: Any, value: str) -> bool:
    try:
        return isinstance(stands, str) and parse_decimal(stands) == parse_decimal(value)
    except InvalidDecimal:
        return False


def _one_of(stands: Any, values: Sequence[Any]) -> bool:
    return any(same(stands, value) for value in values)


def _set(stands: Any, members: Sequence[Any]) -> bool:
    if not isinstance(stands, list) or len(stands) != len(members):
        return False
    left = list(stands)
    for member in members:
        position = next((index for index, item in enumerate(left) if same(item, member)), None)
        if position is None:
            return False
        del left[position]
    return True


def _against(name: str, answer: Any, wanted: Mapping[str, Any], earlier: Sequence[Any]) -> Iterator[Mismatch]:
    """Yield where what stands at a pointer does not agree with what stood there in an earlier answer."""
    agrees = _AGAINST[name]
    step = wanted["step"]
    for pointer in wanted["pointers"]:
        stands = at_pointer(answer, pointer)
        before = at_pointer(earlier[step], pointer) if step < len(earlier) else ABSENT
        if not agrees(stands, before, wanted):
            expected = f"{wanted['by']} times {before}" if "by" in wanted else before
            yield Mismatch(name, pointer, expected, stands)


def _same_at(stands: Any, before: Any, _wanted: Mapping[str, Any]) -> bool:
    return stands is not ABSENT and same(stands, before)


def _scaled(stands: Any, before: Any, wanted: Mapping[str, Any]) -> bool:
    try:
        return parse_decimal(stands) * PICO == parse_decimal(before) * parse_decimal(wanted["by"])
    except (InvalidDecimal, TypeError):
        return False


def _listed(answer: Any, field: str) -> list[Any]:
    listed = at_pointer(answer, f"/{field}")
    return listed if isinstance(listed, list) else []


def _problem(answer: Any, code: str) -> bool:
    return any(at_pointer(problem, "/code") == code for problem in _listed(answer, "problems"))


def _problems(answer: Any, wanted: Sequence[Mapping[str, str]]) -> bool:
    if not isinstance(at_pointer(answer, "/problems"), list):
        return False
    found = _listed(answer, "problems")
    return len(found) == len(wanted) and all(
        all(at_pointer(problem, f"/{field}") == value for field, value in expected.items())
        for problem, expected in zip(found, wanted, strict=True)
    )


def _reason(answer: Any, code: str) -> bool:
    return code in _listed(answer, "reasons")


def _unexpected(answer: Any, expect: Mapping[str, Any]) -> list[Mismatch]:
    """Return problems that were answered although the step expects none of them."""
    problems = at_pointer(answer, "/problems")
    looks = [pointer for name in ("exact", "set", "one_of", "decimal") for pointer in expect.get(name, ())]
    # Whatever else stands there, it does not say that there are none.
    if problems is ABSENT or problems == [] or any(pointer.startswith("/problems") for pointer in looks):
        return []
    return [Mismatch("problems", "/problems", [], problems)]


_BY_POINTER: dict[str, Callable[[Any, Any], bool]] = {
    "exact": same,
    "decimal": _decimal,
    "one_of": _one_of,
    "set": _set,
}
_AGAINST: dict[str, Callable[[Any, Any, Mapping[str, Any]], bool]] = {
    "same_at": _same_at,
    "scaled": _scaled,
}
_WHOLE: dict[str, Callable[[Any, Any], bool]] = {
    "result": same,
    "problem": _problem,
    "problems": _problems,
    "reason": _reason,
}
