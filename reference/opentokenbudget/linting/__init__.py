"""What a policy, its value rules or a catalog mean before they run: lints.

Each lint is a small pure function: what is known of the document, as of an instant, in; problems out.
Lints look at documents in which no check found an error, and their problems are warnings, but for
`unpriced-candidate`, and `retired-candidate` where nobody else of its tier is alive: those are errors.
"""

from .linting import catalog_lints, document_lints, policy_lints, value_rules_lints

__all__ = ["catalog_lints", "document_lints", "policy_lints", "value_rules_lints"]
