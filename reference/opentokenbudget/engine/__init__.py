"""The one stateful object, and the records of what it did."""

from .asynchronous import AsyncEngine
from .calling import Call
from .engine import Engine, Listener
from .holding import Ending, account_form, actuals_of, hold_of
from .recording import AttemptRecord, decision_record
from .spending import PoolSpending

__all__ = [
    "AsyncEngine",
    "AttemptRecord",
    "Call",
    "Ending",
    "Engine",
    "Listener",
    "PoolSpending",
    "account_form",
    "actuals_of",
    "decision_record",
    "hold_of",
]
