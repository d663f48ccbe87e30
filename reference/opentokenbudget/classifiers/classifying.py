"""A policy's list of classifiers: per attribute, the first that is sure gives it.

Kinds: `keywords` (sure, with confidence 1, when a phrase occurs), `external` (the request brings value and
confidence under the classifier's id; sure from `min_confidence` on) and `otherwise` (always sure,
with confidence 0:
"no signal" is an answer of its own).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple, final

from ..amounts import PICO, parse_decimal
from ..problems import Problem, ProblemError
from .keywords import SPACE, Entry, Keywords

Reason = Literal["won", "skipped-given", "not-reached", "not-sure", "no-signal"]


class Classification(NamedTuple):
    """A value that a classifier gives; `confidence` in units of 10⁻¹²."""

    value: str
    confidence: int
    classifier: str


class Step(NamedTuple):
    """What became of a classifier, with its confidence (units of 10⁻¹²) where it had one.

    Reasons: `won`; `skipped-given` (the request has the attribute), `not-reached` (an earlier one won),
    `not-sure` (below `min_confidence`), `no-signal` (it had nothing to say).
    """

    classifier: str
    attribute: str
    reason: Reason
    confidence: int | None = None


class _Classifier(NamedTuple):
    id: str
    gives: str
    min_confidence: int
    keywords: Keywords | None
    otherwise: str | None

    def answer(self, text: str | None, classifications: Mapping[str, Any]) -> tuple[str, int] | None:
        """Return value and confidence, or None for no signal."""
        if self.otherwise is not None:
            return self.otherwise, 0
        if self.keywords is not None:
            value = self.keywords.first(text) if text else None
            return None if value is None else (value, PICO)
        brought = classifications.get(self.id)
        return None if brought is None else (brought["value"], parse_decimal(brought["confidence"]))

    def is_sure(self, confidence: int) -> bool:
        return self.otherwise is not None or confidence >= self.min_confidence


@final
class Classifiers:
    """Classifiers in order, ready to be asked.

    Attributes:
        gives: the attributes that they give, in order of first mention.
    """

    __slots__ = ("_list", "gives")

    def __init__(self, classifiers: Sequence[_Classifier]) -> None:
        self._list = tuple(classifiers)
        self.gives = tuple(dict.fromkeys(classifier.gives for classifier in classifiers))

    def classify(
        self, text: str | None, classifications: Mapping[str, Any] | None, given: Mapping[str, object]
    ) -> dict[str, Classification]:
        """Return, by attribute, what the first sure classifier says.

        Args:
            text: of the request, None when it has none.
            classifications: what the request brings for `external` ones: id to `{value, confidence}`.
            given: the attributes of the request; these are not classified and not in the answer.
        """
        found: dict[str, Classification] = {}
        for classifier in self._list:
            if classifier.gives in found or given.get(classifier.gives) is not None:
                continue
            answer = classifier.answer(text, classifications or {})
            if answer is not None and classifier.is_sure(answer[1]):
                found[classifier.gives] = Classification(*answer, classifier.id)
        return found

    def explain(
        self, text: str | None, classifications: Mapping[str, Any] | None, given: Mapping[str, object]
    ) -> tuple[Step, ...]:
        """Return what became of every classifier, in order; the arguments are those of `classify`."""
        steps: list[Step] = []
        won: set[str] = set()
        for classifier in self._list:
            name = classifier.gives
            if given.get(name) is not None:
                steps.append(Step(classifier.id, name, "skipped-given"))
                continue
            if name in won:
                steps.append(Step(classifier.id, name, "not-reached"))
                continue
            answer = classifier.answer(text, classifications or {})
            if answer is None:
                steps.append(Step(classifier.id, name, "no-signal"))
            elif classifier.is_sure(answer[1]):
                won.add(name)
                steps.append(Step(classifier.id, name, "won", answer[1]))
            else:
                steps.append(Step(classifier.id, name, "not-sure", answer[1]))
        return tuple(steps)


def compile_classifiers(data: Sequence[Mapping[str, Any]], pointer: str = "/classifiers") -> Classifiers:
    """Return the classifiers of a policy, ready to be asked.

    Args:
        data: the checked list of the policy.
        pointer: where it stands.

    Raises:
        ProblemError: `unsupported-feature` for an artefact or clusters, `bad-keyword`.
    """
    found = classifier_problems(data, pointer)
    if found:
        raise ProblemError(found)
    return Classifiers([_classifier(entry) for entry in data])


def classifier_problems(
    data: Sequence[Mapping[str, Any]], pointer: str = "/classifiers"
) -> tuple[Problem, ...]:
    """Return what keeps the classifiers of a policy from running, beyond the schema, in document order."""
    found: list[Problem] = []
    for index, entry in enumerate(data):
        where = f"{pointer}/{index}"
        for kind in ("artefact", "clusters"):
            if kind in entry:
                message = f"a classifier of kind `{kind}` cannot run yet"
                found.append(Problem("unsupported-feature", f"{where}/{kind}", message))
        found += _phrase_problems(entry.get("keywords", ()), f"{where}/keywords")
    return tuple(found)


def _phrase_problems(entries: Sequence[Mapping[str, Any]], pointer: str) -> list[Problem]:
    found: list[Problem] = []
    for position, entry in enumerate(entries):
        for index, phrase in enumerate(entry["any"]):
            where = f"{pointer}/{position}/any/{index}"
            if not phrase or phrase != phrase.strip(SPACE):
                message = f"the phrase `{phrase[:64]}` begins or ends with white space, or is empty"
                found.append(Problem("bad-keyword", where, message))
            elif any("\ud800" <= character <= "\udfff" for character in phrase):
                found.append(Problem("bad-keyword", where, "the phrase has a lone surrogate"))
    return found


def _classifier(entry: Mapping[str, Any]) -> _Classifier:
    keywords = None
    if "keywords" in entry:
        keywords = Keywords([Entry(item["of"], tuple(item["any"])) for item in entry["keywords"]])
    least = parse_decimal(entry.get("min_confidence", "0"))
    return _Classifier(entry["id"], entry["gives"], least, keywords, entry.get("otherwise"))
