"""Ordinary YAML: what other readers read, within bounds, and problems with places."""

from __future__ import annotations

import pytest

from opentokenbudget.importing.ordinary_yaml import read_ordinary_yaml
from opentokenbudget.problems import ProblemError


def test_bytes_that_are_no_text() -> None:
    """Bytes that are not UTF-8 are a problem with its line."""
    with pytest.raises(ProblemError) as raised:
        read_ordinary_yaml(b"a: 1\nb: \xff\n", file="x.yaml")
    assert raised.value.code == "not-utf-8"
    assert raised.value.problems[0].place == ("x.yaml", 2, 1)


def test_aliases_count_for_what_they_stand_for() -> None:
    """A text of some lines whose aliases stand for billions of values is refused in the blink of an eye."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    with pytest.raises(ProblemError) as raised:
        read_ordinary_yaml("\n".join(lines).encode(), file="x.yaml")
    assert raised.value.code == "too-many-nodes"


def test_merges_count_for_what_they_stand_for() -> None:
    """Merge keys of merge keys are bounded like aliases."""
    lines = ["a0: &a0 {k: x}"]
    lines += [f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 9)}]}}" for n in range(1, 12)]
    with pytest.raises(ProblemError) as raised:
        read_ordinary_yaml("\n".join(lines).encode(), file="x.yaml")
    assert raised.value.code == "too-many-nodes"


@pytest.mark.parametrize("text", ["[" * 100_000, "{a: " * 5_000, "- " * 50_000])
def test_depth_is_bounded(text: str) -> None:
    """What is nested too deep is refused before anything is built."""
    with pytest.raises(ProblemError) as raised:
        read_ordinary_yaml(text.encode(), file="x.yaml")
    assert raised.value.code in ("too-deep", "syntax-error")


def test_ordinary_yaml_reads_what_others_read() -> None:
    """Scalars are those of YAML 1.1, with exact fractions; merged members yield to a mapping's own."""
    text = "base: &b {x: 1, y: 2}\nd: {<<: *b, y: 3}\nf: 1.50\ne: 1e-6\ng: 2.0e+3\nh: 0x1f\n"
    text += "b: yes\nn: ~\nd2: 2026-11-23\nt: 1_000\n"
    data = read_ordinary_yaml(text.encode(), file="x.yaml").data
    assert data["d"] == {"x": 1, "y": 3}
    assert (str(data["f"]), data["e"], data["g"], data["h"]) == ("1.50", "1e-6", 2000, 31)
    assert (data["b"], data["n"], data["d2"], data["t"]) == (True, None, "2026-11-23", 1000)


def test_a_key_that_stands_twice_is_told() -> None:
    """Of two equal keys the last one counts, with a warning that has its place."""
    tree = read_ordinary_yaml(b"a: 1\nb: {c: 2, c: 3}\na: 4\n", file="x.yaml")
    assert tree.data == {"a": 4, "b": {"c": 3}}
    assert [str(problem.place) for problem in tree.warnings] != []
    assert {(problem.pointer, problem.place.line) for problem in tree.warnings if problem.place} == {
        ("/a", 3),
        ("/b/c", 2),
    }
