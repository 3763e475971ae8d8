"""What modules of entities share: how exact a success was, and whether a class is an entity."""

from __future__ import annotations


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


def is_entity(cls: type) -> bool:
    """Return whether a class is derived from `Entity`, which imports what asks this."""
    return hasattr(cls, "__entity_schema__")


def is_base(cls: type) -> bool:
    """Return whether a class is `Entity` itself."""
    return "__entity_schema__" in vars(cls)
