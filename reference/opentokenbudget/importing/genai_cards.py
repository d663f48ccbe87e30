"""genai-prices' prices of one model to price periods.

Its rules, and how they are said here:

- A price has start dates and times of day; the last active entry wins. Dates become periods; a time of day
  becomes an override of the period of the last start date before it (genai-prices itself forgets the date).
- A tiered price holds for the whole request above its start: an override on `input`, per threshold.
- A variant replaces single prices under a context, the first that matches winning per price: an override per
  variant, in reverse. A variant that is not active at an instant leaves its context undeclared in that period:
  what genai-prices silently prices as standard is `unknown-context` here.
- `processing: batch` is the context `service_tier: batch`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal
from itertools import groupby
from typing import Any, NamedTuple

from opentokenbudget.pricing import meter_named

from .drafts import Period, Plain, default_label
from .figures import BadFigure, figure
from .losses import Losses

_RENAMED_CONTEXT = {"processing": "service_tier"}
_DIRECTIONS = ("input", "output")
_SIDES = {"input": "in", "output": "out"}
_THINGS = {
    "characters": "character",
    "messages": "message",
    "durations": "second",
    "pixels": "pixel",
    "document_pages": "page",
    "rerank": "search",
    "requests": "request",
}


class Unit(NamedTuple):
    """What a price key counts here, and for how many units its price is."""

    meter: str
    per: int


def unit_of(dimensions: Mapping[str, str], per: int) -> Unit | None:
    """Return the meter of a unit of genai-prices, or None where none is known for it."""
    family = dimensions.get("family")
    tags = {value for key, value in dimensions.items() if key != "family"}
    if family == "tokens" and tags & set(_DIRECTIONS):
        return Unit(meter_named(".".join(sorted(tags))).name, per)
    if family == "tool_calls" and "tool_type" in dimensions:
        return Unit(dimensions["tool_type"], per)
    if family not in _THINGS:
        return None
    # Only tokens have the tags `input` and `output`; seconds have a side, and the rest goes one way only.
    words = [dimensions["modality"]] if "modality" in dimensions else []
    name = "_".join([*words, _THINGS[family]])
    part = dimensions.get("page_type")
    if family == "durations" and "direction" in dimensions:
        part = _SIDES[dimensions["direction"]]
    return Unit(f"{name}.{part}" if part else name, per)


def periods(model: Any, units: Mapping[str, Unit], source: str, path: str, losses: Losses) -> list[Plain]:
    """Return the price periods of `model`, a `ModelInfo` of genai-prices; what is lost goes to `losses`."""
    reader = _Reader(units, path, losses)
    groups = reader.groups(model.prices)
    variants = list(model.price_variants or ())
    edges = sorted(
        {since for since, _, _ in groups if since is not None}
        | {start for variant in variants if (start := _start(variant.constraint)) is not None}
    )
    found: list[tuple[str | None, Period]] = []
    for since in (None, *edges):
        active = [group for group in groups if group[0] is None or (since is not None and group[0] <= since)]
        if not active:
            continue
        _, prices, timed = active[-1]
        period = Period()
        reader.base(period, prices)
        reader.times(period, timed)
        reader.variants(period, [v for v in variants if _active(v.constraint, since)])
        found.append((None if since is None else since.isoformat(), period))
    return _joined(found, source)


def _joined(found: Sequence[tuple[str | None, Period]], source: str) -> list[Plain]:
    """Return the periods one after the other, neighbours that say the same as one, those without prices left out."""
    different: list[tuple[str | None, Period]] = []
    for since, period in found:
        if not different or different[-1][1] != period:
            different.append((since, period))
    ends = [since for since, _ in different[1:]]
    return [
        period.as_plain(since, until, source)
        for (since, period), until in zip(different, [*ends, None], strict=True)
        if period.rates
    ]


class _Group(NamedTuple):
    since: date | None
    prices: Any
    timed: list[tuple[Any, Any]]


class _Reader:
    """Reads the prices of one model; the path is that of the model."""

    def __init__(self, units: Mapping[str, Unit], path: str, losses: Losses) -> None:
        self.units = units
        self.path = path
        self.losses = losses
        self.reported: set[str] = set()

    def report(self, construct: str, where: str, severity: Any, note: str = "") -> None:
        """Note a construct once, though it stands in several periods."""
        path = f"{self.path}/{where}"
        if path not in self.reported:
            self.reported.add(path)
            self.losses.add(construct, path, severity, note)

    def groups(self, prices: Any) -> list[_Group]:
        """Return the dated prices, each with the times of day that stand after it."""
        if not isinstance(prices, list):
            return [_Group(None, (prices, "prices"), [])]
        groups: list[_Group] = []
        for number, entry in enumerate(prices):
            where = f"prices/{number}"
            if _is_time(entry.constraint):
                if groups:
                    groups[-1].timed.append((entry.constraint, (entry.prices, where)))
                else:
                    self.report("time", where, "dropped", "no price stands before it")
            else:
                groups.append(_Group(_start(entry.constraint), (entry.prices, where), []))
        return groups

    def base(self, period: Period, named: tuple[Any, str]) -> None:
        prices, where = named
        flat, tiers = self.read(prices, where, period)
        period.rates.update(flat)
        for threshold, rates in tiers:
            period.override({"input": threshold}, rates=rates)

    def times(self, period: Period, timed: Sequence[tuple[Any, tuple[Any, str]]]) -> None:
        """Add the times of day, windows of the same prices in one override."""
        read = [(constraint, *self.read(*named, period), named[1]) for constraint, named in timed]
        for _, same in groupby(read, key=lambda entry: (entry[1], entry[2])):
            entries = list(same)
            windows = []
            for constraint, _, _, where in entries:
                window = _window(constraint)
                if window is None:
                    self.report("time", where, "dropped", "it begins when it ends")
                else:
                    windows.append(window)
                    self.report("time", where, "exact", "holds in the period of the start date before it")
            _, flat, tiers, where = entries[0]
            missing = sorted(set(period.rates) - set(flat))
            if missing:
                note = f"{', '.join(f'`{meter}`' for meter in missing)} keep the price outside of the window"
                self.report("time", f"{where}/keys", "approximated", note)
            if windows:
                period.override({"time": windows}, rates=flat)
                for threshold, rates in tiers:
                    period.override({"time": windows, "input": threshold}, rates=rates)

    def variants(self, period: Period, variants: Sequence[Any]) -> None:
        """Add the variants in reverse: here the last that matches wins, there the first."""
        for number in reversed(range(len(variants))):
            variant = variants[number]
            labels = ",".join(f"{key}={value}" for key, value in sorted(variant.when.items()))
            where = f"price_variants/{labels}/{_start(variant.constraint)}"
            when: Plain = {}
            for key, value in variant.when.items():
                here = _RENAMED_CONTEXT.get(key, key)
                when[here] = value
                if here != key:
                    self.report("variant", f"{where}/{key}", "exact", f"as the context `{here}: {value}`")
            flat, tiers = self.read(variant.prices, where, period)
            standard = all(value == default_label(key) for key, value in when.items())
            if standard and not flat:
                continue
            for key, value in sorted(when.items()):
                period.declare(key, value)
            period.override(when, rates=flat)
            for threshold, rates in tiers:
                period.override({**when, "input": threshold}, rates=rates)

    def read(self, prices: Any, where: str, period: Period) -> tuple[Plain, list[tuple[Plain, Plain]]]:
        """Return the rates of a price card, and the rates above each threshold, ascending."""
        flat: Plain = {}
        above: dict[int, Plain] = {}
        for key, value in vars(prices).items():
            if value is None or key.startswith("_"):
                continue
            unit = self.units.get(key)
            if unit is None:
                self.report("price", f"{where}/{key}", "dropped", "no meter is known for this key")
                continue
            steps = [(None, value)]
            if not isinstance(value, Decimal):
                steps = [(None, value.base), *((tier.start, tier.price) for tier in value.tiers)]
            for start, price in steps:
                written = self.amount(price, unit, f"{where}/{key}", period)
                if written is None:
                    continue
                if start is None:
                    flat[unit.meter] = written
                else:
                    above.setdefault(start, {})[unit.meter] = written
        return flat, [(_threshold(start), above[start]) for start in sorted(above)]

    def amount(self, price: Decimal, unit: Unit, where: str, period: Period) -> Any:
        try:
            read = figure(price, per=unit.per, meter=unit.meter)
        except BadFigure as wrong:
            self.report("price", where, "dropped", str(wrong))
            return None
        if read.original:
            period.original.setdefault(unit.meter, f"{read.original} per {unit.per}")
            self.report("price", where, "approximated", f"`{read.original}` rounded to 12 significant digits")
        else:
            self.report("price", where, "exact")
        return read.amount


def _threshold(start: int) -> Plain:
    # genai-prices compares with `>`; xAI's bound is inclusive, so it writes 199999 there. For whole tokens
    # `> 199999` and `>= 200000` are the same, and the second is what the vendor says.
    return {"gte": start + 1} if start % 1000 == 999 else {"gt": start}


def _is_time(constraint: Any) -> bool:
    return hasattr(constraint, "start_time")


def _start(constraint: Any) -> date | None:
    start: date | None = getattr(constraint, "start_date", None)
    return start


def _active(constraint: Any, since: date | None) -> bool:
    start = _start(constraint)
    return start is None or (since is not None and start <= since)


def _window(constraint: Any) -> Plain | None:
    start, end = _clock(constraint.start_time), _clock(constraint.end_time)
    if start == end:
        return None
    return {"start": start, "end": "24:00" if end == "00:00" else end}


def _clock(value: time) -> str:
    """Return a time of day in UTC."""
    if value.tzinfo is not None:
        value = datetime.combine(date(1970, 1, 2), value).astimezone(UTC).time()
    return value.strftime("%H:%M:%S" if value.second else "%H:%M")


def equal_names(match: Any) -> Iterator[str]:
    """Yield the names that a match clause says outright; patterns say none."""
    if hasattr(match, "equals"):
        yield match.equals
    for part in getattr(match, "or_", ()):
        yield from equal_names(part)


def patterns(match: Any) -> Iterable[str]:
    """Return the parts of a match clause that are no plain names, written for a reader."""
    if hasattr(match, "equals"):
        return ()
    if hasattr(match, "or_"):
        return [pattern for part in match.or_ for pattern in patterns(part)]
    if hasattr(match, "and_"):
        return [
            "all of ("
            + "; ".join(p for part in match.and_ for p in (patterns(part) or equal_names(part)))
            + ")"
        ]
    return [f"{key} `{value}`" for key, value in vars(match).items()]
