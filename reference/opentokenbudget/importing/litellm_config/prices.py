"""The catalog of an import: prices that the configuration says itself, and the bundled ones for the rest.

A price in the configuration makes a model of its own. A model without one is looked up in the bundled catalog,
by its exact name first; what nobody prices is refused, for an unpriced model never costs 0 here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from opentokenbudget.amounts import parse_date, parse_instant

from ..drafts import Plain
from ..litellm_capabilities import capabilities, is_capability
from ..litellm_cards import period_of
from ..litellm_keys import is_price_key
from ..losses import Losses, Severity
from ..naming import is_name
from ..ordinary_yaml import decimal_of
from .config import Spot

SOURCE = "litellm-config"
_ANSWERS = (None, "chat", "completion", "responses")
# Where a model runs is part of litellm's name for it, and no part of the maker's name.
_PLACES = re.compile(r"^(?:(?:us|eu|apac|au|jp|global)[./]|[a-z]{2}-[a-z]+-[0-9]/|[a-z]+\.(?=[a-z0-9]))")
_EDITION = re.compile(r"-v[0-9]+(?::[0-9]+)?$|[-@][0-9]{8}$|-[0-9]{4}-[0-9]{2}-[0-9]{2}$|-latest$")
_MAKERS = {
    "gemini": "google",
    "xai": "x-ai",
    "together_ai": "together",
    "cohere_chat": "cohere",
    "moonshot": "moonshotai",
}


class Priced(NamedTuple):
    """The id of a deployment's model in the catalog, "" where it is refused, and how well that says it."""

    id: str
    severity: Severity
    note: str = ""


class PriceBook:
    """Collects the models that an import needs."""

    def __init__(self, bundled: Mapping[str, Any], *, at: int) -> None:
        self._bundled = bundled
        self._at = at
        self._known: dict[str, Plain] = {}
        for model in bundled["models"]:
            for name in (model["id"], *model.get("aliases", ())):
                self._known[name] = model
        self._own: dict[str, Plain] = {}
        self._taken: dict[str, Plain] = {}

    def find(self, params: Spot, info: Spot, *, provider: str, deployment: str) -> Priced:
        """Return the model of the deployment `deployment`; its price keys and capabilities are reported."""
        name = str(params["model"].value)
        base = next((spot for spot in (info["base_model"], params["base_model"]) if spot.text()), None)
        prices = {key: spot for at in (info, params) for key, spot in at.members() if is_price_key(key)}
        known, severity, note = self._lookup(name, base.value if base else None, provider)
        if base is not None:
            found = known is not None and severity == "exact"
            base.say("exact" if found else "approximated", "" if found else "not a name of the catalog")
        if any(spot.value is not None for spot in prices.values()):
            return self._priced(prices, info, known, name=name, provider=provider, deployment=deployment)
        for spot in prices.values():
            spot.say("exact", "null sets nothing")
        if known is None:
            for key, spot in info.members():
                if is_capability(key):
                    spot.say("dropped", "the model has no price")
            return Priced("", "refused", "no price: neither in the configuration nor in the bundled catalog")
        missing = _missing(_latest(known)["rates"])
        kinds = known.get("capabilities", {}).get("output", ["text"])
        answers = "text" in kinds and info["mode"].value in _ANSWERS
        refusal = self._ended(known) or (missing and answers and f"no price for {_words(missing)}")
        if refusal:
            return Priced("", "refused", refusal)
        if missing:
            severity, note = "approximated", f"{_words(missing)} cost nothing here: said as an explicit 0"
        self._take(_with_zeros(known) if missing else known)
        declared = _capabilities(info, report=False)
        same = all(known.get("capabilities", {}).get(key) == value for key, value in declared.items())
        for key, spot in info.members():
            if is_capability(key):
                spot.say(
                    "exact" if same else "approximated", "" if same else "the catalog's own figures stand"
                )
        return Priced(known["id"], severity, note)

    def models(self) -> list[Plain]:
        """Return the models in use, those of the bundled catalog first."""
        return [*self._taken.values(), *self._own.values()]

    def catalog(self, name: str, taken: frozenset[str]) -> Plain:
        """Return the catalog of the models in use; no alias is one of `taken`."""
        reserved = taken | self._own.keys()
        models = []
        for model in self.models():
            aliases = [alias for alias in model.get("aliases", ()) if alias not in reserved]
            models.append({key: aliases if key == "aliases" else value for key, value in model.items()})
            if not aliases:
                models[-1].pop("aliases", None)
        named = {period.get("source") for model in models for period in model["prices"]}
        sources = {key: source for key, source in self._bundled.get("sources", {}).items() if key in named}
        if SOURCE in named:
            sources[SOURCE] = {"note": "prices written in the LiteLLM configuration"}
        catalog = {"otb": "1.0", "kind": "catalog", "id": name, "version": "1.0.0"}
        catalog["description"] = "The models of a LiteLLM configuration, with their prices."
        catalog["currency"] = self._bundled["currency"]
        return {**catalog, **({"sources": sources} if sources else {}), "models": models}

    def _take(self, model: Plain) -> None:
        """Keep a model of the bundled catalog, and those that its lifecycle names."""
        if model["id"] in self._taken:
            return
        self._taken[model["id"]] = model
        life = model.get("lifecycle", {})
        for name in (*(redirect["model"] for redirect in life.get("billed_as", ())), life.get("replacement")):
            if name in self._known:
                self._take(self._known[name])

    def _ended(self, model: Plain) -> str:
        """Return why `model` can serve nobody at the instant of the import, "" where it can."""
        ends = model.get("lifecycle", {}).get("retires")
        if ends is None or (parse_instant(ends) if "T" in ends else parse_date(ends)) > self._at:
            return ""
        following = model["lifecycle"].get("replacement")
        return f"`{model['id']}` retired on {ends[:10]}" + (
            f": `{following}` replaces it" if following else ""
        )

    def _lookup(self, name: str, base: Any, provider: str) -> tuple[Plain | None, Severity, str]:
        for wanted in (base, name):
            if isinstance(wanted, str) and wanted in self._known:
                model = self._known[wanted]
                return (
                    model,
                    "exact",
                    "" if wanted == name else f"priced by its base model, as `{model['id']}`",
                )
        maker = _MAKERS.get(provider, provider)
        bare = name.removeprefix(f"{provider}/")
        for wanted in (f"{maker}/{bare}", f"openai/{bare}" if not provider else ""):
            if wanted in self._known and base is None:
                return self._known[wanted], "exact", f"here `{self._known[wanted]['id']}`"
        for wanted in (base, name):
            for other in _other_names(wanted, provider) if isinstance(wanted, str) else ():
                if other in self._known:
                    model = self._known[other]
                    return model, "approximated", f"priced as `{model['id']}` of the bundled catalog"
        return None, "refused", ""

    def _priced(
        self,
        prices: dict[str, Spot],
        info: Spot,
        known: Plain | None,
        *,
        name: str,
        provider: str,
        deployment: str,
    ) -> Priced:
        entry: Plain = {"litellm_provider": provider, "mode": info["mode"].value}
        for key, spot in prices.items():
            number = decimal_of(spot.value) if isinstance(spot.value, str) else None
            if spot.value is None:
                spot.say("exact", "null sets nothing")
            else:
                entry[key] = spot.value if number is None else number
        losses = Losses()
        period = period_of(entry, "", losses, "")
        severity, note = _completed(period.rates, entry["mode"], known)
        if severity == "refused":
            return Priced("", severity, note)
        made: Plain = {"id": name}
        declared = _capabilities(info, report=True)
        inherited = known.get("capabilities", {}) if known is not None else {}
        if declared or inherited:
            made["capabilities"] = {**inherited, **declared}
        made["prices"] = [period.as_plain(None, None, SOURCE)]
        kept = self._keep(made, provider, deployment)
        for loss in losses.finished():
            prices[loss.path.split("/")[1]].say(loss.severity, loss.note, f"prices.yaml#models/{kept}")
        for spot in prices.values():
            if not spot.said():
                spot.say("dropped", "not a price that this catalog can hold")
        return Priced(kept, severity, note)

    def _keep(self, model: Plain, provider: str, deployment: str) -> str:
        """Return the id under which `model` is kept: the same model at the same price is one model."""
        name = (
            model["id"]
            if is_name(model["id"])
            else re.sub(r"[^A-Za-z0-9._:/@+-]+", "-", model["id"]).strip("-")
        )
        name = name if "/" in name else f"{provider or 'custom'}/{name}"
        number, wanted = 1, name
        while True:
            kept = self._own.get(wanted)
            if kept is not None and {**kept, "id": ""} == {**model, "id": ""}:
                return wanted
            if kept is None and wanted not in self._known:
                self._own[wanted] = {**model, "id": wanted}
                return wanted
            wanted = f"{name[:140]}@{deployment}" + (f"-{number}" if number > 1 else "")
            number += 1


def _completed(rates: Plain, mode: Any, known: Plain | None) -> tuple[Severity, str]:
    """Complete the rates of input and output where that can be done openly, and say how."""
    missing = _missing(rates)
    if not missing:
        return "exact", ""
    words = _words(missing)
    if mode not in _ANSWERS:
        rates.update((meter, "0") for meter in missing)
        return "approximated", f"{words} cost nothing in the mode `{mode}`: said as an explicit 0"
    usual = _latest(known)["rates"] if known is not None else {}
    if rates and all(meter in usual for meter in missing):
        rates.update((meter, usual[meter]) for meter in missing)
        return "approximated", f"{words} at the price of the bundled catalog: the configuration does not say"
    return "refused", f"no price for {words}, and what has no price never costs 0 here"


def _missing(rates: Mapping[str, Any]) -> list[str]:
    return [meter for meter in ("input", "output") if meter not in rates]


def _words(meters: list[str]) -> str:
    return " and ".join(f"`{meter}`" for meter in meters)


def _with_zeros(model: Plain) -> Plain:
    """Return `model` with an explicit 0 for the tokens that it does not take or does not make."""
    free = {"input": "0", "output": "0"}
    return {
        **model,
        "prices": [{**period, "rates": {**free, **period["rates"]}} for period in model["prices"]],
    }


def _latest(model: Plain) -> Plain:
    latest: Plain = max(model["prices"], key=lambda period: period["from"] or "", default={"rates": {}})
    return latest


def _capabilities(info: Spot, *, report: bool) -> Plain:
    entry = {key: spot.value for key, spot in info.members() if is_capability(key) and spot.value is not None}
    losses = Losses()
    found = capabilities(entry, "", losses)
    if report:
        for loss in losses.finished():
            info[loss.path.split("/")[1]].say(loss.severity, loss.note)
        for key, spot in info.members():
            if is_capability(key) and not spot.said():
                spot.say("exact")
    return found


def _other_names(name: str, provider: str) -> Iterator[str]:
    """Yield what the bundled catalog may call the model `name`: without provider, place and edition."""
    seen = {name}
    queue = [name]
    while queue:
        known = queue.pop(0)
        for other in (
            known.partition("/")[2],
            _PLACES.sub("", known),
            _EDITION.sub("", known),
            known.replace("@", "-"),
        ):
            if other and other not in seen:
                seen.add(other)
                queue.append(other)
                yield other
    for other in tuple(seen):
        if provider and "/" not in other:
            yield f"{provider}/{other}"
