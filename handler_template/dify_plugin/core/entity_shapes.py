"""The shapes of fields: each validates a value, and says what its parts are dumped by."""

# ruff: noqa: D102 - `Shape` says what its methods do

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum
from types import MappingProxyType

from dify_plugin.core import entity_scalars
from dify_plugin.core.entity import Entity, _schema_of
from dify_plugin.core.entity_errors import Fault, Refused, refusal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


class State:
    """What a union wants to know of a member's success: how exact it was, how many fields it set.

    `exact` is 2 where nothing was converted, 1 where strict mode would take the value, else 0.
    """

    __slots__ = ("exact", "given")

    def __init__(self) -> None:
        self.exact = 2
        self.given: int | None = None

    def lower(self, exact: int) -> None:
        """Note how exact a part was."""
        if exact < self.exact:
            self.exact = exact


class Shape:
    """Takes anything, and dumps it by what it is."""

    name = "any"

    def check(self, value: object, state: State) -> object:
        """Give the value as a field holds it; raises `Refused`."""
        state.lower(0)
        return value

    def serves(self, value: object) -> bool:
        """Tell whether a union dumps `value` by this member."""
        return False

    def parts(self) -> tuple[Shape, ...]:
        """What a container's items are dumped by; empty where their own types say it."""
        return ()


class ScalarShape(Shape):
    """str, int, float, bool, bytes, Decimal, None: what `entity_scalars` converts."""

    def __init__(self, name: str, convert: Callable[[object, State], object]) -> None:
        self.name = name
        self.convert = convert

    def check(self, value: object, state: State) -> object:
        return self.convert(value, state)


class ModelShape(Shape):
    """An entity, or a mapping of its fields."""

    def __init__(self, cls: type[Entity]) -> None:
        self.cls = cls
        self.name = cls.__name__

    def check(self, value: object, state: State) -> object:
        return _schema_of(self.cls).make(value, state)

    def serves(self, value: object) -> bool:
        return isinstance(value, self.cls)


class EnumShape(Shape):
    """A member of an enum, or its value."""

    def __init__(self, cls: type[Enum]) -> None:
        self.cls = cls
        self.name = cls.__name__

    def check(self, value: object, state: State) -> object:
        if isinstance(value, self.cls):
            return value
        state.lower(0)
        if isinstance(value, bytes | bytearray) and issubclass(self.cls, str):
            value = value.decode(errors="replace")
        try:
            return self.cls(value)
        except (ValueError, TypeError):
            expected = entity_scalars.either([repr(member.value) for member in self.cls])
            said = f"Input should be {expected}"
            raise refusal("enum", said, value, expected=expected) from None


class LiteralShape(Shape):
    """One of some values."""

    def __init__(self, choices: Sequence[object]) -> None:
        self.choices = choices
        self.name = f"literal[{','.join(map(repr, choices))}]"

    def check(self, value: object, state: State) -> object:
        for choice in self.choices:
            if value == choice and (type(value) is type(choice) or not isinstance(value, bool)):
                return choice
        expected = entity_scalars.either([repr(choice) for choice in self.choices])
        raise refusal("literal_error", f"Input should be {expected}", value, expected=expected)


class InstanceShape(Shape):
    """An instance of a class that is none of ours; pydantic's models take mappings, too."""

    def __init__(self, cls: type) -> None:
        self.cls = cls
        self.name = f"is-instance[{cls.__name__}]"

    def check(self, value: object, state: State) -> object:
        if isinstance(value, self.cls):
            return value
        validate = getattr(self.cls, "model_validate", None)
        if validate is not None:
            return validate(value)
        title = self.cls.__name__
        raise refusal(
            "is_instance_of", f"Input should be an instance of {title}", value, **{"class": title}
        )


def _not_an_instance(title: str, value: object) -> Refused:
    said = f"Input should be an instance of {title}"
    return refusal("is_instance_of", said, value, **{"class": title})


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
            except Refused as refused:
                faults += refused.at(index)
        if faults:
            raise Refused(faults)
        return made if self.cls is list else self.cls(made)

    def serves(self, value: object) -> bool:
        return isinstance(value, self.cls)

    def parts(self) -> tuple[Shape, ...]:
        return (self.item,)


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
            except Refused as refused:
                faults += refused.at(place, "[key]")
            try:
                made[key] = self.value.check(item, state)
            except Refused as refused:
                faults += refused.at(place)
        if faults:
            raise Refused(faults)
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
            except Refused as refused:
                faults += refused.at(index)
        if faults:
            raise Refused(faults)
        return tuple(made)


class UnionShape(Shape):
    """The best of several shapes, by pydantic's smart mode ("Unions" in its documentation)."""

    def __init__(self, members: Sequence[Shape], *, labelled: bool) -> None:
        self.members = members
        self.labelled = labelled
        self.name = f"union[{','.join(member.name for member in members)}]"

    def check(self, value: object, state: State) -> object:
        best: tuple[object, State] | None = None
        faults: list[Fault] = []
        for member in self.members:
            mine = State()
            try:
                made = member.check(value, mine)
            except Refused as refused:
                faults += refused.at(member.name) if self.labelled else refused.faults
                continue
            if mine.exact == 2 and mine.given is None:
                best = made, mine
                break
            if best is None or _is_better(mine, best[1]):
                best = made, mine
        if best is None:
            raise Refused(faults)
        state.lower(best[1].exact)
        state.given = best[1].given
        return best[0]

    def member_for(self, value: object) -> Shape:
        """The member that dumps `value`."""
        for member in self.members:
            if member.serves(value):
                return member
        return ANY

    def serves(self, value: object) -> bool:
        return any(member.serves(value) for member in self.members)


def _is_better(new: State, old: State) -> bool:
    if new.given is not None and old.given is not None and new.given != old.given:
        return new.given > old.given
    return new.exact > old.exact


class TaggedShape(UnionShape):
    """Entities that are told by the value of one field."""

    def __init__(self, key: str, classes: Sequence[type[Entity]]) -> None:
        super().__init__([ModelShape(cls) for cls in classes], labelled=True)
        self.key = key
        self.by_tag = {
            getattr(cls, key): shape for cls, shape in zip(classes, self.members, strict=True)
        }
        self.name = f"tagged-{self.name}"

    def check(self, value: object, state: State) -> object:
        if isinstance(value, Mapping):
            tag = value.get(self.key, ...)
        else:
            tag = getattr(value, self.key, ...)
        if tag is ... and type(value).__module__ == "builtins":
            said = "Input should be a valid dictionary or object to extract fields from"
            raise refusal("model_attributes_type", said, value)
        if tag is ...:
            said = f"Unable to extract tag using discriminator {self.key!r}"
            raise refusal("union_tag_not_found", said, value, discriminator=repr(self.key))
        member = self.by_tag.get(tag)
        if member is None:
            expected = ", ".join(repr(tag) for tag in self.by_tag)
            said = f"Input tag '{tag}' found using {self.key!r} does not match any of the "
            raise refusal("union_tag_invalid", f"{said}expected tags: {expected}", value)
        try:
            return member.check(value, state)
        except Refused as refused:
            refused.at(str(tag))
            raise


class JsonShape(Shape):
    """Whatever JSON can hold."""

    name = "json-value"

    def check(self, value: object, state: State) -> object:
        if value is None or isinstance(value, bool | float):
            return value
        if isinstance(value, str):
            return entity_scalars.to_str(value, state)
        if isinstance(value, int):
            return entity_scalars.to_int(value, state)
        kind = "list" if isinstance(value, list) else "dict" if isinstance(value, dict) else ""
        if not kind:
            raise refusal("invalid-json-value", "input was not a valid JSON value", value)
        shape = ListShape(list, self) if kind == "list" else DictShape(STR, self, False)
        try:
            return shape.check(value, state)
        except Refused as refused:
            refused.at(kind)
            raise


class NullableShape(Shape):
    """None, or what another shape takes."""

    def __init__(self, inner: Shape) -> None:
        self.inner = inner
        self.name = f"nullable[{inner.name}]"

    def check(self, value: object, state: State) -> object:
        return None if value is None else self.inner.check(value, state)

    def serves(self, value: object) -> bool:
        return value is not None and self.inner.serves(value)


def is_mapping(value: object) -> bool:
    """Tell whether pydantic takes `value` for a mapping."""
    return isinstance(value, Mapping)


def is_listable(value: object) -> bool:
    """Tell whether lax mode makes a list of `value`: not of texts and mappings."""
    if isinstance(value, str | bytes | bytearray | Mapping):
        return False
    return isinstance(value, list | tuple | set | frozenset) or (
        hasattr(value, "__iter__") and not isinstance(value, type | Entity)
    )


ANY = Shape()
STR = ScalarShape("str", entity_scalars.to_str)
