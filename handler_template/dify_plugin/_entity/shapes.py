"""The shapes of fields: each validates a value, and says what its parts are dumped by.

Those of lists, tuples and mappings are in `containers`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum

from dify_plugin._entity import scalars
from dify_plugin._entity.errors import ErrorDetail, ValidationFailed, refusal
from dify_plugin._entity.state import State

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


class Shape:
    """Takes anything, and dumps it by what it is."""

    name = "any"

    def check(self, value: object, state: State) -> object:
        """Return the value as a field holds it; raises `ValidationFailed`."""
        state.lower(0)
        return value

    def serves(self, value: object) -> bool:
        """Return whether a union dumps `value` by this member."""
        return False

    def parts(self) -> tuple[Shape, ...]:
        """What a container's items are dumped by; empty where their own types say it."""
        return ()


class ScalarShape(Shape):
    """str, int, float, bool, bytes, Decimal, None: what `scalars` converts."""

    def __init__(self, name: str, convert: Callable[[object, State], object]) -> None:
        self.name = name
        self.convert = convert

    def check(self, value: object, state: State) -> object:
        return self.convert(value, state)


class ModelShape(Shape):
    """An entity, or a mapping of its fields."""

    def __init__(self, cls: type[Any]) -> None:
        self.cls = cls
        self.name = cls.__name__

    def check(self, value: object, state: State) -> object:
        return self.cls.__entity_schema__().make(value, state)

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
            expected = scalars.either([repr(member.value) for member in self.cls])
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
        expected = scalars.either([repr(choice) for choice in self.choices])
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


class UnionShape(Shape):
    """The best of several shapes, by pydantic's smart mode ("Unions" in its documentation)."""

    def __init__(self, members: Sequence[Shape], *, labelled: bool) -> None:
        self.members = members
        self.labelled = labelled
        self.name = f"union[{','.join(member.name for member in members)}]"

    def check(self, value: object, state: State) -> object:
        best: tuple[object, State] | None = None
        faults: list[ErrorDetail] = []
        for member in self.members:
            mine = State()
            try:
                made = member.check(value, mine)
            except ValidationFailed as failed:
                faults += failed.at(member.name) if self.labelled else failed.faults
                continue
            if mine.exact == 2 and mine.given is None:
                best = made, mine
                break
            if best is None or _is_better(mine, best[1]):
                best = made, mine
        if best is None:
            raise ValidationFailed(faults)
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

    def __init__(self, key: str, classes: Sequence[type]) -> None:
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
        except ValidationFailed as failed:
            failed.at(str(tag))
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


ANY = Shape()
STR = ScalarShape("str", scalars.to_str)
