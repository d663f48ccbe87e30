"""Which requests were asked before, in this process."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..routing import Question
from .repeating import conflict


class Remembered:
    """The last ids and what they asked: two generations, so that forgetting costs nothing per request."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._young: dict[str, Mapping[str, Any]] = {}
        self._old: dict[str, Mapping[str, Any]] = {}

    def knows(self, question: Question) -> bool:
        """Return whether the request of `question` was asked before, and remember it.

        Raises:
            ProblemError: `conflict`: another request had its id.
        """
        source = question.request.source
        known = self._young.get(question.id)
        if known is None:
            known = self._old.get(question.id)
        if known is not None:
            if known is not source and known != source:
                raise conflict(question)
            return True
        if len(self._young) >= self._size:
            self._old, self._young = self._young, {}
        self._young[question.id] = source
        return False
