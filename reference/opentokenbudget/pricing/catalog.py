"""The compiled catalog: a name, a usage and an instant in; a cost out."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, final

from msgspec import Struct

from opentokenbudget.amounts import InvalidInstant, format_instant, parse_instant
from opentokenbudget.problems import did_you_mean

from .bounds import Estimator
from .cards import Band, Card, Terms
from .cost import Cost, PriceProblem
from .lifecycle import Model
from .meters import Meter
from .reckoning import careful_lines, quick_lines
from .requirements import price_problem
from .timeline import Timeline

# What the constructor of a named tuple ends in.
_new_tuple = tuple.__new__


@final
class Catalog(Struct, frozen=True, eq=False):
    """Prices, lifecycle and capabilities of models, ready to be asked.

    Attributes:
        id, version, currency: the document's.
        digest: of the document, as it was handed to `compile_catalog`.
        models: by id, in document order.
        context_keys: every key of a context that a price of some model depends on.
    """

    id: str
    version: str
    currency: str
    digest: str
    models: Mapping[str, Model]
    context_keys: frozenset[str]
    _names: Mapping[str, Model]
    _timelines: Mapping[str, Timeline[Card]]

    def __repr__(self) -> str:
        return f"Catalog(id={self.id!r}, version={self.version!r}, models={len(self.models)})"

    def resolve(self, name: str) -> Model | None:
        """Return the model with this exact id or alias, or None."""
        return self._names.get(name)

    @property
    def names(self) -> Iterable[str]:
        """Every id and alias."""
        return self._names.keys()

    def context_values(self, model: Model) -> dict[str, frozenset[str]]:
        """Return the keys and values of contexts that some price of `model` knows."""
        known: dict[str, frozenset[str]] = {}
        for card in self._timelines[model.id].values:
            for key, values in card.context.items() if card is not None else ():
                known[key] = known.get(key, frozenset()) | frozenset(values)
        return known

    @property
    def rated_meters(self) -> frozenset[Meter]:
        """Every meter that some price of some model has a rate for."""
        cards = [
            card for timeline in self._timelines.values() for card in timeline.values if card is not None
        ]
        overridden = (rate.meter for card in cards for override in card.overrides for rate in override.rates)
        return frozenset(overridden).union(*(card.rates for card in cards))

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
            timeline = self._timelines[model]
        except (KeyError, TypeError):
            raise self._unknown(model) from None
        card = timeline.values[bisect_right(timeline.starts, instant) - 1]
        if card is None:
            message = f"`{model}` has no price at {_shown(instant)}"
            raise PriceProblem(price_problem("no-price-at-time", "/at", message))
        terms = card.terms(context)
        band = terms.timeless or band_at(terms, instant)
        found = quick_lines(band, usage) if used is None and type(usage) is dict else None
        total_pico, lines = found or careful_lines(band, usage, used)
        return _new_tuple(Cost, (card.model, self.currency, total_pico, lines))

    def estimator(self, model: str, context: Mapping[str, str] | None = None) -> Estimator:
        """Return what answers expected costs and upper bounds of `model` in `context`, for the hot path.

        Raises:
            PriceProblem: `unknown-model`.
        """
        if model not in self._names:
            raise self._unknown(model)
        return Estimator(
            self._timelines[model],
            MappingProxyType(dict(context or {})),
            lambda usage, at: self.price(model, usage, at, context),
        )

    def _unknown(self, model: object) -> PriceProblem:
        near = did_you_mean(str(model), self._timelines)
        message = f"no model is called `{str(model)[:64]}`{near}"
        return PriceProblem(price_problem("unknown-model", "/model", message))


def band_at(terms: Terms, instant: int) -> Band:
    """Return the band of `terms` at `instant`.

    Raises:
        PriceProblem: `bad-instant` where no calendar reaches.
    """
    try:
        return terms.band(instant)
    except (OverflowError, ValueError, OSError):
        raise PriceProblem(price_problem("bad-instant", "/at", f"no calendar reaches `{instant}`")) from None


def instant_of(at: object) -> int:
    """Return the RFC 3339 instant `at` in nanoseconds since 1970.

    Raises:
        PriceProblem: `bad-instant`.
    """
    if isinstance(at, str):
        try:
            return parse_instant(at)
        except InvalidInstant as wrong:
            raise PriceProblem(price_problem("bad-instant", "/at", str(wrong))) from None
    shown = str(at)[:64]
    raise PriceProblem(
        price_problem("bad-instant", "/at", f"`{shown}` is neither an RFC 3339 instant nor nanoseconds")
    )


def _shown(instant: int) -> str:
    try:
        return f"`{format_instant(instant)}`"
    except (OverflowError, ValueError):
        return f"`{instant}` ns"
