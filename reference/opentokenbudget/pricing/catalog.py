"""The compiled catalog: a name, a usage and an instant in; a cost out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, final

from opentokenbudget.amounts import InvalidInstant, format_instant, parse_instant
from opentokenbudget.problems import did_you_mean

from .bounds import Estimator
from .cards import Band, Card
from .cost import Cost, price_problem
from .lifecycle import Model
from .reckoning import careful_lines, quick_lines
from .timeline import Timeline


@final
@dataclass(frozen=True, slots=True, eq=False)
class Catalog:
    """Prices, lifecycle and capabilities of models, ready to be asked.

    Attributes:
        id, version, currency: the document's.
        digest: of the document, as it was handed to `compile_catalog`.
        models: by id, in document order.
    """

    id: str
    version: str
    currency: str
    digest: str
    models: Mapping[str, Model]
    _names: Mapping[str, Model] = field(repr=False)
    _timelines: Mapping[str, Timeline[Card]] = field(repr=False)

    def resolve(self, name: str) -> Model | None:
        """Return the model with this exact id or alias, or None."""
        return self._names.get(name)

    def price(
        self,
        model: str,
        usage: Mapping[str, Any],
        at: str | int,
        context: Mapping[str, str] | None = None,
        used: Mapping[str, Any] | None = None,
    ) -> Cost:
        """Return what `usage` costs at `at`: exact, one line per meter, each rounded once.

        Args:
            model: exact id or alias of the model that served.
            usage: quantity by meter; a parent includes its parts; integers, or decimal strings where the
                meter counts no tokens.
            at: the dispatch instant, RFC 3339 or nanoseconds since 1970.
            context: what the price depends on besides, as served; keys left out have the catalog's default.
            used: what allowances have covered before, by meter; nothing is free without it.

        Raises:
            PriceProblem: with every problem found; see its codes.

        Source: spec/20-catalog.md.
        """
        instant = at if type(at) is int else instant_of(at)
        try:
            timeline = self._timelines.get(model)
        except TypeError:
            timeline = None
        if timeline is None:
            near = did_you_mean(str(model), self._timelines)
            raise price_problem("unknown-model", "/model", f"no model is called `{str(model)[:64]}`{near}")
        card = timeline.at(instant)
        if card is None:
            message = f"`{model}` has no price at {_shown(instant)}"
            raise price_problem("no-price-at-time", "/at", message)
        band = band_at(card, context, instant)
        found = quick_lines(band, usage) if used is None and isinstance(usage, Mapping) else None
        total_pico, lines = found or careful_lines(band, usage, used)
        return Cost(card.model, self.currency, total_pico, lines)

    def estimator(self, model: str, context: Mapping[str, str] | None = None) -> Estimator:
        """Return what answers expected costs and upper bounds of `model` in `context`, for the hot path.

        Raises:
            PriceProblem: `unknown-model`.
        """
        if model not in self._names:
            raise price_problem("unknown-model", "/model", f"no model is called `{str(model)[:64]}`")
        return Estimator(
            self._timelines[model],
            MappingProxyType(dict(context or {})),
            lambda usage, at: self.price(model, usage, at, context),
        )


def band_at(card: Card, context: Mapping[str, str] | None, instant: int) -> Band:
    """Return the band of `card` in `context` at `instant`.

    Raises:
        PriceProblem: `unknown-context`; `bad-instant` where no calendar reaches.
    """
    terms = card.terms(context)
    if terms.timeless is not None:
        return terms.timeless
    try:
        return terms.band(instant)
    except (OverflowError, ValueError, OSError):
        raise price_problem("bad-instant", "/at", f"no calendar reaches `{instant}`") from None


def instant_of(at: object) -> int:
    """Return the RFC 3339 instant `at` in nanoseconds since 1970.

    Raises:
        PriceProblem: `bad-instant`.
    """
    if isinstance(at, str):
        try:
            return parse_instant(at)
        except InvalidInstant as wrong:
            raise price_problem("bad-instant", "/at", str(wrong)) from None
    shown = str(at)[:64]
    raise price_problem("bad-instant", "/at", f"`{shown}` is neither an RFC 3339 instant nor nanoseconds")


def _shown(instant: int) -> str:
    try:
        return f"`{format_instant(instant)}`"
    except (OverflowError, ValueError):
        return f"`{instant}` ns"
