"""What an entity's class declares, read once: its fields, their shapes and defaults."""

from __future__ import annotations

import sys

from dify_plugin._entity.containers import is_mapping
from dify_plugin._entity.errors import (
    ErrorDetail,
    ValidationError,
    ValidationFailed,
    said_by_validator,
)
from dify_plugin._entity.field import MISSING, Field, FieldInfo, fresh, read_default
from dify_plugin._entity.state import State, is_base

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

_set = object.__setattr__


class Schema:
    """How instances of a class are made."""

    def __init__(self, cls: type[Any]) -> None:
        self.cls: Any = cls
        self.fields: dict[str, Field] = {}
        self.private: dict[str, Any] = {}
        self.frozen = cls._frozen
        self.has_post_init = not is_base(_defining(cls, "model_post_init"))
        for base in reversed(cls.__mro__):
            if base is not object and not is_base(base):
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
                self.private[name] = kept.get(name, MISSING)
                continue
            if name == "model_config" or _is_class_variable(annotation):
                continue
            field = Field(name, base, annotation)
            if name in own:
                read_default(field, own[name])
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

    def fill(self, instance: Any, data: Mapping[str, Any]) -> None:
        """Validate `data` into a new instance; raises `ValidationError`."""
        try:
            self._fill(instance, data, State())
        except ValidationFailed as failed:
            raise ValidationError(self.cls.__name__, failed.faults) from None

    def validate(self, obj: Any) -> Any:
        """`make` for `model_validate`."""
        try:
            return self.make(obj, State())
        except ValidationFailed as failed:
            raise ValidationError(self.cls.__name__, failed.faults) from None

    def make(self, obj: Any, state: State) -> Any:
        """Return `obj` if it is an instance, else one made of a mapping.

        Raises `ValidationFailed`.
        """
        if isinstance(obj, self.cls):
            state.lower(2 if type(obj) is self.cls else 1)
            state.given = len(obj.__pydantic_fields_set__)
            return obj
        state.lower(0)
        if self.cls._own_init and isinstance(obj, dict):
            try:
                instance = self.cls(**obj)
            except ValidationError as error:
                raise ValidationFailed(error._faults) from None
            state.given = len(instance.__pydantic_fields_set__)
            return instance
        instance = self.cls.__new__(self.cls)
        self._fill(instance, obj, state)
        return instance

    def _fill(self, instance: Any, data: Any, state: State) -> None:
        for name in self.cls._before_all:
            data = _called(getattr(self.cls, name), data)
        if not isinstance(data, dict):
            if isinstance(data, self.cls):
                data = vars(data)
            elif not is_mapping(data):
                title = self.cls.__name__
                raise ValidationFailed(
                    [
                        ErrorDetail(
                            "model_type",
                            f"Input should be a valid dictionary or instance of {title}",
                            data,
                            {"class_name": title},
                        )
                    ]
                )
        values: dict[str, Any] = {}
        given: set[str] = set()
        faults: list[ErrorDetail] = []
        for name, field in self.fields.items():
            key = field.alias
            if key not in data:
                key = name
            if key not in data:
                if field.default is MISSING and field.factory is None:
                    fault = ErrorDetail("missing", "Field required", data)
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
            except ValidationFailed as failed:
                faults += failed.at(key)
                continue
            given.add(name)
        if faults:
            raise ValidationFailed(faults)
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
            elif field.default is not MISSING or field.factory is not None:
                fields[name] = field.make_default()
        self._set_up(instance, fields, found if given is None else given)
        if self.has_post_init:
            instance.model_post_init(None)
        return instance

    def _set_up(self, instance: Any, values: dict[str, Any], given: set[str]) -> None:
        _set(instance, "__dict__", values)
        _set(instance, "__pydantic_fields_set__", given)
        private = None
        if self.private:
            private = {
                name: fresh(value) for name, value in self.private.items() if value is not MISSING
            }
        _set(instance, "__pydantic_private__", private)


def _defining(cls: type, name: str) -> type:
    """Return the class that an attribute of `cls` is from."""
    return next(base for base in cls.__mro__ if name in vars(base))


def _called(method: Callable[..., Any], value: Any, subject: Any = MISSING) -> Any:
    """Call a validator; a ValueError or AssertionError of its becomes faults."""
    try:
        return method() if subject is not MISSING else method(value)
    except (ValueError, AssertionError) as error:
        about = value if subject is MISSING else subject
        raise ValidationFailed(said_by_validator(error, about)) from None


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
