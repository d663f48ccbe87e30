"""From the plain data of a catalog to a compiled one, or to all its problems.

The data has passed the schema; what is checked here is what a schema cannot say.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from types import MappingProxyType
from typing import Any, NamedTuple

from opentokenbudget.amounts import InvalidInstant
from opentokenbudget.documents import digest as digest_of
from opentokenbudget.problems import Problem, ProblemError, did_you_mean

from .cards import Card, Multiplier
from .catalog import Catalog
from .findings import Findings, in_document_order
from .lifecycle import Capabilities, Lifecycle, Model, read_capabilities, read_lifecycle
from .periods import read_card, read_multiplier
from .timeline import Stretch, Timeline, overlay, timeline


def compile_catalog(
    data: Mapping[str, Any], *, base: Mapping[str, Any] | None = None, digest: str = ""
) -> Catalog:
    """Return the catalog that the document `data` says.

    Args:
        data: plain data that has passed the schema, decimals as strings.
        base: the document that `data` extends, when it does.
        digest: of the document, references resolved; of the data as it is when left out.

    Raises:
        ProblemError: with all problems, in document order.

    Source: spec/20-catalog.md.
    """
    catalog, problems = _compile(data, base, digest)
    if problems:
        raise ProblemError(problems)
    return catalog


def catalog_problems(
    data: Mapping[str, Any], *, base: Mapping[str, Any] | None = None
) -> tuple[Problem, ...]:
    """Return what is wrong with `data` beyond its schema, in document order; empty when nothing is."""
    return _compile(data, base, "")[1]


# Of a redirect whose dates are wrong, which is a problem of its own.
_NEVER = Stretch(0, 0)


class _Discount(NamedTuple):
    stretch: Stretch
    models: frozenset[str] | None
    multiplier: Multiplier


class _Redirect(NamedTuple):
    stretch: Stretch
    target: str
    pointer: str


class _Entry(NamedTuple):
    """A model as read: its own prices, and when it is billed as another."""

    model: Model
    pointer: str
    prices: Timeline[Card]
    redirects: tuple[_Redirect, ...]


def _compile(
    data: Mapping[str, Any], base: Mapping[str, Any] | None, digest: str
) -> tuple[Catalog, tuple[Problem, ...]]:
    findings = Findings()
    entries: dict[str, _Entry] = {}
    if "extends" in data:
        entries = _base_entries(data, base, findings)
    discounts = _read_discounts(data, findings, {*entries, *_ids(data)})
    own, doubles = _read_models(data, findings)
    # Whole-model replacement: a model of the extending catalog stands where the base's stood.
    entries = {**{id_: own.get(id_, entry) for id_, entry in entries.items()}, **own}
    names = _names(entries)
    _check_names(data, entries, findings)
    for id_, entry in entries.items():
        entries[id_] = entry._replace(prices=_discounted(entry, discounts))
    timelines = {}
    for entry in doubles:
        _check_redirects(entry, entries, findings)
    for id_, entry in entries.items():
        _check_redirects(entry, entries, findings)
        redirects = [(r.stretch, entries[r.target].prices) for r in entry.redirects if r.target in entries]
        timelines[id_] = overlay(entry.prices, redirects) if redirects else entry.prices
    catalog = Catalog(
        id=data["id"],
        version=data["version"],
        currency=data["currency"],
        digest=digest or digest_of(data),
        models=MappingProxyType({id_: entry.model for id_, entry in entries.items()}),
        context_keys=frozenset(
            key
            for entry in entries.values()
            for card in entry.prices.values
            if card is not None
            for key in card.context
        ),
        _names={name: entries[id_].model for name, id_ in names.items()},
        _timelines={name: timelines[id_] for name, id_ in names.items()},
    )
    return catalog, in_document_order(data, findings.problems)


def _ids(data: Mapping[str, Any]) -> set[str]:
    return {model["id"] for model in data["models"]}


def _base_entries(
    data: Mapping[str, Any], base: Mapping[str, Any] | None, findings: Findings
) -> dict[str, _Entry]:
    """Return the models of `base`, its own discounts applied."""
    if base is None:
        findings.add("missing-base", "/extends", "the catalog that this one extends is not at hand")
        return {}
    if "extends" in base:
        message = f"`{base['id']}` extends another catalog itself: one level is all there is"
        findings.add("nested-extends", "/extends", message)
        return {}
    if base["currency"] != data["currency"]:
        message = f"the catalog it extends is in `{base['currency']}`, this one in `{data['currency']}`"
        findings.add("currency-mismatch", "/currency", message)
    below = Findings()
    discounts = _read_discounts(base, below, _ids(base))
    entries, _ = _read_models(base, below)
    _check_names(base, {}, below)
    for entry in entries.values():
        _check_redirects(entry, entries, below)
    if below.problems:
        first = below.problems[0]
        message = f"`{base['id']}` has {len(below.problems)} problems of its own, first {first}"
        findings.add("bad-base", "/extends", message)
        return {}
    return {
        id_: _Entry(
            model=entry.model,
            pointer="/extends",
            prices=_discounted(entry, discounts),
            redirects=tuple(redirect._replace(pointer="/extends") for redirect in entry.redirects),
        )
        for id_, entry in entries.items()
    }


def _read_models(data: Mapping[str, Any], findings: Findings) -> tuple[dict[str, _Entry], list[_Entry]]:
    """Return the models by id, and those whose id stood before, which is a problem that is noted elsewhere."""
    entries: dict[str, _Entry] = {}
    doubles: list[_Entry] = []
    sources = data.get("sources", {})
    for number, plain in enumerate(data["models"]):
        pointer = f"/models/{number}"
        model = Model(
            id=plain["id"],
            aliases=tuple(plain.get("aliases", ())),
            lifecycle=_lifecycle(plain.get("lifecycle", {}), f"{pointer}/lifecycle", findings),
            capabilities=read_capabilities(plain["capabilities"])
            if "capabilities" in plain
            else Capabilities(),
        )
        pieces: list[tuple[Stretch, Card]] = []
        for index, period in enumerate(plain["prices"]):
            where = f"{pointer}/prices/{index}"
            stretch = findings.stretch(period, where)
            card = read_card(period, model.id, where, sources, findings)
            if stretch is not None:
                pieces.append((stretch, card))
                findings.check_overlap([piece for piece, _ in pieces], where)
        redirects = _redirects(plain.get("lifecycle", {}), f"{pointer}/lifecycle", findings)
        entry = _Entry(model, pointer, timeline(pieces), redirects)
        if entries.setdefault(model.id, entry) is not entry:
            doubles.append(entry)
    return entries, doubles


def _lifecycle(plain: Mapping[str, Any], pointer: str, findings: Findings) -> Lifecycle:
    try:
        lifecycle = read_lifecycle(plain)
    except InvalidInstant as wrong:
        findings.add("bad-instant", pointer, str(wrong))
        return Lifecycle()
    dates = [
        (name, at)
        for name, at in (
            ("released", lifecycle.released_at),
            ("deprecated", lifecycle.deprecated_at),
            ("retires", lifecycle.retires_at),
        )
        if at is not None
    ]
    for (earlier, first), (later, second) in pairwise(dates):
        if second < first:
            findings.add("lifecycle-order", f"{pointer}/{later}", f"`{later}` lies before `{earlier}`")
    return lifecycle


def _redirects(plain: Mapping[str, Any], pointer: str, findings: Findings) -> tuple[_Redirect, ...]:
    redirects: list[_Redirect] = []
    for number, redirect in enumerate(plain.get("billed_as", ())):
        where = f"{pointer}/billed_as/{number}"
        stretch = findings.stretch(redirect, where)
        redirects.append(_Redirect(stretch or _NEVER, redirect["model"], f"{where}/model"))
        if stretch is not None:
            findings.check_overlap([one.stretch for one in redirects if one.stretch is not _NEVER], where)
    return tuple(redirects)


def _check_redirects(entry: _Entry, entries: Mapping[str, _Entry], findings: Findings) -> None:
    """Note targets that do not exist, and those that are billed as another then: one hop is all."""
    for stretch, target, pointer in entry.redirects:
        if target not in entries:
            near = did_you_mean(target, entries)
            findings.add("unknown-model", pointer, f"no model has the id `{target}`{near}")
        elif target == entry.model.id or any(_meet(stretch, r.stretch) for r in entries[target].redirects):
            message = f"`{target}` is billed as another model itself then: one redirect is all there is"
            findings.add("redirect-loop", pointer, message)


def _meet(one: Stretch, other: Stretch) -> bool:
    return _NEVER not in (one, other) and one.meets(other)


def _names(entries: Mapping[str, _Entry]) -> dict[str, str]:
    """Return the model id by name: ids and aliases, all in one namespace."""
    names = {alias: id_ for id_, entry in entries.items() for alias in entry.model.aliases}
    return {**names, **{id_: id_ for id_ in entries}}


def _check_names(data: Mapping[str, Any], entries: Mapping[str, _Entry], findings: Findings) -> None:
    """Note names of models in `data` that stand for another model before, be it one of the catalog below."""
    # Two models of one id are two owners of it: the second one's number tells them apart.
    owners: dict[str, tuple[str, int]] = {}
    for id_, entry in entries.items():
        if entry.pointer == "/extends":
            owners.update(dict.fromkeys((id_, *entry.model.aliases), (id_, 0)))
    seen: set[str] = set()
    for number, plain in enumerate(data["models"]):
        owner = (plain["id"], number if plain["id"] in seen else 0)
        seen.add(plain["id"])
        named = [(plain["id"], "id")]
        named += [(alias, f"aliases/{place}") for place, alias in enumerate(plain.get("aliases", ()))]
        for name, place in named:
            if owners.setdefault(name, owner) != owner:
                message = f"`{name}` is a name of `{owners[name][0]}` already"
                findings.add("duplicate-id", f"/models/{number}/{place}", message)


def _read_discounts(data: Mapping[str, Any], findings: Findings, ids: set[str]) -> list[_Discount]:
    discounts = []
    for number, plain in enumerate(data.get("discounts", ())):
        pointer = f"/discounts/{number}"
        stretch = findings.stretch(plain, pointer)
        for index, name in enumerate(plain.get("models", ())):
            if name not in ids:
                message = f"no model has the id `{name}`{did_you_mean(name, ids)}"
                findings.add("unknown-model", f"{pointer}/models/{index}", message)
        multiplier = read_multiplier(plain, pointer, findings)
        models = frozenset(plain["models"]) if "models" in plain else None
        if stretch is not None and multiplier is not None:
            discounts.append(_Discount(stretch, models, multiplier))
    return discounts


def _discounted(entry: _Entry, discounts: Sequence[_Discount]) -> Timeline[Card]:
    """Return the prices of `entry`, cut where a discount begins or ends."""
    mine = [d for d in discounts if d.models is None or entry.model.id in d.models]
    if not mine:
        return entry.prices
    edges = {edge for discount in mine for edge in discount.stretch}
    cut = overlay(entry.prices, [(Stretch(edge, edge), entry.prices) for edge in edges])
    cards: dict[tuple[int, tuple[Multiplier, ...]], Card] = {}
    values: list[Card | None] = []
    for start, card in zip(cut.starts, cut.values, strict=True):
        active = tuple(d.multiplier for d in mine if d.stretch.since <= start < d.stretch.until)
        if card is None or not active:
            values.append(card)
            continue
        key = (id(card), active)
        if key not in cards:
            cards[key] = card.discounted(active)
        values.append(cards[key])
    return Timeline(cut.starts, tuple(values))
