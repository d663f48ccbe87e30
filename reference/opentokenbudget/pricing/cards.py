"""Rate cards: one period of one model, resolved step by step to a rate table.

    card  --context-->  terms  --instant-->  band  --quantities-->  rate table

Every step is worked out once and kept.
What overrides say is decided as early as it can be: by the context alone, then by the time of day, and only
then by quantities, where just the thresholds they pass between matter.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, final

from msgspec import Struct, field
from msgspec.structs import replace

from opentokenbudget.amounts import PICO
from opentokenbudget.conditions import Comparison, Condition, compiled
from opentokenbudget.conditions.tree import comparisons
from opentokenbudget.conditions.windows import Window
from opentokenbudget.problems import Problem, did_you_mean

from .clock import DAY_NS, changes_of_day
from .cost import PriceProblem
from .meters import REQUEST, Meter, meter_named
from .plans import RateTable, meters_of, names_requests
from .rates import Rate
from .requirements import price_problem

_MAX_KEPT = 1024

Test = Callable[[Mapping[str, Any]], bool | None]


@final
class Clause(Struct, frozen=True):
    """A condition of a card, compiled: of an override, or of a combination that is not sold."""

    holds: Test
    leaves: tuple[Comparison, ...]

    def decided_by(self, facts: Mapping[str, object]) -> bool | None:
        """Return what the clause says when only `facts` are known; None when that is not enough."""
        if any(leaf.operator == "exists" and leaf.attribute not in facts for leaf in self.leaves):
            return None
        return self.holds(facts)


def clause(condition: Condition) -> Clause:
    """Return `condition` compiled."""
    return Clause(compiled(condition), tuple(comparisons(condition)))


@final
class Multiplier(Struct, frozen=True):
    """A factor for rates: of the meters named, or of all token meters."""

    factor_pico: int
    meters: frozenset[Meter] | None = None

    def applies_to(self, meter: Meter) -> bool:
        return meter.is_token if self.meters is None else meter in self.meters


@final
class Override(Struct, frozen=True):
    """Rates and a multiplier that hold when the clause does."""

    clause: Clause
    rates: tuple[Rate, ...]
    multiplier: Multiplier | None


@final
class Card(Struct, frozen=True, eq=False):
    """What a period of a model says. `minimums` and `allowances` are in 10⁻¹² units of their meters."""

    model: str
    context: Mapping[str, tuple[str, ...]]
    rates: Mapping[Meter, Rate]
    overrides: tuple[Override, ...]
    forbids: tuple[Clause, ...]
    minimums: Mapping[Meter, int]
    allowances: Mapping[Meter, int]
    discounts: tuple[Multiplier, ...] = ()
    _terms: dict[object, Terms] = field(default_factory=dict)

    def discounted(self, more: tuple[Multiplier, ...]) -> Card:
        """Return the card with `more` discounts; what was worked out without them is not carried over."""
        return replace(self, discounts=self.discounts + more, _terms={})

    @property
    def counts_requests(self) -> bool:
        """Whether the period has a request rate anywhere, so that conditions see one request."""
        return REQUEST in self.rates or any(
            rate.meter == REQUEST for override in self.overrides for rate in override.rates
        )

    def terms(self, context: Mapping[str, str] | None) -> Terms:
        """Return the card in one context; keys that are left out have their first value.

        Raises:
            PriceProblem: `unknown-context`.
        """
        try:
            key = tuple(context.items()) if context else ()
            terms = self._terms.get(key)
        except (AttributeError, TypeError):
            raise PriceProblem(self._context_problems(context)) from None
        if terms is None:
            problems = self._context_problems(context or {})
            if problems:
                raise PriceProblem(problems)
            if len(self._terms) >= _MAX_KEPT:
                self._terms.clear()
            chosen = {name: values[0] for name, values in self.context.items()} | dict(context or {})
            terms = self._terms[key] = Terms(self, chosen)
        return terms

    def _context_problems(self, context: object) -> list[Problem]:
        if not isinstance(context, Mapping):
            return [price_problem("unknown-context", "/context", "a context is a mapping from key to value")]
        problems = []
        for name, value in context.items():
            pointer = f"/context/{str(name)[:64].replace('~', '~0').replace('/', '~1')}"
            if name not in self.context:
                near = did_you_mean(str(name), self.context)
                message = f"the price of `{self.model}` does not depend on `{str(name)[:64]}`{near}"
                problems.append(price_problem("unknown-context", pointer, message))
            elif not isinstance(value, str) or value not in self.context[name]:
                near = did_you_mean(str(value), self.context[name])
                message = f"`{self.model}` is not priced for {name} `{str(value)[:64]}`{near}"
                problems.append(price_problem("unknown-context", pointer, message))
        return problems


class Gauge(NamedTuple):
    """A meter on which clauses depend, and the quantities at which they may change their mind.

    Attributes:
        meter: the meter.
        names: how the clauses spell it.
        points: ascending, in the unit of facts (tokens; 10⁻¹² units of other meters).
        whole_points: the same rounded up to whole units, for integer quantities.
        implied: what counts, in the unit of facts, when the usage names no meter of this tag:
            one request where the period prices requests, else 0.
    """

    meter: Meter
    names: tuple[str, ...]
    points: tuple[int, ...]
    whole_points: tuple[int, ...]
    implied: int

    def when_absent_from(self, meters: Iterable[Meter]) -> int:
        """Return what counts, in the unit of facts, for a usage that lists only other `meters`."""
        return 0 if not self.implied or names_requests(meters) else self.implied

    def representative(self, index: int) -> int:
        """Return a quantity, in the unit of facts, that lies after `index` of the points."""
        return self.points[index - 1] if index else 0


class Located(NamedTuple):
    """A gauge found in a list of quantities: `position` is -1 where the usage does not name it."""

    position: int
    points: tuple[int, ...]
    absent_index: int


@final
class Terms:
    """A card in one context. `located` are the gauges found so far, by the meters as a usage writes them."""

    __slots__ = (
        "_bands",
        "_clocks",
        "_days",
        "_decided",
        "_tables",
        "_windows",
        "card",
        "clauses",
        "context",
        "gauges",
        "located",
        "timeless",
    )

    def __init__(self, card: Card, context: Mapping[str, str]) -> None:
        self.card = card
        self.context = context
        self.clauses = (*(override.clause for override in card.overrides), *card.forbids)
        self._decided = tuple(clause.decided_by(context) for clause in self.clauses)
        undecided = [
            leaf
            for clause, decided in zip(self.clauses, self._decided, strict=True)
            if decided is None
            for leaf in clause.leaves
            if leaf.attribute not in context
        ]
        within = dict.fromkeys(leaf for leaf in undecided if leaf.operator == "within")
        self._clocks = tuple(compiled(leaf) for leaf in within)
        self._windows: tuple[Window, ...] = tuple(
            window for leaf in within if isinstance(leaf.operand, tuple)
            for window in leaf.operand if isinstance(window, Window)
        )  # fmt: skip
        self.gauges = _gauges([leaf for leaf in undecided if leaf.attribute != "time"], card.counts_requests)
        self._tables: dict[tuple[bool, ...], RateTable] = {}
        self._bands: dict[tuple[bool | None, ...], Band] = {}
        self._days: dict[int, tuple[list[int], list[Band]]] = {}
        self.located: dict[tuple[str, ...], tuple[Located, ...] | None] = {}
        self.timeless = None if self._clocks else Band(self, 0)

    def band(self, at: int) -> Band:
        """Return the band of the instant `at`."""
        if self.timeless is not None:
            return self.timeless
        starts, bands = self.day(at // DAY_NS)
        return bands[bisect_right(starts, at) - 1]

    def day(self, day: int) -> tuple[list[int], list[Band]]:
        """Return when the bands of UTC day number `day` begin, and the bands.

        Raises:
            OverflowError, ValueError: the day lies outside the years 1 to 9999.
        """
        found = self._days.get(day)
        if found is None:
            if len(self._days) >= _MAX_KEPT:
                self._days.clear()
            starts = changes_of_day(self._windows, day)
            found = self._days[day] = starts, [self._band_like(start) for start in starts]
        return found

    def _band_like(self, at: int) -> Band:
        shown = tuple(clock({"time": at}) for clock in self._clocks)
        band = self._bands.get(shown)
        if band is None:
            band = self._bands[shown] = Band(self, at)
        return band

    def decide(self, facts: Mapping[str, object]) -> tuple[bool | None, ...]:
        """Return what every clause says when `facts` are known besides the context."""
        known = {**self.context, **facts}
        return tuple(
            clause.decided_by(known) if decided is None else decided
            for clause, decided in zip(self.clauses, self._decided, strict=True)
        )

    def locate(self, keys: tuple[str, ...]) -> tuple[Located, ...] | None:
        """Return the gauges in the order of a usage's `keys`; None when those are not a set of meters."""
        found = self.located.get(keys)
        if found is None:
            meters = meters_of(keys)
            if meters is None:
                return None
            found = tuple(
                Located(
                    meters.index(gauge.meter) if gauge.meter in meters else -1,
                    gauge.whole_points,
                    bisect_right(gauge.points, gauge.when_absent_from(meters)),
                )
                for gauge in self.gauges
            )
            if len(self.located) >= _MAX_KEPT:
                self.located.clear()
            self.located[keys] = found
        return found

    def table(self, outcomes: tuple[bool, ...]) -> RateTable:
        """Return the rates when the clauses that are True in `outcomes` hold."""
        table = self._tables.get(outcomes)
        if table is None:
            if len(self._tables) >= _MAX_KEPT:
                self._tables.clear()
            overrides = self.card.overrides
            table = self._tables[outcomes] = RateTable(
                effective_rates(
                    self.card, [o for o, holds in zip(overrides, outcomes, strict=False) if holds]
                ),
                self.card.minimums,
                forbidden=any(outcomes[len(overrides) :]),
            )
        return table


@final
class Band:
    """Terms at all instants between which no time window opens or closes.

    `table` holds the rates when they do not depend on quantities.
    """

    __slots__ = ("_at", "_tables", "table", "terms")

    def __init__(self, terms: Terms, at: int) -> None:
        self.terms = terms
        self._at = at
        self._tables: dict[tuple[int, ...], RateTable] = {}
        outcomes = terms.decide({"time": at})
        self.table = None if None in outcomes else terms.table(tuple(map(bool, outcomes)))

    def table_between(self, indexes: tuple[int, ...]) -> RateTable:
        """Return the rates when each gauge stands after `indexes` of its points."""
        table = self._tables.get(indexes)
        if table is None:
            facts: dict[str, object] = {"time": self._at}
            for gauge, index in zip(self.terms.gauges, indexes, strict=True):
                facts.update(dict.fromkeys(gauge.names, gauge.representative(index)))
            if len(self._tables) >= _MAX_KEPT:
                self._tables.clear()
            outcomes = self.terms.decide(facts)
            table = self._tables[indexes] = self.terms.table(tuple(map(bool, outcomes)))
        return table

    def table_for_integers(self, keys: tuple[str, ...], quantities: Sequence[int]) -> RateTable | None:
        """Return the rates for integer `quantities` of the meters `keys`; None when those are not meters."""
        terms = self.terms
        located = terms.located.get(keys) or terms.locate(keys)
        if located is None:
            return None
        indexes: tuple[int, ...] = ()
        for position, points, absent_index in located:
            index = bisect_right(points, quantities[position]) if position >= 0 else absent_index
            indexes += (index,)
        return self._tables.get(indexes) or self.table_between(indexes)

    def table_for(self, quantities_pico: Mapping[Meter, int]) -> RateTable:
        """Return the rates for quantities in 10⁻¹² units."""
        if self.table is not None:
            return self.table
        indexes = []
        for gauge in self.terms.gauges:
            quantity = quantities_pico.get(gauge.meter)
            if quantity is None:
                quantity = gauge.when_absent_from(quantities_pico)
            elif gauge.meter.is_token:
                quantity //= PICO
            indexes.append(bisect_right(gauge.points, quantity))
        return self.table_between(tuple(indexes))


def _gauges(leaves: Sequence[Comparison], counts_requests: bool) -> tuple[Gauge, ...]:
    """Return the gauges of the comparisons of quantities."""
    names: dict[Meter, dict[str, None]] = {}
    points: dict[Meter, set[int]] = {}
    for leaf in leaves:
        meter = meter_named(leaf.attribute)
        names.setdefault(meter, {})[leaf.attribute] = None
        operands = leaf.operand if isinstance(leaf.operand, tuple) else (leaf.operand,)
        for operand in operands:
            if type(operand) is int:
                # A comparison with n changes at n or right after it, and nowhere else.
                points.setdefault(meter, set()).update((operand, operand + 1))
    gauges = []
    for meter, spelled in names.items():
        unit = 1 if meter.is_token else PICO
        ascending = tuple(sorted(point for point in points.get(meter, ()) if point > 0))
        implied = unit if meter == REQUEST and counts_requests else 0
        whole = tuple(-(-point // unit) for point in ascending)
        gauges.append(Gauge(meter, tuple(spelled), ascending, whole, implied))
    return tuple(gauges)


def effective_rates(card: Card, matching: Sequence[Override]) -> dict[Meter, Rate]:
    """Return the rates under the overrides `matching`, in canonical order of meters.

    Rates first, a later override winning per meter; then the exact product of all multipliers and discounts.
    """
    rates = dict(card.rates)
    for override in matching:
        rates.update((rate.meter, rate) for rate in override.rates)
    multipliers = [override.multiplier for override in matching if override.multiplier is not None]
    for multiplier in (*multipliers, *card.discounts):
        for meter in rates:
            if multiplier.applies_to(meter):
                rates[meter] = rates[meter].times(multiplier.factor_pico)
    return {meter: rates[meter] for meter in sorted(rates, key=lambda meter: meter.order)}
