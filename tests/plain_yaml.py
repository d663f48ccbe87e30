"""YAML read as JSON, in the plainest way: what the tests compare the document loader with."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml


class PlainLoader(yaml.SafeLoader):
    """Plain scalars are JSON's; everything else is text."""


PlainLoader.yaml_implicit_resolvers = {}
PlainLoader.add_implicit_resolver("tag:yaml.org,2002:null", re.compile(r"^null$"), ["n"])
PlainLoader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(true|false)$"), ["t", "f"])
PlainLoader.add_implicit_resolver(
    "tag:yaml.org,2002:int", re.compile(r"^-?(0|[1-9][0-9]*)$"), list("-0123456789")
)


def read_plain(path: Path) -> Any:
    """Return the document in the YAML or JSON file `path`."""
    return yaml.load(path.read_text(encoding="utf-8"), Loader=PlainLoader)
