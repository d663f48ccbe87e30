"""The one stateful object, and the records of what it did."""

from .asynchronous import AsyncEngine
from .calling import Call
from .engine import Engine, Listener
from .holding import account_form, actuals_of, hold_of
from .recording import attempt_record, decision_record, priced_attempt
from .spending import PoolSpending

__all__ = [
    "AsyncEngine",
    "Call",
    "Engine",
    "Listener",
    "PoolSpending",
    "account_form",
    "actuals_of",
    "attempt_record",
    "decision_record",
    "hold_of",
    "priced_attempt",
]
