"""Entries of litellm's price file as its own text, and what the importer makes of them."""

from __future__ import annotations

import json
import re

from opentokenbudget.importing.litellm_prices import import_litellm, read_price_file

TODAY = "2026-11-23"
AT = "2026-11-23T12:00:00Z"
CHAT = {
    "litellm_provider": "acme",
    "mode": "chat",
    "input_cost_per_token": "@1e-06",
    "output_cost_per_token": "@2e-06",
}


def text(entries):
    """Write entries as litellm does: numbers as they stand after `@`, exponents and all."""
    return re.sub(r'"@([^"]+)"', r"\1", json.dumps(entries)).encode()


def imported(entries, **more):
    more.setdefault("keep_quarantined", True)
    return import_litellm(read_price_file(text(entries), file="prices.json"), retrieved=TODAY, **more)


def only(entry, name="m"):
    (found,) = imported({name: entry}).catalog["models"]
    return found


def period(entry):
    (found,) = only(entry)["prices"]
    return found


def rates(mode, **keys):
    return period({"litellm_provider": "acme", "mode": mode, **keys})["rates"]


def losses(found, severity):
    return [(loss.construct, loss.path) for loss in found.losses if loss.severity == severity]
