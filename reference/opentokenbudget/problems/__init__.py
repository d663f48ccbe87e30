"""Errors as data: what is wrong, where, by which requirement. Everybody may import this room."""

from .nearest import did_you_mean
from .problem import CannotOpen, Place, Problem, ProblemError, Severity

__all__ = ["CannotOpen", "Place", "Problem", "ProblemError", "Severity", "did_you_mean"]
