"""Annotations as shapes: what `shapes` makes of the types a class names.

The classes here that are named as those of `typing`, `decimal` and pydantic stand for these in the
annotations of `dify_plugin`, whose modules import none of them.
"""

from __future__ import annotations

import sys
import types
from collections.abc import Mapping, Sequence
from enum import Enum

from dify_plugin._entity import scalars
from dify_plugin._entity.containers import (
    DictShape,
    JsonShape,
    ListShape,
    SequenceShape,
    TupleShape,
)
from dify_plugin._entity.shapes import (
    ANY,
    STR,
    EnumShape,
    InstanceShape,
    LiteralShape,
    ModelShape,
    NullableShape,
    ScalarShape,
    Shape,
    TaggedShape,
    UnionShape,
)
from dify_plugin._entity.state import is_entity

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable


class Any:
    """`typing.Any`."""


class JsonValue:
    """`pydantic.JsonValue`."""


class PositiveInt:
    """`pydantic.PositiveInt`."""


class Decimal:
    """`decimal.Decimal`, which is imported when a value is given."""


class WaitingDecimal(Decimal):
    """The same for entities that have it wait until somebody looks: see `ModelUsage`."""


class Literal:
    """`typing.Literal`; asking it for items gives a class, which takes part in unions."""

    choices: tuple[object, ...] = ()

    def __class_getitem__(cls, items: object) -> type:
        choices = items if isinstance(items, tuple) else (items,)
        return type("Literal", (cls,), {"choices": choices})


class Tagged:
    """A union of entities that is told by a field: `Tagged["type", A, B]`."""

    key = ""
    members: tuple[type, ...] = ()

    def __class_getitem__(cls, items: tuple[object, ...]) -> type:
        return type("Tagged", (cls,), {"key": items[0], "members": items[1:]})


NONE = ScalarShape("none", scalars.to_none)
_SCALARS: dict[object, Shape] = {
    str: STR,
    int: ScalarShape("int", scalars.to_int),
    float: ScalarShape("float", scalars.to_float),
    bool: ScalarShape("bool", scalars.to_bool),
    bytes: ScalarShape("bytes", scalars.to_bytes),
    None: NONE,
    types.NoneType: NONE,
    object: ANY,
    Any: ANY,
    JsonValue: JsonShape(),
    PositiveInt: ScalarShape("constrained-int", scalars.to_positive_int),
    Decimal: ScalarShape("decimal", scalars.to_decimal),
    WaitingDecimal: ScalarShape("decimal", scalars.to_waiting_decimal),
    list: ListShape(list, ANY),
    set: ListShape(set, ANY),
    frozenset: ListShape(frozenset, ANY),
    tuple: ListShape(tuple, ANY),
    dict: DictShape(ANY, ANY, False),
    Mapping: DictShape(ANY, ANY, True),
    Sequence: SequenceShape(list, ANY),
}


def shape_of(annotation: object) -> Shape:
    """Return the shape that an annotation asks for; one that is not understood takes anything."""
    try:
        known = _SCALARS.get(annotation)
    except TypeError:  # unhashable metadata
        known = None
    if known is not None:
        return known
    if isinstance(annotation, type) and not isinstance(annotation, types.GenericAlias):
        return _shape_of_class(annotation)
    origin = getattr(annotation, "__origin__", None)
    arguments: tuple[object, ...] = getattr(annotation, "__args__", ())
    if isinstance(annotation, types.UnionType):
        return _union(arguments)
    if hasattr(annotation, "__metadata__"):  # Annotated
        return shape_of(origin)
    if hasattr(annotation, "__supertype__"):  # NewType
        return shape_of(annotation.__supertype__)
    typing = sys.modules.get("typing")
    if typing is not None and annotation is not typing.Any:
        if origin is typing.Union:
            return _union(arguments)
        if origin is typing.Literal:
            return LiteralShape(arguments)
    if not isinstance(origin, type):
        return ANY
    if not arguments:  # typing.List
        return shape_of(origin)
    if origin is tuple and arguments[-1] is not ...:
        return TupleShape([shape_of(each) for each in arguments])
    if issubclass(origin, list | set | frozenset | tuple):
        return ListShape(origin, shape_of(arguments[0]))
    if origin is dict or (issubclass(origin, Mapping) and len(arguments) == 2):
        return DictShape(shape_of(arguments[0]), shape_of(arguments[1]), origin is not dict)
    if issubclass(origin, Sequence):
        return SequenceShape(list, shape_of(arguments[0]))
    return shape_of(origin)


def _shape_of_class(cls: type) -> Shape:
    if is_entity(cls):
        return ModelShape(cls)
    if issubclass(cls, Enum):
        return EnumShape(cls)
    if issubclass(cls, Literal):
        return LiteralShape(cls.choices)
    if issubclass(cls, Tagged):
        return TaggedShape(cls.key, cls.members)
    if (cls.__module__, cls.__name__) in (("decimal", "Decimal"), ("_pydecimal", "Decimal")):
        return _SCALARS[Decimal]
    return InstanceShape(cls)


def _union(arguments: Iterable[object]) -> Shape:
    members = [shape_of(each) for each in arguments]
    optional = NONE in members
    rest = [member for member in members if member is not NONE]
    inner = rest[0] if len(rest) == 1 else UnionShape(rest, labelled=True)
    return NullableShape(inner) if optional else inner
