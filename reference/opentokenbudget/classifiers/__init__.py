"""From a text, or from what a request brings along, to attributes with a confidence."""

from .classifying import Classification, Classifiers, Step, classifier_problems, compile_classifiers
from .keywords import Keywords

__all__ = ["Classification", "Classifiers", "Keywords", "Step", "classifier_problems", "compile_classifiers"]
