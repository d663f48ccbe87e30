"""Models: their names, what they can do, and when they live."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, final

from msgspec import Struct

from opentokenbudget.amounts import parse_date, parse_instant

Status = Literal["unreleased", "active", "deprecated", "retired"]


@final
class Lifecycle(Struct, frozen=True):
    """The dates of a model, in nanoseconds since 1970; None where the catalog does not say."""

    released_at: int | None = None
    deprecated_at: int | None = None
    retires_at: int | None = None
    replacement: str | None = None

    def status(self, at: int) -> Status:
        """Return what the dates say at `at`; each date begins its status."""
        if self.retires_at is not None and at >= self.retires_at:
            return "retired"
        if self.released_at is not None and at < self.released_at:
            return "unreleased"
        if self.deprecated_at is not None and at >= self.deprecated_at:
            return "deprecated"
        return "active"


@final
class Capabilities(Struct, frozen=True):
    """What a model can take and do; None where the catalog does not say."""

    context_window: int | None = None
    max_input: int | None = None
    max_output: int | None = None
    input: frozenset[str] | None = None
    output: frozenset[str] | None = None
    features: frozenset[str] | None = None


@final
class Model(Struct, frozen=True):
    """One model of a catalog. A retired model still has prices, so that old logs still price."""

    id: str
    aliases: tuple[str, ...]
    lifecycle: Lifecycle
    capabilities: Capabilities

    @property
    def provider(self) -> str:
        """The part of the id before the first `/`; "" when it has none."""
        provider, slash, _ = self.id.partition("/")
        return provider if slash else ""

    def status(self, at: int) -> Status:
        """Return the status at `at`, nanoseconds since 1970."""
        return self.lifecycle.status(at)


def moment(text: str) -> int:
    """Return an instant, or midnight UTC of a date, in nanoseconds since 1970.

    Raises:
        InvalidInstant: neither of them.
    """
    return parse_instant(text) if "T" in text else parse_date(text)


def read_lifecycle(data: Mapping[str, Any]) -> Lifecycle:
    """Return the lifecycle of the plain data of one.

    Raises:
        InvalidInstant: a date that does not exist.
    """
    released, deprecated, retires = (
        moment(data[key]) if data.get(key) is not None else None
        for key in ("released", "deprecated", "retires")
    )
    return Lifecycle(released, deprecated, retires, data.get("replacement"))


def read_capabilities(data: Mapping[str, Any]) -> Capabilities:
    """Return the capabilities of the plain data of some."""

    def names(key: str) -> frozenset[str] | None:
        found: Sequence[str] | None = data.get(key)
        return None if found is None else frozenset(found)

    return Capabilities(
        context_window=data.get("context_window"),
        max_input=data.get("max_input"),
        max_output=data.get("max_output"),
        input=names("input"),
        output=names("output"),
        features=names("features"),
    )
