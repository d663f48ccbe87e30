"""Import of litellm's file of prices, `model_prices_and_context_window.json`.

Ids are `provider/model`, the exact key of the file is an alias. The file has no dates of prices: each model has one
period since ever. Numbers are read as decimals, never as floats.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, NoReturn

from opentokenbudget.amounts import InvalidInstant, parse_date
from opentokenbudget.problems import Place, Problem, ProblemError

from .drafts import Imported, Plain, chosen, envelope, sound, source_id, with_models
from .litellm_capabilities import capabilities, is_capability
from .litellm_cards import period_of
from .litellm_keys import is_price_key
from .losses import Losses
from .naming import Claim, is_name, settle_names
from .quarantine import quarantine

PACKAGE = "litellm"
_LICENCE = "MIT"
_NO_MODELS = ("sample_spec", "fallback_generalizations")
_READ = frozenset(("litellm_provider", "deprecation_date", "source"))
_PREFIX = re.compile(r"^text-completion-")
_SUFFIX = re.compile(r"(?:-[a-z0-9-]+[-_]models|_converse|_chat|_text)$")


def read_price_file(raw: bytes, *, file: str) -> Mapping[str, Any]:
    """Return the entries of litellm's file, numbers as `int` or `Decimal`.

    Raises:
        ProblemError: `not-utf-8`, `syntax-error`, `wrong-type`: with the place.
    """
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as wrong:
        raise _unread("not-utf-8", f"byte {wrong.start} is not UTF-8", Place(file, 1, 1)) from None
    try:
        data = json.loads(text, parse_float=Decimal, parse_constant=_no_number)
    except json.JSONDecodeError as wrong:
        place = Place(file, wrong.lineno, wrong.colno)
        raise _unread("syntax-error", f"not JSON: {wrong.msg.lower()}", place) from None
    except (ValueError, ArithmeticError, RecursionError):
        raise _unread(
            "syntax-error", "not JSON: a number or a depth beyond all bounds", Place(file, 1, 1)
        ) from None
    if not isinstance(data, dict) or not all(isinstance(entry, dict) for entry in data.values()):
        message = "not a file of prices: it has to map names of models to mappings"
        raise _unread("wrong-type", message, Place(file, 1, 1))
    return data


def import_litellm(
    entries: Mapping[str, Any],
    *,
    retrieved: str,
    version: str = "",
    models: tuple[str, ...] = (),
    keep_quarantined: bool = False,
) -> Imported:
    """Return the prices of litellm's file as a catalog.

    Args:
        entries: what `read_price_file` answers.
        retrieved: the date of the import, for the sources and as the version.
        version: that of the package, where it is known.
        models: globs over ids and aliases; none means all.
        keep_quarantined: leave suspicious models in.
    """
    losses = Losses()
    package = f"{PACKAGE} {version}".strip()
    ids, also = _ids(entries, losses)
    sources: Plain = {}
    drafts: list[Plain] = []
    for key, id_ in ids.items():
        draft = _model(key, id_, entries[key], package, retrieved, sources, losses)
        if draft is not None:
            drafts.append(draft)
    named = {draft["id"] for draft in drafts}
    claims = [Claim(id_, key, key) for key, id_ in (*ids.items(), *also.items()) if id_ in named]
    aliases = settle_names(named, claims, prefers=_nobody, losses=losses)
    for draft in drafts:
        if draft["id"] in aliases:
            draft["aliases"] = list(aliases[draft["id"]])
    order = ("id", "aliases", "lifecycle", "capabilities", "prices")
    catalog = envelope(
        PACKAGE,
        retrieved=retrieved,
        description=f"Imported from {package}, which says no dates: prices are those of the date of the import.",
        sources=sources,
        models=[{key: draft[key] for key in order if key in draft} for draft in drafts],
    )
    catalog = sound(catalog, losses)
    catalog, suspects = quarantine(catalog, models=models, keep=keep_quarantined, losses=losses)
    catalog = chosen(catalog, models)
    return Imported(with_models(catalog, catalog["models"]), losses.finished(), suspects)


def _ids(entries: Mapping[str, Any], losses: Losses) -> tuple[Mapping[str, str], Mapping[str, str]]:
    """Return the id of each key that is a model, and of each key that is only another name of one.

    Where two keys would have one id, the key that is the id keeps it: a twin of the same price is another name
    of it, any other has litellm's own name of the provider before its name.
    """
    ids: dict[str, str] = {}
    also: dict[str, str] = {}
    keys: dict[str, str] = {}
    prefixes: dict[str, str] = {}
    for key, entry in entries.items():
        if key in _NO_MODELS:
            losses.add("model", key, "dropped", "it is no model")
            continue
        prefix = _SUFFIX.sub("", _PREFIX.sub("", str(entry.get("litellm_provider") or "")))
        if not prefix:
            losses.add("model", key, "refused", "it has no provider")
            continue
        prefixes[key] = prefix
        if key.startswith(f"{prefix}/"):
            ids[key] = key
            keys[key] = key
    for key, prefix in prefixes.items():
        if key in ids:
            continue
        wanted = f"{prefix}/{key}"
        own = f"{entries[key]['litellm_provider']}/{key}"
        if wanted not in keys:
            ids[key] = wanted
            keys[wanted] = key
        elif _prices(entries[key]) == _prices(entries[keys[wanted]]):
            also[key] = wanted
            losses.add("id", key, "exact", f"another name of `{wanted}`")
        elif own not in keys:
            ids[key] = own
            keys[own] = key
            losses.add("id", key, "approximated", f"`{own}`, since `{wanted}` has another price")
        else:
            losses.add("model", key, "refused", f"`{own}` has another price")
    return {key: ids[key] for key in entries if key in ids}, also


def _prices(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    return {key: value for key, value in entry.items() if is_price_key(key)}


def _model(
    key: str, id_: str, entry: Mapping[str, Any], package: str, retrieved: str, sources: Plain, losses: Losses
) -> Plain | None:
    if not is_name(id_):
        losses.add("model", key, "refused", "its name cannot be the id of a model")
        return None
    period = period_of(entry, key, losses, retrieved)
    if not period.rates:
        losses.add("model", key, "refused", "it has no price")
        return None
    for part, whole in period.fold():
        note = f"`{part}` costs what `{whole}` costs, in every service tier"
        losses.add("price", f"{key}/{part}", "approximated", note)
    source = _source(entry.get("source"), package, retrieved, sources)
    draft: Plain = {"id": id_, "prices": [period.as_plain(None, None, source)]}
    lifecycle = _lifecycle(entry, key, losses)
    if lifecycle:
        draft["lifecycle"] = lifecycle
    able = capabilities(entry, key, losses)
    if able:
        draft["capabilities"] = able
    for name in entry:
        if name not in _READ and not is_price_key(name) and not is_capability(name):
            losses.drop_key(name)
    if "web_search_billing_unit" in entry:
        losses.add(
            "web_search_billing_unit", f"{key}/web_search_billing_unit", "exact", "searches are counted"
        )
    return draft


def _source(url: Any, package: str, retrieved: str, sources: Plain) -> str:
    source: Plain = {"package": package}
    key = PACKAGE
    if isinstance(url, str) and url.startswith("http") and url.isprintable() and len(url) <= 1024:
        source["url"] = url
        key = source_id(PACKAGE, url.split("//", 1)[-1].rstrip("/"))
    source.update(retrieved=retrieved, licence=_LICENCE)
    number = 2
    unique = key
    # Two addresses may look alike once they are written as an id.
    while sources.setdefault(unique, source) != source:
        unique, number = f"{key[:120]}-{number}", number + 1
    return unique


def _lifecycle(entry: Mapping[str, Any], key: str, losses: Losses) -> Plain:
    retires = entry.get("deprecation_date")
    if retires is None:
        return {}
    try:
        parse_date(retires)
    except (InvalidInstant, TypeError):
        losses.add("deprecation_date", f"{key}/deprecation_date", "dropped", "it is no date")
        return {}
    losses.add("deprecation_date", f"{key}/deprecation_date", "exact", "as the date on which it retires")
    return {"retires": retires}


def _nobody(_name: str, _models: Sequence[str]) -> None:
    return None


def _no_number(text: str) -> NoReturn:
    raise ValueError(text)


def _unread(code: str, message: str, place: Place) -> ProblemError:
    return ProblemError(Problem(code, "", message, place=place))
