"""One field of an entity: its annotation, its shape, its default."""

from __future__ import annotations

import builtins
import sys
from enum import Enum

from dify_plugin._entity import annotations as known
from dify_plugin._entity.annotations import shape_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from dify_plugin._entity.shapes import Shape

MISSING: Any = ...


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
        return self.default is MISSING and self.default_factory is None

    def get_default(self, *, call_default_factory: bool = False, **options: Any) -> Any:
        """The default, None where there is none or a factory makes it."""
        if self.default_factory is not None:
            return self.default_factory() if call_default_factory else None
        return None if self.default is MISSING else fresh(self.default)


class Field:
    """One field. `shape` validates and dumps its values."""

    __slots__ = ("_shape", "alias", "annotation", "before", "default", "factory", "name", "owner",
                 "serializer")  # fmt: skip

    def __init__(self, name: str, owner: type[Any], annotation: Any) -> None:
        self.name = name
        self.owner = owner
        self.annotation = annotation
        self.alias: str = name
        self.default: Any = MISSING
        self.factory: Callable[[], Any] | None = None
        self.before: str | None = None
        self.serializer: str | None = None
        self._shape: Shape | None = None

    @property
    def shape(self) -> Shape:
        """The field's shape, made when it is first needed."""
        if self._shape is None:
            self._shape = _shape(self.annotation, self.owner)
        return self._shape

    def resolved(self) -> Any:
        """The annotation as an object."""
        return _evaluated(self.annotation, self.owner)

    def make_default(self) -> Any:
        """A default for a new instance."""
        return self.factory() if self.factory is not None else fresh(self.default)


def fresh(value: Any) -> Any:
    """Return a copy of what instances may write into."""
    if value is None or isinstance(value, str | int | float | bytes | tuple | Enum):
        return value
    if isinstance(value, list | dict | set) and not value:
        return value.copy()
    from copy import deepcopy

    return deepcopy(value)


def _shape(annotation: Any, owner: type[Any]) -> Shape:
    """Return the shape that a class's annotation asks for, the same one for all who inherit it."""
    if not isinstance(annotation, str):
        return shape_of(_evaluated(annotation, owner))
    made: dict[str, Shape] | None = owner.__dict__.get("__entity_shapes_made__")
    if made is None:
        made = owner.__entity_shapes_made__ = {}
    found = made.get(annotation)
    if found is None:
        found = made[annotation] = shape_of(_evaluated(annotation, owner))
    return found


def _evaluated(annotation: Any, owner: type[Any]) -> Any:
    if hasattr(annotation, "__forward_arg__"):
        annotation = annotation.__forward_arg__
    if not isinstance(annotation, str):
        return annotation
    name = annotation.removesuffix(" | None")
    if name.isidentifier():  # most are: to compile and run one takes far longer than to look it up
        found = _named(name, owner)
        if found is not None:
            return found if name == annotation else found | None
    module = sys.modules.get(owner.__module__)
    names = {**vars(known), **(vars(module) if module else {}), **_nested(owner)}
    return eval(annotation, names)  # noqa: S307 - the class's own source


def _named(name: str, owner: type[Any]) -> Any:
    """Return what a name in an annotation stands for; None where that is not known."""
    own = vars(owner).get(name)
    if isinstance(own, type):
        return own
    if name == owner.__name__:
        return owner
    module = sys.modules.get(owner.__module__)
    if module is not None and name in vars(module):
        return vars(module)[name]
    return vars(known).get(name) or vars(builtins).get(name)


def _nested(owner: type[Any]) -> dict[str, Any]:
    """The classes that a class's body defines; other names in it are fields' defaults."""
    nested = {name: value for name, value in vars(owner).items() if isinstance(value, type)}
    nested.setdefault(owner.__name__, owner)
    return nested


def read_default(field: Field, default: Any) -> None:
    """Take a default, or what pydantic's `Field()` says of one."""
    if type(default).__name__ != "FieldInfo":
        field.default = default
        return
    if not default.is_required():
        field.default = default.default
        field.factory = default.default_factory
    field.alias = default.validation_alias or default.alias or field.name
