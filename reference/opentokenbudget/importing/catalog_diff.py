"""What changed between two catalogs, as data: models, rates with their percentage, periods, lifecycle.

Rates are compared where both catalogs have a price, stretch of time by stretch of time, in the usual situation and
in each situation that an override of either names.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any, Literal, NamedTuple

from .figures import plain
from .scenarios import scenarios

Plain = Mapping[str, Any]
Kind = Literal["added", "removed", "rate", "situation", "period", "lifecycle", "capabilities", "aliases"]
_FIELDS: tuple[Kind, ...] = ("lifecycle", "capabilities", "aliases")


class Change(NamedTuple):
    """One difference.

    Attributes:
        kind: what differs.
        model: its id.
        meter: of a rate, else "".
        when: the situation of a rate as JSON, "" for the usual one; the period for `period`.
        since: from when the rate differs, None for ever; until: until when.
        before, after: what each catalog says; None where it says nothing.
        percent: of a rate, how much more (+) or less (-) the second asks; None where the first asks nothing.
    """

    kind: Kind
    model: str
    meter: str = ""
    when: str = ""
    since: str | None = None
    until: str | None = None
    before: Any = None
    after: Any = None
    percent: str | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the change as plain data, without the fields that say nothing."""
        always = ("kind", "model", "before", "after")
        return {
            key: value for key, value in self._asdict().items() if key in always or value not in ("", None)
        }


def catalog_changes(before: Plain, after: Plain) -> tuple[Change, ...]:
    """Return what `after` says otherwise than `before`, by model, in the order of `before`, then of `after`."""
    old = {model["id"]: model for model in before["models"]}
    new = {model["id"]: model for model in after["models"]}
    changes: list[Change] = []
    for id_, model in old.items():
        if id_ not in new:
            changes.append(Change("removed", id_))
        else:
            changes.extend(_of_model(id_, model, new[id_]))
    changes += [Change("added", id_) for id_ in new if id_ not in old]
    return tuple(changes)


def largest_percent(changes: Sequence[Change]) -> Decimal:
    """Return the largest change of a rate in percent, without sign; a price out of nothing counts as 100 percent."""
    rates = [change for change in changes if change.kind == "rate"]
    return max((abs(Decimal(c.percent)) if c.percent else Decimal(100) for c in rates), default=Decimal(0))


def percent_of(before: Decimal, after: Decimal) -> str | None:
    """Return how much more or less `after` is than `before`, in percent with at most two digits."""
    if not before:
        return None
    change = ((after - before) * 100 / before).quantize(Decimal("0.01"), rounding=ROUND_HALF_EVEN)
    return plain(change) if change <= 0 else f"+{plain(change)}"


def _of_model(id_: str, old: Plain, new: Plain) -> Iterator[Change]:
    for field in _FIELDS:
        if old.get(field) != new.get(field):
            yield Change(field, id_, before=old.get(field), after=new.get(field))
    found: dict[tuple[str, str, Any, Any], list[tuple[str | None, str | None]]] = {}
    for since, until in _stretches([*old["prices"], *new["prices"]]):
        was, is_ = _period_at(old, since), _period_at(new, since)
        if was is None or is_ is None:
            if (was is None) != (is_ is None):
                yield Change("period", id_, since=since, until=until, before=_said(was), after=_said(is_))
            continue
        for key, value in _rates(was, is_):
            stretches = found.setdefault((*key, *value), [])
            if stretches and stretches[-1][1] == since:
                stretches[-1] = (stretches[-1][0], until)
            else:
                stretches.append((since, until))
    for (meter, when, was_rate, is_rate), stretches in found.items():
        for since, until in stretches:
            yield _rate_change(id_, meter, when, was_rate, is_rate, since, until)


def _rate_change(
    id_: str,
    meter: str,
    when: str,
    was: Decimal | None,
    is_: Decimal | None,
    since: str | None,
    until: str | None,
) -> Change:
    if not meter:
        return Change("situation", id_, when=when, since=since, until=until, before=was, after=is_)
    percent = percent_of(was, is_) if was is not None and is_ is not None else None
    texts = [None if rate is None else plain(rate) for rate in (was, is_)]
    return Change("rate", id_, meter, when, since, until, texts[0], texts[1], percent)


def _rates(was: Plain, is_: Plain) -> Iterator[tuple[tuple[str, str], tuple[Any, Any]]]:
    """Yield where two periods differ: `(meter, situation)` and both rates."""
    old = {rated.when: rated.rates for rated in scenarios(was)}
    new = {rated.when: rated.rates for rated in scenarios(is_)}
    for when in dict.fromkeys((*old, *new)):
        if when not in old or when not in new:
            yield ("", when), (when in old or None, when in new or None)
            continue
        for meter in dict.fromkeys((*old[when], *new[when])):
            pair = (old[when].get(meter), new[when].get(meter))
            # What already differs in the usual situation by the same amounts is said once, there.
            if pair[0] != pair[1] and (not when or pair != (old[""].get(meter), new[""].get(meter))):
                yield (meter, when), pair


def _stretches(periods: Iterable[Plain]) -> Iterator[tuple[str | None, str | None]]:
    """Yield the stretches between all beginnings and ends of `periods`, from ever to ever."""
    edges = sorted(
        {edge for period in periods for edge in (period["from"], period.get("until")) if edge is not None}
    )
    yield from zip([None, *edges], [*edges, None], strict=True)


def _period_at(model: Plain, since: str | None) -> Plain | None:
    """Return the period of `model` in the stretch that begins at `since`."""
    start = since or ""
    for period in model["prices"]:
        until = period.get("until")
        if (period["from"] or "") <= start and (until is None or start < until):
            found: Plain = period
            return found
    return None


def _said(period: Plain | None) -> Any:
    return None if period is None else period["rates"]
