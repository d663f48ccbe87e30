"""The first pillar: route every prompt to the model that it needs.

Pure: a compiled policy, a request, an instant, a health snapshot and a seed give a decision.
"""

from .asking import ask
from .deciding import Outcome, Spending, answer, follow
from .decision import SERVES, Attempt, Blocked, Decision, Question, classified_form, cost_form
from .identity import Identity
from .policy import Attribute, FactTypes, Fallback, Policy, Rule, Stamp, compile_policy, declared_attributes
from .references import policy_problems
from .request import Request, parse_request
from .tiers import Candidate, Tier
from .trace import Note, Step, Trace
from .tracing import trace_of

__all__ = [
    "SERVES",
    "Attempt",
    "Attribute",
    "Blocked",
    "Candidate",
    "Decision",
    "FactTypes",
    "Fallback",
    "Identity",
    "Note",
    "Outcome",
    "Policy",
    "Question",
    "Request",
    "Rule",
    "Spending",
    "Stamp",
    "Step",
    "Tier",
    "Trace",
    "answer",
    "ask",
    "classified_form",
    "compile_policy",
    "cost_form",
    "declared_attributes",
    "follow",
    "parse_request",
    "policy_problems",
    "trace_of",
]
