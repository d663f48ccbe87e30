"""The one stateful object, and the records of what it did."""

from .engine import Engine, Listener
from .recording import attempt_record, decision_record, priced_attempt

__all__ = ["Engine", "Listener", "attempt_record", "decision_record", "priced_attempt"]
