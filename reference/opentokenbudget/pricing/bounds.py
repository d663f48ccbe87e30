"""What a request will cost, before it is made: the expected cost, and an upper bound.

The expected cost is for choosing between models, the bound for reserving:
no usage within the bounded quantities costs more, at no instant until the reservation ends.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import chain
from typing import NamedTuple, final

from opentokenbudget.amounts import divide_half_even
from opentokenbudget.problems import Problem

from .cards import Band, Card, Terms
from .ceilings import Ceiling, Portions, ceilings_of, spend
from .clock import DAY_NS
from .cost import Cost, PriceProblem
from .meters import INPUT, MAX_QUANTITY, OUTPUT, meter_named
from .reckoning import quantity_pico
from .requirements import price_problem
from .timeline import Timeline

# A reservation lives for minutes; the bound looks at every time of day of it.
MAX_RESERVED_NS = 31 * DAY_NS
_MAX_KEPT = 256
_NOTHING: Mapping[str, int | str] = {}


class _Row(NamedTuple):
    """What input and output cost per token in 10⁻¹², over `denominators` if any, and what is added per request."""

    input_rate: int
    output_rate: int
    fixed: int
    denominators: tuple[int, int] | None


class _Stretch(NamedTuple):
    """The band in force in `[since, until)`; `rows` by the position of the input between `points`."""

    since: int
    until: int
    points: tuple[int, ...]
    rows: tuple[_Row | None, ...]
    band: Band | None


class Line(NamedTuple):
    """Costs that are straight lines in input and output, in `[since, until)` and for input below `input_below`.

    Rates are in 10⁻¹² per token: those of the expected cost, and those of the bound of text alone.
    """

    since: int
    until: int
    input_below: int
    input_rate: int
    output_rate: int
    fixed: int
    input_bound: int
    output_bound: int
    fixed_bound: int


@final
class Estimator:
    """Expected costs and upper bounds of one model in one context.

    It remembers the stretch of time of the last question, which changes no answer.
    """

    __slots__ = ("_bounded", "_ceilings", "_context", "_price", "_rows", "_stretch", "_timeline")

    def __init__(
        self,
        timeline: Timeline[Card],
        context: Mapping[str, str],
        price: Callable[[Mapping[str, int | str], int], Cost],
    ) -> None:
        self._timeline = timeline
        self._context = context
        self._price = price
        self._rows: dict[Band, tuple[tuple[int, ...], tuple[_Row | None, ...]]] = {}
        self._ceilings: dict[tuple[object, ...], tuple[Ceiling, ...]] = {}
        self._stretch = _Stretch(0, 0, (), (), None)
        # The last stretch whose ceilings were asked for without anything named, and these.
        self._bounded: tuple[_Stretch, tuple[Ceiling, ...]] = (self._stretch, ())

    def expected(self, input_tokens: int, output_tokens: int, at: int) -> int | None:
        """Return what the tokens cost at `at`, in 10⁻¹² of the currency, as `Catalog.price` would say.

        None when it cannot be priced: `problem` says why.
        """
        since, until, points, rows, _ = self._stretch
        if not since <= at < until:
            _, _, points, rows, _ = self._move_to(at)
        index = 0
        for point in points:
            if input_tokens < point:
                break
            index += 1
        row = rows[index] if rows else None
        if row is None or not 0 <= input_tokens <= MAX_QUANTITY >= output_tokens >= 0:
            return self._carefully(input_tokens, output_tokens, at)
        input_rate, output_rate, fixed, denominators = row
        if denominators is None:
            return input_tokens * input_rate + output_tokens * output_rate + fixed
        return (
            divide_half_even(input_tokens * input_rate, denominators[0])
            + divide_half_even(output_tokens * output_rate, denominators[1])
            + fixed
        )

    def upper(
        self,
        input_bound: int,
        output_bound: int,
        at: int,
        until: int | None = None,
        meters: Mapping[str, int | str] | None = None,
    ) -> int | None:
        """Return the most that a request within its bounds can cost, in 10⁻¹² of the currency.

        Args:
            input_bound: the most input tokens, all their parts included.
            output_bound: the most output tokens.
            at: the first instant at which it may be dispatched.
            until: the last; `at` when left out.
            meters: what else it may touch, with the most of each: other meters (`web_search`), and token
                meters of a modality (`input.image`), which otherwise are taken to stay at 0.

        Returns:
            The maximum over all splits into parts, all thresholds up to the bounds, and all time windows and
            periods from `at` to `until`; nothing is taken to be free. None when at no instant there all
            that it may touch has a price.

        Raises:
            PriceProblem: `bad-quantity` where there can be no such number of tokens,
                `out-of-range` where `until` lies more than 31 days after `at`.
        """
        if not 0 <= input_bound <= MAX_QUANTITY >= output_bound >= 0:
            field = "/max_output_tokens" if 0 <= input_bound <= MAX_QUANTITY else "/input_tokens"
            message = f"a number of tokens is an integer from 0 to {MAX_QUANTITY}"
            raise PriceProblem(price_problem("bad-quantity", field, message))
        last = at if until is None or until < at else until
        if last - at > MAX_RESERVED_NS:
            message = "a reservation ends at most 31 days after its instant"
            raise PriceProblem(price_problem("out-of-range", "/until", message))
        stretch, ceilings = self._bounded
        if meters or not (stretch.since <= at and last < stretch.until):
            try:
                ceilings = self._ceilings_from(at, last, meters or _NOTHING)
            except (PriceProblem, OverflowError, TypeError, ValueError):
                return None
        return _most(ceilings, input_bound, output_bound)

    def line(self, at: int) -> Line | None:
        """Return the costs around `at` where they are straight lines, None where only `expected` and `upper` tell."""
        try:
            ceilings = self._ceilings_from(at, at, _NOTHING)
        except (PriceProblem, OverflowError, TypeError, ValueError):
            return None
        stretch = self._stretch
        row = stretch.rows[0] if stretch.rows else None
        lowest = [ceiling for ceiling in ceilings if ceiling.input_from == ceiling.output_from == 0]
        if row is None or row.denominators is not None or len(lowest) != 1:
            return None
        ceiling = lowest[0]
        if ceiling.inputs.rate is None or ceiling.outputs.rate is None or ceiling.output_to < MAX_QUANTITY:
            return None
        others = [other.input_from for other in ceilings if other is not ceiling]
        return Line(
            stretch.since,
            stretch.until,
            min([*stretch.points, *others, ceiling.input_to + 1]),
            row.input_rate,
            row.output_rate,
            row.fixed,
            ceiling.inputs.rate,
            ceiling.outputs.rate,
            ceiling.fixed,
        )

    def problem(self, input_tokens: int, output_tokens: int, at: int) -> Problem | None:
        """Return the first reason why this much cannot be priced at `at`, or None when it can."""
        return next(iter(self.problems(input_tokens, output_tokens, at)), None)

    def problems(self, input_tokens: int, output_tokens: int, at: int) -> tuple[Problem, ...]:
        """Return why this much cannot be priced at `at`; nothing when it can."""
        try:
            self._price({"input": input_tokens, "output": output_tokens}, at)
        except PriceProblem as wrong:
            return wrong.problems
        return ()

    def _ceilings_from(self, at: int, last: int, named: Mapping[str, int | str]) -> tuple[Ceiling, ...]:
        stretch = self._stretch
        if not stretch.since <= at < stretch.until:
            stretch = self._move_to(at)
        if last >= stretch.until:
            return tuple(chain.from_iterable(self._ceilings_between(at, last, named)))
        ceilings = () if stretch.band is None else self._ceilings_in(stretch.band, named)
        if not named:
            self._bounded = stretch, ceilings
        return ceilings

    def _carefully(self, input_tokens: int, output_tokens: int, at: int) -> int | None:
        try:
            return self._price({"input": input_tokens, "output": output_tokens}, at).total_pico
        except PriceProblem:
            return None

    def _move_to(self, at: int) -> _Stretch:
        """Return the stretch around `at` in which one band is in force, and remember it."""
        since, until = self._timeline.stretch_at(at)
        card = self._timeline.at(at)
        try:
            terms = None if card is None else card.terms(self._context)
            if terms is None:
                stretch = _Stretch(since, until, (), (), None)
            elif terms.timeless is not None:
                stretch = _Stretch(since, until, *self._rows_of(terms.timeless), terms.timeless)
            else:
                day = at // DAY_NS
                band = terms.band(at)
                starts = [*terms.day(day)[0], (day + 1) * DAY_NS]
                since = max(since, max(start for start in starts if start <= at))
                until = min(until, min(start for start in starts if start > at))
                stretch = _Stretch(since, until, *self._rows_of(band), band)
        except (PriceProblem, OverflowError, ValueError):
            stretch = _Stretch(since, until, (), (), None)
        self._stretch = stretch
        return stretch

    def _rows_of(self, band: Band) -> tuple[tuple[int, ...], tuple[_Row | None, ...]]:
        found = self._rows.get(band)
        if found is None:
            if len(self._rows) >= _MAX_KEPT:
                self._rows.clear()
            found = self._rows[band] = _rows(band)
        return found

    def _ceilings_in(self, band: Band, named: Mapping[str, int | str]) -> tuple[Ceiling, ...]:
        key = (band, *named.items()) if named else (band,)
        found = self._ceilings.get(key)
        if found is None:
            if len(self._ceilings) >= _MAX_KEPT:
                self._ceilings.clear()
            found = self._ceilings[key] = ceilings_of(band, limits_of(named))
        return found

    def _ceilings_between(
        self, at: int, until: int, named: Mapping[str, int | str]
    ) -> Iterable[tuple[Ceiling, ...]]:
        seen: set[Band] = set()
        for first, last, card in self._timeline.between(at, until):
            try:
                terms = card.terms(self._context)
            except PriceProblem:
                continue
            if terms.timeless is not None:
                yield self._ceilings_in(terms.timeless, named)
            else:
                for band in _bands_between(terms, first, last):
                    if band not in seen:
                        seen.add(band)
                        yield self._ceilings_in(band, named)


def limits_of(named: Mapping[str, int | str]) -> Portions:
    """Return the most of each named meter, in 10⁻¹² units.

    Raises:
        ValueError: not a meter, or not a quantity.
    """
    limits: Portions = {}
    for name, quantity in named.items():
        meter = meter_named(name)
        pico = quantity_pico(meter, quantity)
        if pico is None:
            raise ValueError(f"`{quantity}` is not a quantity of `{meter}`")
        limits[meter] = pico
    return limits


def _most(ceilings: Iterable[Ceiling], input_bound: int, output_bound: int) -> int | None:
    most = 0
    priceable = False
    for ceiling in ceilings:
        input_from, input_to, output_from, output_to, inputs, outputs, fixed, complete = ceiling
        if input_bound < input_from or output_bound < output_from:
            continue
        tokens = input_bound if input_bound < input_to else input_to
        cost = fixed + (spend(inputs, tokens) if inputs.rate is None else tokens * inputs.rate)
        tokens = output_bound if output_bound < output_to else output_to
        cost += spend(outputs, tokens) if outputs.rate is None else tokens * outputs.rate
        if cost > most:
            most = cost
        if complete and (inputs.portions or not input_bound) and (outputs.portions or not output_bound):
            priceable = True
    return most if priceable else None


def _bands_between(terms: Terms, first: int, last: int) -> Iterable[Band]:
    for day in range(first // DAY_NS, last // DAY_NS + 1):
        starts, bands = terms.day(day)
        ends = [*starts[1:], (day + 1) * DAY_NS]
        for start, end, band in zip(starts, ends, bands, strict=True):
            if start <= last and first < end:
                yield band


def _rows(band: Band) -> tuple[tuple[int, ...], tuple[_Row | None, ...]]:
    """Return the rows of a band by its thresholds on input; None in place of what only `price` can answer."""
    gauges = band.terms.gauges
    if band.table is not None:
        gauges = ()
    if any(gauge.meter == OUTPUT for gauge in gauges):
        return (), (None,)
    points = next((gauge.points for gauge in gauges if gauge.meter == INPUT), ())
    return points, tuple(_row(band, (*points, 0)[index - 1]) for index in range(len(points) + 1))


def _row(band: Band, input_tokens: int) -> _Row | None:
    keys = ("input", "output")
    table = band.table or band.table_for_integers(keys, (input_tokens, 0))
    plan = None if table is None else table.plan(keys)
    if plan is None or plan.careful or plan.troubled or plan.joins:
        return None
    by_meter = {line.meter: line for line in plan.lines}
    request = by_meter.get("request")
    fixed = divide_half_even(request.numerator, request.denominator) if request else 0
    read, write = by_meter["input"], by_meter["output"]
    denominators = (read.denominator, write.denominator)
    return _Row(read.numerator, write.numerator, fixed, None if denominators == (1, 1) else denominators)
