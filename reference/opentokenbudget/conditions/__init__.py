"""The `when` language: small, total, the same answer everywhere.

`parse` checks a mapping against the declared types and answers a tree; `evaluate` says what it means;
`compiled` and `RuleIndex` say the same fast.
"""

from .analysis import contradictory, covered, covers, shadowed
from .cel import to_cel
from .closures import compiled
from .index import RuleIndex
from .interpreter import Explanation, Leaf, evaluate, explain
from .reading import Types, parse, problems
from .tree import AllOf, AnyOf, Comparison, Condition, Not, Type, attributes_of

__all__ = [
    "AllOf",
    "AnyOf",
    "Comparison",
    "Condition",
    "Explanation",
    "Leaf",
    "Not",
    "RuleIndex",
    "Type",
    "Types",
    "attributes_of",
    "compiled",
    "contradictory",
    "covered",
    "covers",
    "evaluate",
    "explain",
    "parse",
    "problems",
    "shadowed",
    "to_cel",
]
