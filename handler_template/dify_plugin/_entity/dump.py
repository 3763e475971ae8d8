"""Entities as plain data and as JSON, as pydantic writes them."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from dify_plugin._entity.containers import DictShape, ListShape, TupleShape
from dify_plugin._entity.shapes import ANY, ModelShape, NullableShape, Shape, UnionShape
from dify_plugin._entity.state import is_entity

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class SerializationError(ValueError):
    """A value that JSON can't hold."""


SerializationError.__name__ = SerializationError.__qualname__ = "PydanticSerializationError"


class _How:
    """The options of one dump."""

    def __init__(self, json: bool, options: Mapping[str, Any]) -> None:
        self.json = json
        self.by_alias: bool | None = options.get("by_alias")
        self.unset: bool = options.get("exclude_unset", False)
        self.defaults: bool = options.get("exclude_defaults", False)
        self.none: bool = options.get("exclude_none", False)
        self.by_type: bool = options.get("serialize_as_any", False)


def dump(entity: Any, json: bool, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return an entity's fields as plain data."""
    how = _How(json, options)
    return _model(entity, type(entity), how, options.get("include"), options.get("exclude"))


def dump_json(
    entity: Any, indent: int | None, ensure_ascii: bool, options: Mapping[str, Any]
) -> str:
    """Return an entity as JSON."""
    from dify_plugin._entity.json import to_json

    try:
        plain = dump(entity, True, options)
    except UnicodeDecodeError as fault:
        said = f"invalid utf-8 sequence of 1 bytes from index {fault.start}"
        raise SerializationError(f"Error serializing to JSON: {said}") from None
    return to_json(plain, indent, ensure_ascii)


def _model(entity: Any, cls: type[Any], how: _How, include: Any, exclude: Any) -> dict[str, Any]:
    """Dump the fields of `cls`, a class of the entity's: a field's type says what is dumped."""
    schema = cls.__entity_schema__()
    by_alias = cls._by_alias if how.by_alias is None else how.by_alias
    given = entity.__pydantic_fields_set__
    dumped = {}
    for name, value in vars(entity).items():
        field = schema.fields.get(name)
        if field is None:
            continue
        wanted, inner_include = _chosen(include, name)
        unwanted, inner_exclude = _chosen(exclude, name)
        if (include is not None and not wanted) or (unwanted and inner_exclude is None):
            continue
        if (how.none and value is None) or (how.unset and name not in given):
            continue
        if how.defaults and not _is_required(field) and value == field.make_default():
            continue
        key = field.alias if by_alias else name
        shape = field.shape
        if field.serializer is not None:
            value = getattr(entity, field.serializer)(value)
            shape = ANY
        dumped[key] = _value(value, shape, how, inner_include, inner_exclude)
    return dumped


def _is_required(field: Any) -> bool:
    return field.default is ... and field.factory is None


def _chosen(choice: Any, key: Any) -> tuple[bool, Any]:
    """Return whether `include` or `exclude` names a field or index, and what it says inside."""
    if choice is None:
        return False, None
    if not isinstance(choice, Mapping):
        return key in choice, None
    if key not in choice:
        if not isinstance(key, int) or "__all__" not in choice:
            return False, None
        key = "__all__"
    inner = choice[key]
    return inner is not False, None if inner is True or inner is ... else inner


def _value(value: Any, shape: Shape, how: _How, include: Any, exclude: Any) -> Any:
    if isinstance(shape, NullableShape):
        shape = shape.inner
    if isinstance(shape, UnionShape):
        shape = shape.member_for(value)
    if value is None or type(value) in (str, int, bool):
        return value
    if is_entity(type(value)):
        known = isinstance(shape, ModelShape) and shape.serves(value) and not how.by_type
        cls = shape.cls if known and isinstance(shape, ModelShape) else type(value)
        return _model(value, cls, how, include, exclude)
    if isinstance(value, dict):
        return _dict(value, shape, how, include, exclude)
    if isinstance(value, list | tuple | set | frozenset):
        return _items(value, shape, how, include, exclude)
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json" if how.json else "python")
    return _json_scalar(value, how) if how.json else value


def _dict(value: dict[Any, Any], shape: Shape, how: _How, include: Any, exclude: Any) -> Any:
    inner = shape.value if isinstance(shape, DictShape) else ANY
    dumped = {}
    for key, item in value.items():
        wanted, inner_include = _chosen(include, key)
        unwanted, inner_exclude = _chosen(exclude, key)
        if (include is not None and not wanted) or (unwanted and inner_exclude is None):
            continue
        name = _json_key(key, how) if how.json else key
        dumped[name] = _value(item, inner, how, inner_include, inner_exclude)
    return dumped


def _items(value: Any, shape: Shape, how: _How, include: Any, exclude: Any) -> Any:
    shapes: Any = None
    if isinstance(shape, TupleShape):
        shapes = shape.items
    one = shape.item if isinstance(shape, ListShape) else ANY
    dumped = []
    for index, item in enumerate(value):
        wanted, inner_include = _chosen(include, index)
        unwanted, inner_exclude = _chosen(exclude, index)
        if (include is not None and not wanted) or (unwanted and inner_exclude is None):
            continue
        each = shapes[index] if shapes and index < len(shapes) else one
        dumped.append(_value(item, each, how, inner_include, inner_exclude))
    if how.json or isinstance(value, list):
        return dumped
    return tuple(dumped) if isinstance(value, tuple) else type(value)(dumped)


def _json_key(key: Any, how: _How) -> str:
    if isinstance(key, str):
        return key.value if isinstance(key, Enum) else key
    if key is True or key is False:
        return "true" if key else "false"
    if key is None:
        return "None"
    return str(_json_scalar(key, how))


def _json_scalar(value: Any, how: _How) -> Any:
    if isinstance(value, Enum):
        return _value(value.value, ANY, how, None, None)
    if isinstance(value, str | int | float):
        return value
    if isinstance(value, bytes | bytearray):
        try:
            return value.decode()
        except UnicodeDecodeError as fault:
            start = fault.start
            raise UnicodeDecodeError("utf-8", value, start, start + 1, "invalid utf-8") from None
    if hasattr(value, "isoformat"):
        return value.isoformat().replace("+00:00", "Z")
    if type(value).__name__ in ("Decimal", "UUID", "PosixPath", "PurePosixPath", "Path"):
        return str(value)
    if hasattr(value, "__next__"):
        return [_value(item, ANY, how, None, None) for item in value]
    raise SerializationError(f"Unable to serialize unknown type: {type(value)}")
