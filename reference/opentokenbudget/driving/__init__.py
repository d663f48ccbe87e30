"""Driving: the reference behind the conformance suite's protocol, in process."""

from .session import OPS, Session

__all__ = ["OPS", "Session"]
