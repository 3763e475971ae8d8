"""The `dataclass` of the standard library, for what starts often: classes in an eighth of the time.

`dataclasses` compiles six methods as it makes a class, and most classes that a command imports
never have an instance: they were two fifths of what `packager build` took to import. Here the
methods that look alike are shared, and `__init__` is compiled for the first instance. Type checkers
see the original, and so do `fields`, `replace`, `asdict` and `match`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from reprlib import recursive_repr
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass
else:

    def dataclass(
        *, frozen: bool = False, slots: bool = False, eq: bool = True, kw_only: bool = False
    ):
        """Return what makes a class one of fields, as `dataclasses.dataclass` does.

        Methods that the class has itself stay.
        """

        def make(cls: type) -> type:
            own = vars(cls).keys()
            if cls.__doc__ is None:
                cls.__doc__ = cls.__name__  # or the signature is found out
            made = dataclasses.dataclass(
                init=False, repr=False, eq=False, slots=slots, kw_only=kw_only
            )(cls)
            methods = {"__init__": _first_init(made, frozen), "__repr__": _repr}
            if eq:
                methods |= {"__eq__": _eq, "__hash__": _hash if frozen else None}
            if frozen:
                methods |= {"__setattr__": _set_nothing, "__delattr__": _delete_nothing}
            if frozen and slots:
                methods |= {"__getstate__": _values, "__setstate__": _set_values}
            for name, method in methods.items():
                if name not in own:
                    setattr(made, name, method)
            return made

        return make


def _first_init(made: type, frozen: bool) -> Callable[..., None]:
    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
        init = made.__init__ = _compiled_init(made, frozen)  # type: ignore[misc]
        init(self, *args, **kwargs)

    return __init__


def _compiled_init(made: Any, frozen: bool) -> Callable[..., None]:
    """Return the `__init__` that `dataclasses` would have made."""
    given: dict[str, Any] = {"_set": object.__setattr__, "_absent": object()}
    parameters, lines = ["self"], []
    for field in dataclasses.fields(made):
        name = value = field.name
        default = ""
        if field.default is not dataclasses.MISSING:
            default = f"_default_{name}"
            given[default] = field.default
        elif field.default_factory is not dataclasses.MISSING:
            default = "_absent"
            given[f"_make_{name}"] = field.default_factory
            value = f"_make_{name}() if {name} is _absent else {name}"
        if field.init:
            if field.kw_only and "*" not in parameters:
                parameters.append("*")
            parameters.append(f"{name}={default}" if default else name)
        elif default:  # else it is `__post_init__` that sets it
            value = default if value == name else f"_make_{name}()"
        else:
            continue
        lines.append(f"_set(self, {name!r}, {value})" if frozen else f"self.{name} = {value}")
    if hasattr(made, "__post_init__"):
        lines.append("self.__post_init__()")
    body = "\n    ".join(lines or ["pass"])
    exec(f"def __init__({', '.join(parameters)}):\n    {body}", given)  # noqa: S102 - names of fields
    init: Callable[..., None] = given["__init__"]
    init.__qualname__ = f"{made.__qualname__}.__init__"
    return init


@recursive_repr()
def _repr(self: Any) -> str:
    shown = (f"{f.name}={getattr(self, f.name)!r}" for f in dataclasses.fields(self) if f.repr)
    return f"{type(self).__qualname__}({', '.join(shown)})"


def _compared(self: Any) -> tuple[Any, ...]:
    fields = self.__dataclass_fields__.values()
    return tuple([getattr(self, field.name) for field in fields if field.compare])


def _eq(self: Any, other: object) -> Any:
    if other.__class__ is not self.__class__:
        return NotImplemented
    return _compared(self) == _compared(other)


def _hash(self: Any) -> int:
    return hash(_compared(self))


def _set_nothing(self: Any, name: str, value: object) -> None:
    raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")


def _delete_nothing(self: Any, name: str) -> None:
    raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")


def _values(self: Any) -> list[Any]:
    return [getattr(self, field.name) for field in dataclasses.fields(self)]


def _set_values(self: Any, values: list[Any]) -> None:
    for field, value in zip(dataclasses.fields(self), values, strict=True):
        object.__setattr__(self, field.name, value)
