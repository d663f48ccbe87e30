"""The worked prices of `pricing_vectors/`: exact, or the problem code that must come back."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest

from opentokenbudget.amounts import parse_instant
from opentokenbudget.pricing import PriceProblem, compile_catalog

VECTORS = Path(__file__).parent / "pricing_vectors"
CATALOG = compile_catalog(json.loads((VECTORS / "catalog.json").read_text()))
CASES = json.loads((VECTORS / "prices.json").read_text())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_a_worked_price_comes_out_exactly(case):
    """The total is the one worked by hand, with the instant as text and as nanoseconds."""
    for at in (case["at"], parse_instant(case["at"])):
        if "problem" in case:
            with pytest.raises(PriceProblem) as refused:
                CATALOG.price(case["model"], case["usage"], at, case["context"])
            assert refused.value.code == case["problem"]
        else:
            cost = CATALOG.price(case["model"], case["usage"], at, case["context"])
            assert cost.total == Decimal(case["cost"])
            assert sum(line.amount for line in cost.lines) == cost.total
