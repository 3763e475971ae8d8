"""The base of data classes: fields by annotation, as far as endpoints use pydantic's models.

A minimal stand-in: fields have defaults and conversions, nothing is validated beyond that.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, ClassVar, Self

    Conversions = dict[str, Callable[[Any], Any]]


class Entity:
    """Keyword arguments become attributes; a field without a default is required."""

    # Makes a field's value of what was given, such as an enum of a string.
    _conversions: ClassVar[Conversions] = {}

    def __init__(self, **data: Any) -> None:
        missing = []
        for name in self._fields():
            if name in data:
                value = data[name]
                convert = self._conversions.get(name)
                if convert is not None and value is not None:
                    value = convert(value)
            elif hasattr(type(self), name):
                value = getattr(type(self), name)
                if isinstance(value, list | dict):
                    value = value.copy()
            else:
                missing.append(name)
                continue
            setattr(self, name, value)
        if missing:
            raise ValueError(f"{type(self).__name__} needs {', '.join(missing)}")

    @classmethod
    def _fields(cls) -> list[str]:
        names: dict[str, None] = {}
        for base in reversed(cls.__mro__):
            for name in getattr(base, "__annotations__", {}) if base is not object else ():
                if name[0] != "_":
                    names[name] = None
        return list(names)

    @classmethod
    def model_validate(cls, value: Any) -> Self:
        """Make one of a mapping; give one back as it is."""
        return value if isinstance(value, cls) else cls(**value)

    def model_dump(self, **options: Any) -> dict[str, Any]:
        """The fields as plain data; `mode="json"` gives enums as their values."""
        json_mode = options.get("mode") == "json"
        return {name: _plain(getattr(self, name), json_mode) for name in self._fields()}

    def model_dump_json(self, **options: Any) -> str:
        """The fields as JSON."""
        import json

        return json.dumps(self.model_dump(mode="json"), ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: object) -> Any:
        """Let a plugin's own pydantic models have fields of this type."""
        from pydantic_core import core_schema

        return core_schema.no_info_plain_validator_function(cls.model_validate)

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and vars(self) == vars(other)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        fields = ", ".join(f"{name}={getattr(self, name)!r}" for name in self._fields())
        return f"{type(self).__name__}({fields})"


def _plain(value: Any, json_mode: bool) -> Any:
    if isinstance(value, Entity):
        return value.model_dump(mode="json" if json_mode else "python")
    if isinstance(value, list | tuple):
        return [_plain(item, json_mode) for item in value]
    if isinstance(value, dict):
        return {key: _plain(item, json_mode) for key, item in value.items()}
    if json_mode:
        from enum import Enum

        return value.value if isinstance(value, Enum) else value
    return value
