"""What a policy would have done with past requests: cost, saving with its quality, mix; and the log of it all."""

from .assignment import Assignment, parse_assignment
from .ordering import in_time_order
from .rows import Row, RowReader
from .simulation import Baseline, Simulation
from .sources import RawRow, read_rows
from .summary import Summary, share

__all__ = [
    "Assignment",
    "Baseline",
    "RawRow",
    "Row",
    "RowReader",
    "Simulation",
    "Summary",
    "in_time_order",
    "parse_assignment",
    "read_rows",
    "share",
]
