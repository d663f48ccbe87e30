"""What all models are made of: closed, strict, frozen forms; tuples and frozen mappings in their fields.

A field that may be left out reads None when it was, and refuses `null`; what was given is `model_fields_set`.
Nothing is coerced: `"1"` is no integer, `true` is not 1, and a list stands only where a document has a list.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Annotated, Any, ClassVar, Literal, NoReturn, Self, TypeVar, final, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    GetCoreSchemaHandler,
    model_validator,
)
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

T = TypeVar("T")
K = TypeVar("K")
V = TypeVar("V")


class Form(BaseModel):
    """A mapping with named fields, and what the fields must be together.

    The class attributes say what a JSON Schema says beside `properties`; fields go by their Python names:

    Attributes:
        EXACTLY_ONE_OF: fields of which one is given, and no other (`oneOf` of `required`).
        ANY_OF: fields of which one or more is given (`anyOf` of `required`).
        BESIDE: by field, what must be given where it is (`dependentRequired`).
        AT_LEAST: how many fields must be given (`minProperties`).
        AT_MOST: how many fields may be given (`maxProperties`).
    """

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", defer_build=True)

    EXACTLY_ONE_OF: ClassVar[tuple[str, ...]] = ()
    ANY_OF: ClassVar[tuple[str, ...]] = ()
    BESIDE: ClassVar[Mapping[str, str]] = {}
    AT_LEAST: ClassVar[int] = 0
    AT_MOST: ClassVar[int | None] = None

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        given = self.model_fields_set
        if self.EXACTLY_ONE_OF and sum(name in given for name in self.EXACTLY_ONE_OF) != 1:
            refuse(f"exactly one of {named(self.EXACTLY_ONE_OF)} is needed")
        if self.ANY_OF and not given.intersection(self.ANY_OF):
            refuse(f"one of {named(self.ANY_OF)} is needed")
        for name, needed in self.BESIDE.items():
            if name in given and needed not in given:
                refuse(f"`{needed}` is missing beside `{name}`")
        if len(given) < self.AT_LEAST:
            refuse(f"at least {self.AT_LEAST} fields are needed")
        if self.AT_MOST is not None and len(given) > self.AT_MOST:
            refuse(f"at most {self.AT_MOST} fields are allowed")
        return self


def refuse(message: str) -> NoReturn:
    """Refuse the value that is being validated."""
    # The message is no template: braces in it stay as they are.
    raise PydanticCustomError("form", "{message}", {"message": message})


def named(names: tuple[str, ...]) -> str:
    """Return the fields `names` as a message shows them, by the names that a document gives them."""
    return ", ".join(f"`{name.removesuffix('_')}`" for name in names)


@final
class FrozenDict(dict[K, V]):
    """A dict that never changes, so that it can be hashed."""

    __slots__ = ()

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(frozenset(self.items()))

    def _refuse(self, *_: object, **__: object) -> NoReturn:
        raise TypeError("a mapping of a document never changes")

    __setitem__ = __delitem__ = __ior__ = clear = pop = popitem = setdefault = update = _refuse

    def __reduce__(self) -> tuple[Any, ...]:
        return FrozenDict, (dict(self),)

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, _memo: object) -> Self:
        return self


class _AsFrozenDict:
    """Validates a dict, key by key and value by value, and freezes it."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        keys, values = (handler.generate_schema(argument) for argument in get_args(source))
        return core_schema.no_info_after_validator_function(
            FrozenDict, core_schema.dict_schema(keys, values, strict=True)
        )


def _not_null(value: Any) -> Any:
    if value is None:
        refuse("`null` is not allowed here: leave the field out")
    return value


def _tuple_of_list(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _without_repeats(items: tuple[Hashable, ...]) -> tuple[Hashable, ...]:
    # As JSON compares: `true` is not 1.
    if len({(type(item), item) for item in items}) != len(items):
        refuse("an item is given twice in this list")
    return items


def _true(value: Any) -> Any:
    # A literal True would accept 1, which equals it.
    return value if value is True else refuse("expected `true`")


def frozen(value: Any) -> Any:
    """Return JSON data with its mappings frozen and its lists as tuples."""
    if isinstance(value, dict):
        return FrozenDict({key: frozen(item) for key, item in value.items()})
    if isinstance(value, (list, tuple)):
        return tuple(frozen(item) for item in value)
    return value


Maybe = Annotated[T | None, BeforeValidator(_not_null)]
"""A field that may be left out; it reads None then, and `null` is refused."""

Listed = Annotated[tuple[T, ...], BeforeValidator(_tuple_of_list)]
"""A list of a document, as a tuple."""

Distinct = Annotated[tuple[T, ...], BeforeValidator(_tuple_of_list), AfterValidator(_without_repeats)]
"""A list of a document without repeats, as a tuple."""

Frozen = Annotated[Mapping[K, V], _AsFrozenDict()]
"""A mapping with free keys, frozen."""

OnlyTrue = Annotated[Literal[True], BeforeValidator(_true)]

Json = Annotated[Any, AfterValidator(frozen)]
"""Any JSON value, frozen."""
