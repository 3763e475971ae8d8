"""What is said of a value of the configuration that its key does not take."""

from __future__ import annotations


class InvalidValue(Exception):
    """A value is not what its key takes; the message says what was found."""


class InvalidPart(InvalidValue):
    """A part of a value, at the keys `inside` it, is wrong; the message says what was expected."""

    def __init__(self, message: str, *inside: str) -> None:
        super().__init__(message)
        self.inside = inside


def found(value: object) -> str:
    """Return what a value is, for a message; long ones by their type alone."""
    match value:
        case bool():
            return str(value).lower()
        case int() | float():
            return str(value) if abs(value) < 1e15 else "a number"
        case str():
            return repr(value) if len(value) <= 80 else "a long text"
        case dict():
            return "a table"
        case list():
            return "a list"
        case _:
            return "a date or time"
