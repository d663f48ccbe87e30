"""Which requirement of spec/20-catalog.md each problem of this room reports."""

from __future__ import annotations

from opentokenbudget.problems import Problem

OF_PRICES = {
    "ambiguous-rate": "OTB-PRICE-007",
    "bad-instant": "OTB-PRICE-031",
    "bad-meter": "OTB-PRICE-001",
    "bad-quantity": "OTB-PRICE-002",
    "duplicate-meter": "OTB-PRICE-003",
    "forbidden-context": "OTB-PRICE-025",
    "join-required": "OTB-PRICE-009",
    "no-price-at-time": "OTB-CAT-010",
    "out-of-range": "OTB-PRICE-054",
    "subset-exceeds-parent": "OTB-PRICE-005",
    "too-many-meters": "OTB-PRICE-032",
    "unknown-context": "OTB-PRICE-022",
    "unknown-model": "OTB-CAT-008",
    "unpriced-meter": "OTB-PRICE-008",
}
OF_CATALOGS = {
    "bad-base": "OTB-CAT-030",
    "bad-context": "OTB-CAT-024",
    "bad-instant": "OTB-DOC-023",
    "bad-meter": "OTB-PRICE-001",
    "bad-quantity": "OTB-PRICE-002",
    "bad-rate": "OTB-DOC-020",
    "currency-mismatch": "OTB-CAT-022",
    "duplicate-id": "OTB-CAT-007",
    "duplicate-meter": "OTB-PRICE-003",
    "empty-period": "OTB-CAT-012",
    "lifecycle-order": "OTB-CAT-014",
    "missing-base": "OTB-CAT-032",
    "nested-extends": "OTB-CAT-021",
    "overlapping-periods": "OTB-CAT-011",
    "redirect-loop": "OTB-CAT-017",
    "too-many-thresholds": "OTB-CAT-031",
    "unknown-context": "OTB-CAT-029",
    "unknown-model": "OTB-CAT-027",
    "unknown-source": "OTB-CAT-023",
    "unpriced-meter": "OTB-CAT-028",
}


def price_problem(code: str, pointer: str, message: str) -> Problem:
    """Return a problem of a question for a price."""
    return Problem(code, pointer, message, OF_PRICES[code])


def catalog_problem(code: str, pointer: str, message: str) -> Problem:
    """Return a problem of a catalog."""
    return Problem(code, pointer, message, OF_CATALOGS[code])
