"""Driving: the reference behind the conformance suite's protocol, in process and on standard input and output."""

from .serving import serve
from .session import OPS, Session

__all__ = ["OPS", "Session", "serve"]
