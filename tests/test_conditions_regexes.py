"""I-Regexp (RFC 9485): what is read, what is refused, and that time stays linear."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opentokenbudget.conditions.regexes import InvalidRegex, regex_test, translated


@pytest.fixture(autouse=True)
def _read_anew() -> None:
    """What is remembered of patterns is forgotten, so that each test sees them read."""
    regex_test.cache_clear()


@pytest.mark.parametrize(
    ("pattern", "text", "matches"),
    [
        ("", "", True),
        ("", "a", False),
        ("abc", "abc", True),
        ("abc", "abcd", False),
        ("a|bc|", "", True),
        ("a|bc", "bc", True),
        ("a(b|c)*d", "abcbd", True),
        ("a{2}", "aa", True),
        ("a{2,}", "aaaa", True),
        ("a{2,3}", "aaaa", False),
        ("a{02}", "aa", True),
        ("a{0}", "", True),
        (".", "\n", False),
        (".", "\r", False),
        (".", "\u2028", True),
        (".", "\U0001f600", True),
        ("[.]", "x", False),
        ("[a-c-]", "-", True),
        ("[-a]", "-", True),
        ("[-a]", "X", False),
        ("[^a-c]", "d", True),
        ("[^a]", "\n", True),
        ("[a^]", "^", True),
        ("[$]", "$", True),
        ("[&~#]", "&", True),
        ("\\^\\.\\[\\]\\(\\)\\{\\}\\|\\*\\+\\?\\-\\\\", "^.[](){}|*+?-\\", True),
        ("\\n\\r\\t", "\n\r\t", True),
        ("[\\n-\\r]", "\u000b", True),
        ("\\p{Lu}\\p{Ll}+", "Éa", True),
        ("\\P{L}", "1", True),
        ("[\\p{N}a]+", "1a٣", True),
        ("a/b, <c>@#%&=:;!~`'\"_", "a/b, <c>@#%&=:;!~`'\"_", True),
        ("ä+", "ää", True),
        ("a", "\ud800", False),
        ("X", "X", True),
        ("[a-]", "-", True),
        ("[\\t-\\n]", "\n", True),
        ("(ab){2}", "abab", True),
        ("\\.{1000}", "." * 1000, True),
        ("(a*b?c+){333}", "c" * 333, True),
    ],
)
def test_a_pattern_matches_the_whole_text(pattern, text, matches):
    """A pattern of RFC 9485 matches from the first character to the last, or not at all."""
    assert regex_test(pattern)(text) is matches


@pytest.mark.parametrize(
    "pattern",
    [
        "^a", "a$", "(?:a)", "(?=a)", "(?P<x>a)", "(a", "a)", "[a", "[]", "[^]", "a]", "a}", "{1}", "*", "+a",
        "?", "a*?", "a++", "a{1}{2}", "a{2,1}", "a{,2}", "a{", "a{1", "a{x}", "\\d", "\\w", "\\s", "\\b",
        "\\1", "\\", "\\/", "\\pL", "\\p{Greek}", "\\p{IsL}", "\\p{C}", "\\p{Cn}", "\\p{Lx}", "\\x41",
        "[z-a]", "[a-\\p{L}]", "[a-b-c]", "[[a]]", "[a-[b]]", "[[:alpha:]]", "\\Q", "\\z", "a{1001}", "(a{100}){100}",
        "[a-\\n]", "[\\r-\\t]", "(\\.|\\n){501}", "(a*b?){501}", "(a{0}b{0}){501}",
        "a" * 257, "é" * 129, "\ud800", "(" * 60 + ")" * 60, "\\p{L}{60}", "a{99999999}",
    ],
)  # fmt: skip
def test_what_engines_do_not_agree_on_is_refused(pattern):
    """Anchors, look-around, laziness, shorthands, references, unassigned and giants are no I-Regexp."""
    with pytest.raises(InvalidRegex):
        translated(pattern)


def test_no_class_is_an_operation_on_sets():
    """What engines take for an intersection, a difference or a negation is read as characters by all of them."""
    form = translated("[a^&&b~~c]")
    assert [char for char in "a^&b~cx" if re.fullmatch(form, char)] == [*"a^&b~c"]
    assert form == "[a\\^\\&\\&b\\~\\~c]"


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("[a", "a `[` is not closed (character 3)"),
        ("[a-", "a `[` is not closed (character 4)"),
        ("[[a]]", "`[` must be escaped in a class (character 2)"),
    ],
)
def test_a_class_that_is_not_read_is_told_with_the_character(pattern, message):
    """A refusal says what is wrong, and at which character of the pattern."""
    with pytest.raises(InvalidRegex, match=f"^{re.escape(message)}$"):
        translated(pattern)


@settings(max_examples=400, deadline=None)
@given(
    st.text(alphabet="ab()[]|*+?{}12,-.\\^pL", max_size=10),
    st.lists(st.text(alphabet="ab1-.\n", max_size=6), min_size=1, max_size=5),
)
def test_patterns_that_are_read_mean_what_python_says(pattern, texts):
    """A pattern that is accepted matches what Python's engine says of it, and never fails late."""
    try:
        form = translated(pattern)
    except InvalidRegex:
        return
    test = regex_test(pattern)
    if "\\p" not in form and "\\P" not in form:
        for text in texts:
            assert test(text) is (re.fullmatch(form, text) is not None)


def test_a_hostile_pattern_takes_linear_time():
    """Nested repetition does not blow up on a text that nearly matches."""
    assert regex_test("(a*)*b")("a" * 200_000) is False
    assert regex_test("(a|a)*(a|b)*c")("ab" * 100_000) is False
    assert regex_test("(\\p{L}?){50}")("é" * 100_000) is False
