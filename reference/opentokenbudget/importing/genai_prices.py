"""Import of the installed package genai-prices: all its providers and models, as one catalog.

Ids are `provider/model`. Aliases are the names that a match clause says outright, once behind the provider and
once bare; patterns (prefixes, regular expressions) are not portable and become hints in the loss report.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module, metadata
from typing import Any

from opentokenbudget.problems import Problem, ProblemError

from .drafts import Imported, Plain, chosen, envelope, sound, source_id, with_models
from .genai_cards import Unit, equal_names, patterns, periods, unit_of
from .losses import Losses
from .naming import Claim, is_name, settle_names
from .quarantine import quarantine

PACKAGE = "genai-prices"
_LICENCE = "MIT"


def import_genai_prices(
    *, retrieved: str, models: tuple[str, ...] = (), keep_quarantined: bool = False
) -> Imported:
    """Return the prices of the installed package genai-prices as a catalog.

    Args:
        retrieved: the date of the import, for the sources and as the version.
        models: globs over ids and aliases; none means all.
        keep_quarantined: leave suspicious models in.

    Raises:
        ProblemError: `missing-package`: the package is not installed.
    """
    try:
        providers = import_module("genai_prices.data").providers
        units = import_module("genai_prices.data_units").unit_data
        version = metadata.version(PACKAGE)
    except (ImportError, AttributeError):
        message = "genai-prices is not installed: `pip install 'opentokenbudget[prices]'`"
        raise ProblemError(Problem("missing-package", "", message)) from None
    return read_providers(
        providers,
        units,
        version=version,
        retrieved=retrieved,
        models=models,
        keep_quarantined=keep_quarantined,
    )


def read_providers(
    providers: Sequence[Any],
    units: Mapping[str, Mapping[str, Any]],
    *,
    version: str,
    retrieved: str,
    models: tuple[str, ...] = (),
    keep_quarantined: bool = False,
) -> Imported:
    """Return `providers`, objects like genai-prices', as a catalog."""
    losses = Losses()
    meters = _meters(units)
    sources: Plain = {}
    drafts: list[Plain] = []
    claims: list[Claim] = []
    seen: set[str] = set()
    for provider in providers:
        source = source_id(PACKAGE, provider.id)
        sources[source] = _source(provider, version, retrieved)
        if provider.price_comments:
            losses.add("price_comments", f"{provider.id}/price_comments", "dropped", provider.price_comments)
        for fallback in provider.fallback_model_providers or ():
            note = f"models of `{fallback}` are not repeated under `{provider.id}`"
            losses.add("fallback_model_providers", f"{provider.id}/{fallback}", "dropped", note)
        shadows = _Shadows(provider)
        for number, model in enumerate(provider.models):
            path = f"{provider.id}/{model.id}"
            draft = _model(model, path, meters, source, retrieved, losses)
            if draft is None:
                continue
            if path in seen:
                losses.add("model", path, "refused", "a model of this id stands before it")
                continue
            seen.add(path)
            drafts.append(draft)
            claims += _claims(provider.id, model, number, shadows, losses)
    aliases = settle_names(seen, claims, prefers=_Owner(providers), losses=losses)
    for draft in drafts:
        names = aliases.get(draft["id"], ())
        if names:
            draft["aliases"] = list(names)
    description = f"Imported from {PACKAGE} {version}, which carries the providers' list prices."
    catalog = envelope(
        PACKAGE,
        retrieved=retrieved,
        description=description,
        sources=sources,
        models=[_ordered(draft) for draft in drafts],
    )
    catalog = sound(catalog, losses)
    catalog, suspects = quarantine(catalog, models=models, keep=keep_quarantined, losses=losses)
    catalog = chosen(catalog, models)
    return Imported(with_models(catalog, catalog["models"]), losses.finished(), suspects)


def _meters(units: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Unit]:
    meters = {}
    for raw in units.values():
        unit = unit_of(raw["dimensions"], raw["per"])
        if unit is not None:
            meters[raw["price_key"]] = unit
    return meters


def _source(provider: Any, version: str, retrieved: str) -> Plain:
    source: Plain = {"package": f"{PACKAGE} {version}"}
    if provider.pricing_urls:
        source["url"] = provider.pricing_urls[0]
    return {**source, "retrieved": retrieved, "licence": _LICENCE}


def _model(
    model: Any, path: str, units: Mapping[str, Unit], source: str, retrieved: str, losses: Losses
) -> Plain | None:
    if not is_name(path):
        losses.add("model", path, "refused", "its name cannot be the id of a model")
        return None
    prices = periods(model, units, source, path, losses)
    if not prices:
        losses.add("model", path, "refused", "it has no price")
        return None
    draft: Plain = {"id": path, "prices": prices}
    if model.name:
        draft["description"] = model.name
    if model.price_comments:
        losses.add("price_comments", f"{path}/price_comments", "dropped", model.price_comments)
    if model.deprecated:
        draft["lifecycle"] = {"deprecated": retrieved}
        losses.add(
            "deprecated", f"{path}/deprecated", "approximated", "a flag without date: dated by the import"
        )
    if model.context_window:
        draft["capabilities"] = {"context_window": model.context_window}
        losses.add("context_window", f"{path}/context_window", "exact")
    return draft


def _ordered(draft: Plain) -> Plain:
    order = ("id", "aliases", "description", "lifecycle", "capabilities", "prices")
    return {key: draft[key] for key in order if key in draft}


def _claims(provider: str, model: Any, number: int, shadows: _Shadows, losses: Losses) -> list[Claim]:
    """Return the names that `model` wants: those that its own provider would take for it."""
    id_ = f"{provider}/{model.id}"
    names = dict.fromkeys(equal_names(model.match))
    for pattern in patterns(model.match):
        losses.add("match", f"{id_}/match", "dropped", f"names by {pattern} are not portable")
    if names:
        losses.add("match", f"{id_}/match", "approximated", "genai-prices ignores the case of names")
    if model.match.is_match(model.id.lower()):
        names = {model.id: None, **names}
    claims = []
    for name in names:
        path = f"{id_}/match/{name}"
        shadow = shadows.before(number, name)
        if shadow is not None:
            losses.add("alias", path, "dropped", f"a pattern of `{provider}/{shadow}` takes it first")
            continue
        claims += [Claim(id_, f"{provider}/{name}", path), Claim(id_, name, path)]
    return claims


class _Shadows:
    """Which models of a provider have patterns, and so may take a name that a later model says outright."""

    def __init__(self, provider: Any) -> None:
        self.patterned = [
            (number, model) for number, model in enumerate(provider.models) if patterns(model.match)
        ]

    def before(self, number: int, name: str) -> str | None:
        """Return the model before `number` that takes `name` by a pattern."""
        lowered = name.lower()
        for earlier, model in self.patterned:
            if earlier >= number:
                return None
            if model.match.is_match(lowered):
                return str(model.id)
        return None


class _Owner:
    """Which model genai-prices would take for a bare name: that of the first provider that claims the name."""

    def __init__(self, providers: Sequence[Any]) -> None:
        self.providers = [provider for provider in providers if provider.model_match is not None]

    def __call__(self, name: str, models: Sequence[str]) -> str | None:
        providers = {model.partition("/")[0] for model in models}
        if len(providers) == 1:
            # All of one provider: it takes the first that matches.
            return models[0]
        lowered = name.lower()
        owner = next((p.id for p in self.providers if p.model_match.is_match(lowered)), None)
        return next((model for model in models if model.partition("/")[0] == owner), None)
