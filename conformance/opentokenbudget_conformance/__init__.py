"""The conformance suite: language-neutral cases, and what holds a router against them."""

from .cases import Case, Step, load_cases
from .judging import Mismatch, judge
from .running import CaseResult, Driven, run_case

__all__ = ["Case", "CaseResult", "Driven", "Mismatch", "Step", "judge", "load_cases", "run_case"]
