"""Prices: catalog + usage + instant -> cost, exact to 10⁻¹² of the currency.

`compile_catalog` turns a checked document into a `Catalog`.
`Catalog.price` answers a `Cost`, `Catalog.estimator` what a request will cost before it is made.
"""

from .bounds import Estimator, Line
from .catalog import Catalog
from .compiling import catalog_problems, compile_catalog
from .cost import Cost, CostLine, PriceProblem
from .lifecycle import Capabilities, Lifecycle, Model, Status
from .meters import BadMeter, Meter, meter_named
from .rates import Rate

__all__ = [
    "BadMeter",
    "Capabilities",
    "Catalog",
    "Cost",
    "CostLine",
    "Estimator",
    "Lifecycle",
    "Line",
    "Meter",
    "Model",
    "PriceProblem",
    "Rate",
    "Status",
    "catalog_problems",
    "compile_catalog",
    "meter_named",
]
