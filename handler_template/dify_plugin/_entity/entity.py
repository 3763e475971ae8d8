"""The base of data classes: what endpoints use of pydantic's models, without pydantic.

A class declares fields by annotations, as a pydantic model does; they are read when the first
instance is made (`schema`), so importing a module of entities costs only its classes. What
annotations can't say is in class attributes that begin with an underscore:

- `_aliases`: a field's name in the outside world. `_shapes`: an annotation to validate by in place
  of the field's own. `_factories`: the maker of a default.
- `_before`: the class's method that sees a field's value first. `_serializers`: the method that
  gives what a field is dumped as. `_before_all`, `_after_all`: methods for the whole.
- `_frozen`: no attribute may be set. `_by_alias`: dumps use the aliases.

Behaviour and messages follow pydantic 2's lax mode (its documentation: "Models", "Conversion
Table", "Validation Errors"). Errors never hold the values they are about.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any, ClassVar, Self

    from dify_plugin._entity.field import FieldInfo
    from dify_plugin._entity.schema import Schema

    Plain = dict[str, Any]  # the class has a method of that name
    Fields = dict[str, FieldInfo]

_set = object.__setattr__


class Entity:
    """Keyword arguments become validated attributes; unknown ones are ignored."""

    __slots__ = ("__dict__", "__pydantic_fields_set__", "__pydantic_private__", "__weakref__")

    _aliases: ClassVar[Mapping[str, str]] = {}
    _shapes: ClassVar[Mapping[str, str]] = {}
    _factories: ClassVar[Mapping[str, Any]] = {}
    _before: ClassVar[Mapping[str, str]] = {}
    _serializers: ClassVar[Mapping[str, str]] = {}
    _before_all: ClassVar[tuple[str, ...]] = ()
    _after_all: ClassVar[tuple[str, ...]] = ()
    _frozen: ClassVar[bool] = False
    _by_alias: ClassVar[bool] = False

    if TYPE_CHECKING:
        model_fields: ClassVar[Fields]
        __pydantic_fields_set__: set[str]
        __pydantic_private__: Plain | None

    def __init__(self, /, **data: Any) -> None:
        self.__entity_schema__().fill(self, data)

    def __init_subclass__(cls, **config: Any) -> None:
        if "__init__" not in vars(cls):
            return
        # pydantic calls a model's own __init__ for nested data, too: so does `Schema.make`.
        cls._own_init = True

    _own_init: ClassVar[bool] = False

    @classmethod
    def __entity_schema__(cls) -> Schema:
        """Return the class's schema, made once. By this name entities are known (`state`)."""
        schema: Schema | None = cls.__dict__.get("__entity_schema_made__")
        if schema is None:
            from dify_plugin._entity.schema import Schema

            schema = Schema(cls)
            cls.__entity_schema_made__ = schema  # type: ignore[attr-defined]
        return schema

    @classmethod
    def model_validate(
        cls,
        obj: Any,
        *,
        strict: bool | None = None,
        from_attributes: bool | None = None,
        context: Any = None,
        by_alias: bool | None = None,
        by_name: bool | None = None,
        extra: str | None = None,
    ) -> Self:
        """Make one of a mapping; return what is one already. Raises `ValidationError`."""
        if strict or from_attributes or by_alias is False or extra not in (None, "ignore"):
            raise NotImplementedError('these options need the real SDK: sdk = "real"')
        return cls.__entity_schema__().validate(obj)  # type: ignore[no-any-return]

    @classmethod
    def model_validate_json(cls, json_data: str | bytes | bytearray, **options: Any) -> Self:
        """Make one of a JSON object. Raises `ValidationError`."""
        import json

        from dify_plugin._entity.errors import not_json

        try:
            obj = json.loads(json_data)
        except ValueError as fault:
            raise not_json(cls.__name__, fault) from None
        return cls.model_validate(obj, **options)

    @classmethod
    def model_construct(cls, _fields_set: set[str] | None = None, **values: Any) -> Self:
        """Make one of values that are trusted: nothing is validated."""
        return cls.__entity_schema__().construct(_fields_set, values)  # type: ignore[no-any-return]

    @classmethod
    def model_rebuild(cls, **options: Any) -> bool | None:
        """Do nothing: annotations are read at first use."""
        return None

    def model_post_init(self, context: Any, /) -> None:
        """Called after validation; for subclasses."""

    @property
    def model_fields_set(self) -> set[str]:
        """The fields that were given rather than left to their defaults."""
        return self.__pydantic_fields_set__

    @property
    def model_extra(self) -> Plain | None:
        """None: unknown arguments are ignored."""
        return None

    def model_dump(self, *, mode: str = "python", **options: Any) -> Plain:
        """The fields as plain data; `mode="json"` gives only what JSON can hold.

        Takes pydantic's options: `include`, `exclude`, `by_alias`, `exclude_unset`,
        `exclude_defaults`, `exclude_none`; others change nothing.
        """
        from dify_plugin._entity.dump import dump

        return dump(self, mode == "json", options)

    def model_dump_json(
        self, *, indent: int | None = None, ensure_ascii: bool = False, **options: Any
    ) -> str:
        """The fields as JSON, byte for byte as pydantic writes it."""
        from dify_plugin._entity.dump import dump_json

        return dump_json(self, indent, ensure_ascii, options)

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """A copy, with some values replaced; these are not validated."""
        copied = self.__deepcopy__() if deep else self.__copy__()
        if update:
            vars(copied).update(update)
            copied.__pydantic_fields_set__.update(update)
        return copied

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: object) -> Any:
        """Let a plugin's own pydantic models have fields of this type."""
        from pydantic_core import core_schema

        return core_schema.no_info_plain_validator_function(
            cls.model_validate,
            serialization=core_schema.plain_serializer_function_ser_schema(
                _dump_for_pydantic, info_arg=True
            ),
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: object, handler: object) -> Plain:
        return {"type": "object", "title": cls.__name__}

    # pydantic 1's names, which its second version keeps.

    def dict(self, **options: Any) -> Any:
        """`model_dump`."""
        return self.model_dump(**options)

    def json(self, **options: Any) -> str:
        """`model_dump_json`."""
        return self.model_dump_json(**options)

    def copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """`model_copy`."""
        return self.model_copy(update=update, deep=deep)

    @classmethod
    def parse_obj(cls, obj: Any) -> Self:
        """`model_validate`."""
        return cls.model_validate(obj)

    @classmethod
    def parse_raw(cls, b: str | bytes) -> Self:
        """`model_validate_json`."""
        return cls.model_validate_json(b)

    @classmethod
    def construct(cls, _fields_set: set[str] | None = None, **values: Any) -> Self:
        """`model_construct`."""
        return cls.model_construct(_fields_set, **values)

    def __setattr__(self, name: str, value: Any) -> None:
        schema = self.__entity_schema__()
        if name in schema.private:
            if self.__pydantic_private__ is None:
                _set(self, "__pydantic_private__", {})
            self.__pydantic_private__[name] = value  # type: ignore[index]
        elif isinstance(getattr(type(self), name, None), property) or name[:2] == "__":
            _set(self, name, value)
        elif name not in schema.fields:
            raise ValueError(f'"{type(self).__name__}" object has no field "{name}"')
        elif schema.frozen:
            from dify_plugin._entity.errors import frozen

            raise frozen(type(self).__name__, name)
        else:
            self.__dict__[name] = value
            self.__pydantic_fields_set__.add(name)

    def __getattr__(self, name: str) -> Any:
        if name[:2] != "__":
            private = self.__pydantic_private__
            if private is not None and name in private:
                return private[name]
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def __iter__(self) -> Iterator[tuple[str, Any]]:
        yield from self.__dict__.items()

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Entity):
            return NotImplemented
        return (
            type(self) is type(other)
            and self.__dict__ == other.__dict__
            and self.__pydantic_private__ == other.__pydantic_private__
        )

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._shown(', ')})"

    def __str__(self) -> str:
        return self._shown(" ")

    def _shown(self, between: str) -> str:
        fields = self.__entity_schema__().fields
        return between.join(
            f"{name}={value!r}" for name, value in self.__dict__.items() if name in fields
        )

    def __copy__(self) -> Self:
        private = self.__pydantic_private__
        return self._twin(
            self.__dict__.copy(),
            self.__pydantic_fields_set__.copy(),
            None if private is None else private.copy(),
        )

    def __deepcopy__(self, memo: Any = None) -> Self:
        from copy import deepcopy

        return self._twin(
            deepcopy(self.__dict__, memo),
            self.__pydantic_fields_set__.copy(),
            deepcopy(self.__pydantic_private__, memo),
        )

    def _twin(self, fields: Any, given: set[str], private: Any) -> Self:
        twin = type(self).__new__(type(self))
        twin.__setstate__((fields, given, private))
        return twin

    def __getstate__(self) -> object:
        return self.__dict__, self.__pydantic_fields_set__, self.__pydantic_private__

    def __setstate__(self, state: tuple[Any, set[str], Any]) -> None:
        _set(self, "__dict__", state[0])
        _set(self, "__pydantic_fields_set__", state[1])
        _set(self, "__pydantic_private__", state[2])


class _Fields:
    """`model_fields`, of a class or an instance."""

    def __get__(self, instance: object, owner: type[Entity]) -> Any:
        return owner.__entity_schema__().infos()


Entity.model_fields = _Fields()  # type: ignore[assignment]


def _dump_for_pydantic(value: Any, info: Any) -> Any:
    if not isinstance(value, Entity):
        return value
    return value.model_dump(
        mode=info.mode,
        by_alias=info.by_alias,
        exclude_unset=info.exclude_unset,
        exclude_defaults=info.exclude_defaults,
        exclude_none=info.exclude_none,
    )
