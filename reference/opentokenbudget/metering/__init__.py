"""The third pillar: what was decided, used and paid, in a log that anyone can recompute."""

from .log import LogWriter, encode_record

__all__ = ["LogWriter", "encode_record"]
