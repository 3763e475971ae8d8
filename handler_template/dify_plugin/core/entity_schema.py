"""What an entity's class declares, read once: its fields, their shapes and defaults."""

from __future__ import annotations

import sys
from enum import Enum

from dify_plugin.core import entity_annotations
from dify_plugin.core.entity import Entity
from dify_plugin.core.entity_annotations import shape_of
from dify_plugin.core.entity_errors import (
    Fault,
    Refused,
    ValidationError,
    said_by_validator,
)
from dify_plugin.core.entity_shapes import State, is_mapping

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from dify_plugin.core.entity_shapes import Shape

_MISSING: Any = ...
_set = object.__setattr__


class FieldInfo:
    """A field as `model_fields` shows it."""

    def __init__(
        self,
        annotation: Any,
        default: Any,
        default_factory: Callable[[], Any] | None,
        alias: str | None,
    ) -> None:
        self.annotation = annotation
        self.default = default
        self.default_factory = default_factory
        self.alias = alias

    def is_required(self) -> bool:
        """Whether there is no default."""
        return self.default is _MISSING and self.default_factory is None

    def get_default(self, *, call_default_factory: bool = False, **options: Any) -> Any:
        """The default, None where there is none or a factory makes it."""
        if self.default_factory is not None:
            return self.default_factory() if call_default_factory else None
        return None if self.default is _MISSING else _fresh(self.default)


class Field:
    """One field. `shape` validates and dumps its values."""

    __slots__ = ("_shape", "alias", "annotation", "before", "default", "factory", "name", "owner",
                 "serializer")  # fmt: skip

    def __init__(self, name: str, owner: type[Entity], annotation: Any) -> None:
        self.name = name
        self.owner = owner
        self.annotation = annotation
        self.alias: str = name
        self.default: Any = _MISSING
        self.factory: Callable[[], Any] | None = None
        self.before: str | None = None
        self.serializer: str | None = None
        self._shape: Shape | None = None

    @property
    def shape(self) -> Shape:
        """The field's shape, made when it is first needed."""
        if self._shape is None:
            self._shape = shape_of(self.resolved())
        return self._shape

    def resolved(self) -> Any:
        """The annotation as an object."""
        return _evaluated(self.annotation, self.owner)

    def make_default(self) -> Any:
        """A default for a new instance."""
        return self.factory() if self.factory is not None else _fresh(self.default)


class Schema:
    """How instances of a class are made."""

    def __init__(self, cls: type[Entity]) -> None:
        self.cls = cls
        self.fields: dict[str, Field] = {}
        self.private: dict[str, Any] = {}
        self.frozen = cls._frozen
        self.has_post_init = cls.model_post_init is not Entity.model_post_init
        for base in reversed(cls.__mro__):
            if base is Entity or base is object:
                continue
            self._read(base)

    def _read(self, base: type[Any]) -> None:
        own = vars(base)
        kept: dict[str, Any] = own.get("_private_defaults", {})
        for name, annotation in _annotations(base).items():
            if name.startswith("_"):
                if _is_class_variable(annotation):
                    continue
                if name in own:  # it would hide what instances keep under that name
                    if not kept:
                        base._private_defaults = kept
                    kept[name] = own[name]
                    delattr(base, name)
                self.private[name] = kept.get(name, _MISSING)
                continue
            if name == "model_config" or _is_class_variable(annotation):
                continue
            field = Field(name, base, annotation)
            if name in own:
                _read_default(field, own[name])
            self.fields[name] = field  # keeps the place of the field it overrides
        for name, field in self.fields.items():
            field.alias = own.get("_aliases", {}).get(name, field.alias)
            field.factory = own.get("_factories", {}).get(name, field.factory)
            field.before = own.get("_before", {}).get(name, field.before)
            field.serializer = own.get("_serializers", {}).get(name, field.serializer)
            if name in own.get("_shapes", ()):
                field.annotation, field.owner = own["_shapes"][name], base
        for value in own.values():
            if type(value).__name__ == "PydanticDescriptorProxy":
                raise TypeError(
                    f"{base.__qualname__} decorates methods with pydantic's validators or "
                    'serializers: that needs the real SDK (sdk = "real")'
                )

    def infos(self) -> dict[str, FieldInfo]:
        """The fields as `model_fields` shows them."""
        return {
            name: FieldInfo(
                field.resolved(),
                field.default,
                field.factory,
                field.alias if field.alias != name else None,
            )
            for name, field in self.fields.items()
        }

    def fill(self, instance: Entity, data: Mapping[str, Any]) -> None:
        """Validate `data` into a new instance; raises `ValidationError`."""
        try:
            self._fill(instance, data, State())
        except Refused as refused:
            raise ValidationError(self.cls.__name__, refused.faults) from None

    def validate(self, obj: Any) -> Any:
        """`make` for `model_validate`."""
        try:
            return self.make(obj, State())
        except Refused as refused:
            raise ValidationError(self.cls.__name__, refused.faults) from None

    def make(self, obj: Any, state: State) -> Any:
        """Give `obj` if it is an instance, else make one of a mapping; raises `Refused`."""
        if isinstance(obj, self.cls):
            state.lower(2 if type(obj) is self.cls else 1)
            state.given = len(obj.__pydantic_fields_set__)
            return obj
        state.lower(0)
        if self.cls._own_init and isinstance(obj, dict):
            try:
                instance = self.cls(**obj)
            except ValidationError as error:
                raise Refused(error._faults) from None
            state.given = len(instance.__pydantic_fields_set__)
            return instance
        instance = self.cls.__new__(self.cls)
        self._fill(instance, obj, state)
        return instance

    def _fill(self, instance: Entity, data: Any, state: State) -> None:
        for name in self.cls._before_all:
            data = _called(getattr(self.cls, name), data)
        if not isinstance(data, dict):
            if isinstance(data, self.cls):
                data = vars(data)
            elif not is_mapping(data):
                title = self.cls.__name__
                raise Refused(
                    [
                        Fault(
                            "model_type",
                            f"Input should be a valid dictionary or instance of {title}",
                            data,
                            {"class_name": title},
                        )
                    ]
                )
        values: dict[str, Any] = {}
        given: set[str] = set()
        faults: list[Fault] = []
        for name, field in self.fields.items():
            key = field.alias
            if key not in data:
                key = name
            if key not in data:
                if field.default is _MISSING and field.factory is None:
                    fault = Fault("missing", "Field required", data)
                    fault.loc = (field.alias,)
                    faults.append(fault)
                else:
                    values[name] = field.make_default()
                continue
            value = data[key]
            try:
                if field.before is not None:
                    value = _called(getattr(self.cls, field.before), value)
                values[name] = field.shape.check(value, state)
            except Refused as refused:
                faults += refused.at(key)
                continue
            given.add(name)
        if faults:
            raise Refused(faults)
        state.given = len(given)
        self._set_up(instance, values, given)
        for name in self.cls._after_all:
            _called(getattr(instance, name), None, instance)
        if self.has_post_init:
            instance.model_post_init(None)

    def construct(self, given: set[str] | None, values: dict[str, Any]) -> Any:
        """An instance of values that are not validated."""
        instance = self.cls.__new__(self.cls)
        fields: dict[str, Any] = {}
        found = set()
        for name, field in self.fields.items():
            key = field.alias if field.alias in values else name
            if key in values:
                fields[name] = values[key]
                found.add(name)
            elif field.default is not _MISSING or field.factory is not None:
                fields[name] = field.make_default()
        self._set_up(instance, fields, found if given is None else given)
        if self.has_post_init:
            instance.model_post_init(None)
        return instance

    def _set_up(self, instance: Entity, values: dict[str, Any], given: set[str]) -> None:
        _set(instance, "__dict__", values)
        _set(instance, "__pydantic_fields_set__", given)
        private = None
        if self.private:
            private = {
                name: _fresh(value) for name, value in self.private.items() if value is not _MISSING
            }
        _set(instance, "__pydantic_private__", private)


def _called(method: Callable[..., Any], value: Any, subject: Any = _MISSING) -> Any:
    """Call a validator; a ValueError or AssertionError of its becomes faults."""
    try:
        return method() if subject is not _MISSING else method(value)
    except (ValueError, AssertionError) as error:
        about = value if subject is _MISSING else subject
        raise Refused(said_by_validator(error, about)) from None


def _fresh(value: Any) -> Any:
    if value is None or isinstance(value, str | int | float | bytes | tuple | Enum):
        return value
    if isinstance(value, list | dict | set) and not value:
        return value.copy()
    from copy import deepcopy

    return deepcopy(value)


def _annotations(cls: type[Any]) -> Mapping[str, Any]:
    """A class's own annotations, as they are written."""
    try:
        if sys.version_info < (3, 14):
            own: Mapping[str, Any] = vars(cls).get("__annotations__", {})
            return own
        return cls.__annotations__
    except NameError:
        import annotationlib  # type: ignore[import-not-found]  # since Python 3.14

        form = annotationlib.Format.FORWARDREF
        found: Mapping[str, Any] = annotationlib.get_annotations(cls, format=form)
        return found


def _is_class_variable(annotation: Any) -> bool:
    if isinstance(annotation, str):
        return annotation.startswith(("ClassVar", "typing.ClassVar", "t.ClassVar"))
    return "ClassVar" in str(getattr(annotation, "__origin__", annotation))


def _evaluated(annotation: Any, owner: type[Any]) -> Any:
    if hasattr(annotation, "__forward_arg__"):
        annotation = annotation.__forward_arg__
    if not isinstance(annotation, str):
        return annotation
    module = sys.modules.get(owner.__module__)
    names = {**vars(entity_annotations), **(vars(module) if module else {}), **_nested(owner)}
    return eval(annotation, names)  # noqa: S307 - the class's own source


def _nested(owner: type[Any]) -> dict[str, Any]:
    """The classes that a class's body defines; other names in it are fields' defaults."""
    nested = {name: value for name, value in vars(owner).items() if isinstance(value, type)}
    nested.setdefault(owner.__name__, owner)
    return nested


def _read_default(field: Field, default: Any) -> None:
    """Take a default, or what pydantic's `Field()` says of one."""
    if type(default).__name__ != "FieldInfo":
        field.default = default
        return
    if not default.is_required():
        field.default = default.default
        field.factory = default.default_factory
    field.alias = default.validation_alias or default.alias or field.name
