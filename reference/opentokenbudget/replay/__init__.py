"""What a policy would have done with past requests: cost, saving with its quality, mix; and the log of it all."""

from .assignment import Assignment, parse_assignment
from .ordering import in_time_order
from .refusals import Refusals
from .rows import FIELDS, Row, RowReader, is_field
from .simulation import Baseline, Simulation
from .sources import RawRow, read_json_lines, read_rows
from .summary import Summary, share

__all__ = [
    "FIELDS",
    "Assignment",
    "Baseline",
    "RawRow",
    "Refusals",
    "Row",
    "RowReader",
    "Simulation",
    "Summary",
    "in_time_order",
    "is_field",
    "parse_assignment",
    "read_json_lines",
    "read_rows",
    "share",
]
