"""Classifiers: keywords at word boundaries, confidence brought along, and an answer for no signal."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opentokenbudget.amounts import PICO
from opentokenbudget.classifiers import Classification, Step, compile_classifiers
from opentokenbudget.classifiers.keywords import SPACE, Entry, Keywords
from opentokenbudget.problems import ProblemError

POLICY = [
    {"id": "intents", "external": True, "gives": "task", "min_confidence": "0.9"},
    {
        "id": "words",
        "gives": "task",
        "keywords": [
            {"of": "fraud", "any": ["chargeback", "stolen card"]},
            {"of": "balance", "any": ["balance"]},
        ],
    },
    {"id": "unsure", "gives": "task", "otherwise": "unknown"},
    {"id": "depth", "external": True, "gives": "depth"},
]


def classify(text=None, classifications=None, **given_attributes):
    return compile_classifiers(POLICY).classify(text, classifications, given_attributes)


@pytest.mark.parametrize(
    ("phrase", "text", "occurs"),
    [
        ("chargeback", "A CHARGEBACK!", True),
        ("chargeback", "chargebacks", False),
        ("chargeback", "a_chargeback", False),
        ("chargeback", "chargeback2", False),
        ("chargeback", "chargebacké", False),
        ("chargeback", "chargeback—now", False),
        ("chargeback", "chargeback-now", True),
        ("stolen card", "my Stolen \r\n\tCard.", True),
        ("stolen card", "stolen-card", False),
        ("stolen card", "stolencard", False),
        ("stolen  card", "stolen card", True),
        ("stolen card", "stolen\u00a0card", False),
        ("über", "über alles", True),
        ("über", "ÜBER alles", False),
        ("c++", "is c++11 out", True),
        ("c++", "objc++", False),
        ("$5", "it cost $5.", True),
        ("$5", "it cost $50", False),
        ("a b a c", "a b a b a c", True),
        ("i", "İ ı", False),
        ("k", "\u212a", False),
        ("a", "", False),
        ("a", "\ud800 a", True),
    ],
)
def test_a_phrase_occurs_at_word_boundaries(phrase, text, occurs):
    """A phrase matches whole words in either ASCII case, with any ASCII white space for a space."""
    assert Keywords([Entry("yes", (phrase,))]).first(text) == ("yes" if occurs else None)


def test_the_first_entry_wins_wherever_it_stands_in_the_text():
    """The order of the list decides, not the order of the text."""
    keywords = Keywords([Entry("a", ("late",)), Entry("b", ("early", "early bird"))])
    assert keywords.first("early bird, late worm") == "a"
    assert keywords.first("early bird") == "b"


_small = st.text(alphabet="ab_-+ é\t", max_size=12)
_phrases = _small.map(lambda text: text.strip(SPACE)).filter(bool)


@settings(max_examples=400, deadline=None)
@given(st.lists(st.lists(_phrases, min_size=1, max_size=3), min_size=1, max_size=4), _small)
def test_the_automaton_finds_what_plain_search_finds(listed, text):
    """The one pass over units answers what searching each phrase as a regular expression answers."""
    word = "[0-9A-Za-z_\u0080-\U0010ffff]"

    def occurs(phrase):
        spaced = "[ \t\n\r\f\v]+".join(re.escape(part) for part in re.split("[ \t\n\r\f\v]+", phrase))
        before = f"(?<!{word})" if re.match(word, phrase[0]) else ""
        after = f"(?!{word})" if re.match(word, phrase[-1]) else ""
        return re.search(before + spaced + after, text, re.IGNORECASE | re.ASCII) is not None

    expected = next((i for i, phrases in enumerate(listed) if any(map(occurs, phrases))), None)
    found = Keywords([Entry(str(i), tuple(phrases)) for i, phrases in enumerate(listed)]).first(text)
    assert found == (None if expected is None else str(expected))


def test_a_hostile_text_is_read_once():
    """Long runs and repetitions of half a phrase neither match nor blow up."""
    keywords = Keywords([Entry("x", ("stolen card", "a " * 100 + "b"))])
    for text in ("a" * 300_000, "stolen " * 50_000, "stolen" + " " * 300_000, "a " * 150_000, "é" * 150_000):
        assert keywords.first(text) is None


def test_the_first_sure_classifier_gives_the_attribute():
    """A brought classification wins from its least confidence on, else keywords, else `otherwise`."""
    sure = {"intents": {"value": "refund", "confidence": "0.9"}}
    unsure = {"intents": {"value": "refund", "confidence": "0.899999999999"}}
    assert classify("a chargeback", sure) == {"task": Classification("refund", 9 * PICO // 10, "intents")}
    assert classify("a chargeback", unsure) == {"task": Classification("fraud", PICO, "words")}
    assert classify("hello", unsure) == {"task": Classification("unknown", 0, "unsure")}
    assert classify() == {"task": Classification("unknown", 0, "unsure")}


def test_what_the_request_gives_is_not_classified():
    """A given attribute is absent from the answer; one that no classifier knows stays missing."""
    assert classify("a chargeback", task="balance") == {}
    brought = {"depth": {"value": "deep", "confidence": "0"}}
    assert classify(None, brought, task="balance") == {"depth": Classification("deep", 0, "depth")}


def test_every_classifier_can_say_what_became_of_it():
    """The explanation names, in order, given, no signal, unsure, won and not reached."""
    classifiers = compile_classifiers(POLICY)
    brought = {"intents": {"value": "refund", "confidence": "0.5"}}
    assert classifiers.explain("my balance", brought, {"depth": "deep"}) == (
        Step("intents", "task", "not-sure", PICO // 2),
        Step("words", "task", "won", PICO),
        Step("unsure", "task", "not-reached"),
        Step("depth", "depth", "skipped-given"),
    )
    assert classifiers.explain("hello", None, {})[:3] == (
        Step("intents", "task", "no-signal"),
        Step("words", "task", "no-signal"),
        Step("unsure", "task", "won", 0),
    )


def test_kinds_that_cannot_run_yet_are_refused():
    """An artefact, clusters and a phrase with white space at its ends are problems, all of them at once."""
    entries = [
        {"id": "a", "gives": "task", "artefact": {"path": "a.json"}},
        {"id": "b", "gives": "task", "clusters": {"path": "b.json"}},
        {"id": "c", "gives": "task", "keywords": [{"of": "x", "any": ["ok", " padded", " "]}]},
    ]
    with pytest.raises(ProblemError) as caught:
        compile_classifiers(entries)
    assert [(problem.code, problem.pointer) for problem in caught.value.problems] == [
        ("unsupported-feature", "/classifiers/0/artefact"),
        ("unsupported-feature", "/classifiers/1/clusters"),
        ("bad-keyword", "/classifiers/2/keywords/0/any/1"),
        ("bad-keyword", "/classifiers/2/keywords/0/any/2"),
    ]
