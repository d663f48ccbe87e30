"""The conformance suite: language-neutral cases, and what holds a router against them."""

from .asking import Asked, Driven, Fault, Question, Result, Skipped
from .cases import Case, Step, load_cases
from .judging import Mismatch, judge
from .running import CaseResult, run_case, run_cases

__all__ = [
    "Asked",
    "Case",
    "CaseResult",
    "Driven",
    "Fault",
    "Mismatch",
    "Question",
    "Result",
    "Skipped",
    "Step",
    "judge",
    "load_cases",
    "run_case",
    "run_cases",
]
