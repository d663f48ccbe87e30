"""What `otb init` writes: the files to start with, and the schemas that their first lines point to."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .._bundled import schemas_folder
from ..documents import read
from ..importing.catalog_text import yaml_text
from ..opening import open_document

_PACKAGE = Path(__file__).resolve().parent.parent
_STARTING = _PACKAGE / "starting"
_SHARED = "tag:opentokenbudget,2026:v1/defs"
_SCHEMAS = ("policy", "catalog", "value-rules", "request")
_PRICES = (
    "yaml-language-server: $schema=schemas/catalog.schema.json\n"
    "What the models of the policy cost: cut from the catalog that comes with otb, sources and all.\n"
    "Rates are per 1,000,000 tokens; other meters, such as web_search, are per unit. A period holds from its\n"
    "`from` until its `until`; the first value of a context is what a request means that says nothing."
)


def bundled_catalog() -> Mapping[str, Any]:
    """Return the catalog that comes with the package."""
    return open_document(_PACKAGE / "_bundled_catalog" / "prices.yaml", kind="catalog").data


def starting_files() -> dict[str, str]:
    """Return the commented policy, catalog, value rules and request to start with, by file name."""
    policy = (_STARTING / "policy.yaml").read_text(encoding="utf-8")
    tiers = read(policy.encode(), file="policy.yaml").data["tiers"]
    wanted = {name for tier in tiers for name in tier["models"]}
    return {
        "policy.yaml": policy,
        "prices.yaml": yaml_text(_cut(bundled_catalog(), wanted), comment=_PRICES),
        "value.yaml": (_STARTING / "value.yaml").read_text(encoding="utf-8"),
        "request.json": (_STARTING / "request.json").read_text(encoding="utf-8"),
        **editor_schemas(),
    }


def editor_schemas() -> dict[str, str]:
    """Return the schemas of the kinds that `otb init` writes, each complete in itself, by file name.

    The normative schemas refer to shared definitions by tags, which an editor cannot open: here they stand inside.
    """
    folder = schemas_folder() / "v1"
    shared = json.loads((folder / "defs.schema.json").read_text(encoding="utf-8"))["$defs"]
    found = {}
    for kind in _SCHEMAS:
        schema = json.loads((folder / f"{kind}.schema.json").read_text(encoding="utf-8"))
        schema.pop("$id")
        note = (
            f"A copy of tag:opentokenbudget,2026:v1/{kind} for editors, with the shared definitions inside."
        )
        schema["$comment"] = note
        schema.setdefault("$defs", {}).update((f"shared.{name}", value) for name, value in shared.items())
        text = json.dumps(_inside(schema, shared=False), ensure_ascii=False, indent=1)
        found[f"schemas/{kind}.schema.json"] = text + "\n"
    return found


def _inside(schema: Any, *, shared: bool) -> Any:
    """Return `schema` with references to shared definitions turned to those inside."""
    if isinstance(schema, list):
        return [_inside(item, shared=shared) for item in schema]
    if not isinstance(schema, dict):
        return schema
    turned = {}
    for key, value in schema.items():
        if key == "$ref" and isinstance(value, str):
            inner = shared and value.startswith("#/$defs/")
            value = value.replace(f"{_SHARED}#/$defs/", "#/$defs/shared.")
            turned[key] = value.replace("#/$defs/", "#/$defs/shared.") if inner else value
        else:
            turned[key] = _inside(value, shared=shared or key.startswith("shared."))
    return turned


def _cut(catalog: Mapping[str, Any], wanted: set[str]) -> dict[str, Any]:
    """Return `catalog` with the models of these ids and those that their lifecycles name."""
    by_id = {model["id"]: model for model in catalog["models"]}
    kept: dict[str, Any] = {}
    queue = [model["id"] for model in catalog["models"] if model["id"] in wanted]
    while queue:
        model = by_id[queue.pop(0)]
        kept[model["id"]] = model
        life = model.get("lifecycle", {})
        named = [redirect["model"] for redirect in life.get("billed_as", ())] + [life.get("replacement")]
        queue += [name for name in named if name in by_id and name not in kept]
    models = [model for model in catalog["models"] if model["id"] in kept]
    sources = {period.get("source") for model in models for period in model["prices"]}
    head = {key: catalog[key] for key in ("otb", "kind")}
    return {
        **head,
        "id": "my-prices",
        "version": "1.0.0",
        "description": f"Cut from {catalog['id']} {catalog['version']}. Prices may have changed since.",
        "currency": catalog["currency"],
        "sources": {key: value for key, value in catalog.get("sources", {}).items() if key in sources},
        "models": models,
    }
