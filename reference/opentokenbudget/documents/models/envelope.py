"""What documents have in common: the envelope, references to others, extensions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, Field

from .forms import Form, Frozen, Json, Maybe, refuse
from .texts import AttributeName, Digest, Id, Label, Meter, Path, Quantity, SemanticVersion, Text, Version


def _required_is_boolean(content: Mapping[str, Any]) -> Mapping[str, Any]:
    if not isinstance(content.get("required", False), bool):
        refuse("`required` is neither `true` nor `false`")
    return content


_ExtensionName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*(\.[a-z0-9][a-z0-9-]*)+$", max_length=253)]

Extensions = Frozen[_ExtensionName, Annotated[Frozen[str, Json], AfterValidator(_required_is_boolean)]]
"""Fields of others under reverse-DNS names; `required: true` makes a reader that does not know one refuse."""

Usage = Annotated[Frozen[Meter, Quantity], Field(max_length=256)]
"""Quantity by meter; a parent includes its children."""

Context = Annotated[Frozen[AttributeName, Label], Field(max_length=32)]
"""What a price depends on beside the usage, such as the service tier."""


class Reference(Form):
    """Another document: a path beside this one, its digest, or both."""

    AT_LEAST: ClassVar[int] = 1

    path: Maybe[Path] = None
    digest: Maybe[Digest] = None


class Envelope(Form):
    """What every document begins with, beside its `kind`."""

    otb: Version
    id: Id
    version: SemanticVersion
    description: Maybe[Text] = None
    extensions: Maybe[Extensions] = None
