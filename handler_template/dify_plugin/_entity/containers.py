"""The shapes of fields that hold others: lists, tuples, mappings, and whatever JSON can hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from dify_plugin._entity import scalars
from dify_plugin._entity.errors import ValidationFailed, refusal
from dify_plugin._entity.shapes import STR, Shape
from dify_plugin._entity.state import State, is_entity


class ListShape(Shape):
    """list, tuple, set, frozenset, deque..., as `cls`, of items of one shape."""

    def __init__(self, cls: type, item: Shape, noun: str = "") -> None:
        self.cls = cls
        self.item = item
        self.noun = noun or cls.__name__
        self.name = f"{self.noun}[{item.name}]"

    def check(self, value: object, state: State) -> object:
        if not isinstance(value, self.cls):
            if not is_listable(value):
                raise refusal(f"{self.noun}_type", f"Input should be a valid {self.noun}", value)
            state.lower(0)
        made, faults = [], []
        for index, item in enumerate(value):  # type: ignore[var-annotated, arg-type]
            try:
                made.append(self.item.check(item, state))
            except ValidationFailed as failed:
                faults += failed.at(index)
        if faults:
            raise ValidationFailed(faults)
        return made if self.cls is list else self.cls(made)

    def serves(self, value: object) -> bool:
        return isinstance(value, self.cls)

    def parts(self) -> tuple[Shape, ...]:
        return (self.item,)


def _not_an_instance(title: str, value: object) -> ValidationFailed:
    said = f"Input should be an instance of {title}"
    return refusal("is_instance_of", said, value, **{"class": title})


class SequenceShape(ListShape):
    """`Sequence[...]`: keeps the type that it is given."""

    def check(self, value: object, state: State) -> object:
        if not isinstance(value, Sequence):
            raise _not_an_instance("Sequence", value)
        if isinstance(value, str | bytes):
            title = type(value).__name__
            said = f"'{title}' instances are not allowed as a Sequence value"
            raise refusal("sequence_str", said, value, type_name=title)
        if isinstance(value, bytearray):
            raise refusal("list_type", "Input should be a valid list", value)
        made = super().check(list(value), state)
        return made if isinstance(value, list) else type(value)(made)  # type: ignore[call-arg]


class DictShape(Shape):
    """dict or any mapping, with keys and values of one shape each; a mapping keeps its type."""

    def __init__(self, key: Shape, value: Shape, keep_type: bool) -> None:
        self.key = key
        self.value = value
        self.keep_type = keep_type
        self.name = f"dict[{key.name},{value.name}]"

    def check(self, value: object, state: State) -> object:
        if not isinstance(value, dict):
            if not is_mapping(value):
                raise refusal("dict_type", "Input should be a valid dictionary", value)
            state.lower(0)
        made: dict[object, object] = {}
        faults = []
        for key, item in value.items():  # type: ignore[attr-defined]
            place = key if isinstance(key, str | int) else str(key)
            try:
                key = self.key.check(key, state)
            except ValidationFailed as failed:
                faults += failed.at(place, "[key]")
            try:
                made[key] = self.value.check(item, state)
            except ValidationFailed as failed:
                faults += failed.at(place)
        if faults:
            raise ValidationFailed(faults)
        if self.keep_type and type(value) not in (dict, MappingProxyType):
            return type(value)(made)  # type: ignore[call-arg]
        return made

    def serves(self, value: object) -> bool:
        return isinstance(value, dict)

    def parts(self) -> tuple[Shape, ...]:
        return (self.key, self.value)


class TupleShape(Shape):
    """A tuple with a shape for each place."""

    def __init__(self, items: Sequence[Shape]) -> None:
        self.items = items
        self.name = f"tuple[{','.join(item.name for item in items)}]"

    def check(self, value: object, state: State) -> object:
        if not isinstance(value, tuple):
            if not is_listable(value):
                raise refusal("tuple_type", "Input should be a valid tuple", value)
            state.lower(0)
        given = list(value)  # type: ignore[call-overload]
        if len(given) != len(self.items):
            problem = f"Input should have {len(self.items)} items, not {len(given)}"
            raise refusal(
                "too_short" if len(given) < len(self.items) else "too_long", problem, value
            )
        made, faults = [], []
        for index, (shape, item) in enumerate(zip(self.items, given, strict=True)):
            try:
                made.append(shape.check(item, state))
            except ValidationFailed as failed:
                faults += failed.at(index)
        if faults:
            raise ValidationFailed(faults)
        return tuple(made)


class JsonShape(Shape):
    """Whatever JSON can hold."""

    name = "json-value"

    def check(self, value: object, state: State) -> object:
        if value is None or isinstance(value, bool | float):
            return value
        if isinstance(value, str):
            return scalars.to_str(value, state)
        if isinstance(value, int):
            return scalars.to_int(value, state)
        kind = "list" if isinstance(value, list) else "dict" if isinstance(value, dict) else ""
        if not kind:
            raise refusal("invalid-json-value", "input was not a valid JSON value", value)
        shape = ListShape(list, self) if kind == "list" else DictShape(STR, self, False)
        try:
            return shape.check(value, state)
        except ValidationFailed as failed:
            failed.at(kind)
            raise


def is_mapping(value: object) -> bool:
    """Return whether pydantic takes `value` for a mapping."""
    return isinstance(value, Mapping)


def is_listable(value: object) -> bool:
    """Return whether lax mode makes a list of `value`: not of texts and mappings."""
    if isinstance(value, str | bytes | bytearray | Mapping):
        return False
    return isinstance(value, list | tuple | set | frozenset) or (
        hasattr(value, "__iter__") and not isinstance(value, type) and not is_entity(type(value))
    )
