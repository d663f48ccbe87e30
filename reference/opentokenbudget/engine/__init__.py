"""The one stateful object, and the records of what it did."""

from .engine import Engine, Listener
from .holding import account_form
from .recording import attempt_record, decision_record, priced_attempt

__all__ = ["Engine", "Listener", "account_form", "attempt_record", "decision_record", "priced_attempt"]
