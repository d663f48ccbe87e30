"""`model_list`: deployments, their groups, and what stands beside them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, final

from ..drafts import Plain
from .config import Names, Spot, mapping
from .prices import PriceBook
from .secrets import label, origin
from .silent import DISPATCH

ROUTER_PREFIX = "auto_router/"
EXTENSION = "ai.litellm"
_PLACES = ("region_name", "aws_region_name", "vertex_location")
_LARGEST_WEIGHT = 1_000_000


@final
@dataclass(slots=True)
class Deployment:
    """A deployment that is being put together.

    Attributes:
        id: as the policy names it, and `group`: what callers ask for.
        provider: LiteLLM's name of who serves it, and `model`: the id in the catalog.
        weight: how often it is drawn, None where nothing says; `drawn_by`: the key that says it.
    """

    id: str
    group: str
    provider: str
    model: str
    entry: Spot
    params: Spot
    info: Spot
    extension: Plain = field(default_factory=dict)
    weight: int | None = None
    drawn_by: str = ""
    order: int | None = None
    tags: tuple[str, ...] = ()

    def as_plain(self) -> Plain:
        """Return the deployment as it stands in a policy."""
        kept = {EXTENSION: self.extension} if self.extension else None
        return mapping(id=self.id, model=self.model, weight=self.weight, extensions=kept)


@final
@dataclass(slots=True)
class ModelList:
    """What the `model_list` holds: deployments by group, in order, and the entries that are routers."""

    deployments: list[Deployment] = field(default_factory=list)
    routers: list[Spot] = field(default_factory=list)

    def groups(self) -> dict[str, list[Deployment]]:
        """Return the deployments by group, groups in the order of their first deployment."""
        found: dict[str, list[Deployment]] = {}
        for deployment in self.deployments:
            found.setdefault(deployment.group, []).append(deployment)
        return found


def read_models(listed: Spot, prices: PriceBook) -> ModelList:
    """Return the deployments and routers of `listed`; every entry is a mapping with a model."""
    found = ModelList()
    names = Names()
    for entry in listed.items():
        params, info = entry["litellm_params"], entry["model_info"]
        model, group = params["model"].value, label(entry["model_name"].value)
        if isinstance(model, str) and model.startswith(ROUTER_PREFIX):
            found.routers.append(entry)
            continue
        refusal = _refusal(group, model)
        if refusal:
            entry.say("refused", refusal)
            continue
        assert group is not None
        provider = _provider(params, str(model))
        given = label(info["id"].value)
        name = names.give(given or (f"{group}-{provider}" if provider else group))
        priced = prices.find(params, info, provider=provider, deployment=name)
        if not priced.id:
            entry.say("refused", priced.note)
            continue
        if info["blocked"].value is True:
            entry.say("exact", "switched off in LiteLLM: left out")
            continue
        deployment = Deployment(name, group, provider, priced.id, entry, params, info)
        _names(deployment, entry, given, priced.severity, priced.note)
        _extension(deployment)
        found.deployments.append(deployment)
    for deployments in found.groups().values():
        _weights(deployments)
    return found


def _refusal(group: str | None, model: Any) -> str:
    if group is None or label(model) is None:
        return "its name is no text that a document may hold"
    if "*" in group or "*" in str(model):
        return "a wildcard names no model: a catalog holds exact names"
    return ""


def _provider(params: Spot, model: str) -> str:
    named = params["custom_llm_provider"].value
    if isinstance(named, str) and label(named):
        params["custom_llm_provider"].say("exact")
        return named
    return model.partition("/")[0] if "/" in model else ""


def _names(deployment: Deployment, entry: Spot, given: str | None, severity: Any, note: str) -> None:
    where = f"policy.yaml#deployments/{deployment.id}"
    entry["model_name"].say("exact", "", f"policy.yaml#rules/{deployment.group}")
    deployment.params["model"].say(severity, note, where)
    if deployment.info.has("id"):
        same = given == deployment.id
        deployment.info["id"].say(
            "exact" if same else "approximated", "" if same else f"here `{deployment.id}`", where
        )


def _extension(deployment: Deployment) -> None:
    """Keep what whoever dispatches needs to find the deployment again, but no secret."""
    params = deployment.params
    where = f"policy.yaml#deployments/{deployment.id}/extensions"
    deployment.extension["model"] = params["model"].value
    for key in ("api_base", "base_url"):
        address = params[key]
        host = origin(address.value)
        if host:
            deployment.extension.setdefault("api_base", host)
            whole = str(address.value).rstrip("/") == host
            address.say(
                "exact" if whole else "approximated", "" if whole else "scheme and host are kept", where
            )
    for key in _PLACES:
        place = label(params[key].value)
        if place:
            deployment.extension["region"] = place
            params[key].say(
                "approximated", "kept beside the deployment; the price does not depend on it", where
            )
    for key in ("max_tokens", "max_completion_tokens"):
        if params.has(key):
            params[key].say("dropped", DISPATCH + "; a request here says `max_output_tokens`")


def _weights(deployments: list[Deployment]) -> None:
    """Set the weights of one group: the first of weight, rpm and tpm that any of them says, as LiteLLM draws."""
    for key in ("weight", "rpm", "tpm"):
        numbers = [deployment.params[key].number() for deployment in deployments]
        if any(number for number in numbers):
            break
    else:
        numbers, key = [None] * len(deployments), ""
    scale = _scale([number for number in numbers if number])
    for deployment, number in zip(deployments, numbers, strict=True):
        deployment.drawn_by = key
        if not key:
            pass
        elif number is None or number < 0:
            deployment.weight = 0
        else:
            deployment.weight = min(_LARGEST_WEIGHT, int((number * scale).to_integral_value()))
        spot = deployment.params["weight"]
        if spot.has_value():
            exact = number is not None and number >= 0 and Decimal(deployment.weight or 0) == number * scale
            note = (
                f"in units of 1/{scale}" if exact and scale != 1 else "" if exact else "rounded to an integer"
            )
            spot.say("exact" if exact else "approximated", note, f"policy.yaml#deployments/{deployment.id}")


def _scale(numbers: list[Decimal]) -> Decimal:
    """Return what weights are multiplied by so that they are integers of at most a million."""
    if not numbers:
        return Decimal(1)
    scale = Decimal(1)
    while any(number * scale != (number * scale).to_integral_value() for number in numbers) and scale < 10**6:
        scale *= 10
    while max(numbers) * scale > _LARGEST_WEIGHT:
        scale /= 10
    return scale


def routers_named(routers: list[Spot]) -> Iterator[tuple[str, str, Spot]]:
    """Yield name, kind and entry of the routers: what callers ask for, and what follows `auto_router/`."""
    for entry in routers:
        name = label(entry["model_name"].value)
        if name is None:
            entry.say("refused", "its name is no text that a document may hold")
        else:
            yield name, str(entry["litellm_params"]["model"].value).removeprefix(ROUTER_PREFIX), entry
