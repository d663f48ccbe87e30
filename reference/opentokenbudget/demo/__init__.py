"""A fintech's support desk, to try things on: policies for two moments in time, and synthetic traffic."""

from .desk import ERAS, Era, era_at, read_bundled
from .traffic import traffic

__all__ = ["ERAS", "Era", "era_at", "read_bundled", "traffic"]
