"""The types of the configuration's keys: what each takes, as a reader and as JSON Schema."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import Any

from packager.config.refused import InvalidValue, found
from packager.dataclass import dataclass
from packager.inputs.gitignore import PatternError, Patterns

Schema = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Key:
    """One key: `read` returns the value as Options holds it, or raises InvalidValue.

    `expected` is what messages say that it takes, `schema` the same as JSON Schema: it accepts all
    that `read` does. `says` is for the docs, in Markdown, and so is `unset`: what holds without the
    key, where that is not one of its values. `below` is what a table's keys are if they are names.
    """

    name: str
    expected: str
    read: Callable[[object], object]
    schema: Schema
    says: str = ""
    unset: str | None = None
    below: str = ""


def choice(name: str, values: tuple[str, ...], *, says: str = "", unset: str | None = None) -> Key:
    """A key that takes one of `values`."""

    def read(value: object) -> str:
        if not isinstance(value, str) or value not in values:
            raise InvalidValue(found(value))
        return value

    return Key(name, "one of " + ", ".join(values), read, {"enum": list(values)}, says, unset)


def number_choice(
    name: str, values: tuple[int, ...], unit: str, *, says: str = "", unset: str | None = None
) -> Key:
    """A key that takes one of the whole numbers `values`, of `unit`."""

    def read(value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or value not in values:
            raise InvalidValue(found(value))
        return value

    return Key(
        name,
        f"{unit}, one of " + ", ".join(map(str, values)),
        read,
        {"enum": list(values)},
        says,
        unset,
    )


def whole(
    name: str, least: int, most: int, unit: str, *, says: str = "", unset: str | None = None
) -> Key:
    """A key that takes a whole number of `unit`, from `least` to `most`."""

    def read(value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise InvalidValue(found(value))
        return value

    return Key(
        name,
        f"a whole number of {unit} from {least} to {most}",
        read,
        {"type": "integer", "minimum": least, "maximum": most},
        says,
        unset,
    )


def truth(name: str, *, says: str = "", unset: str | None = None) -> Key:
    """A key that takes true or false."""

    def read(value: object) -> bool:
        if not isinstance(value, bool):
            raise InvalidValue(found(value))
        return value

    return Key(name, "true or false", read, {"type": "boolean"}, says, unset)


def text(
    name: str, expected: str, pattern: str, *, says: str = "", unset: str | None = None
) -> Key:
    """A key that takes text which `pattern` matches wholly."""
    compiled = re.compile(pattern)

    def read(value: object) -> str:
        if not isinstance(value, str) or not compiled.fullmatch(value):
            raise InvalidValue(found(value))
        return value

    return Key(name, expected, read, {"type": "string", "pattern": f"^(?:{pattern})$"}, says, unset)


def texts(name: str, expected: str, *, says: str = "", unset: str | None = None) -> Key:
    """A key that takes a list of texts, none of them empty."""

    def read(value: object) -> tuple[str, ...]:
        if not isinstance(value, list):
            raise InvalidValue(found(value))
        for item in value:
            if not isinstance(item, str) or not item.strip():
                raise InvalidValue(f"a list with {found(item)}")
        return tuple(value)

    return Key(
        name,
        expected,
        read,
        {"type": "array", "items": {"type": "string", "pattern": r"\S"}},
        says,
        unset,
    )


def globs(name: str, *, says: str = "", unset: str | None = None) -> Key:
    """A key that takes a list of patterns in gitignore syntax."""
    lines = texts(name, "a list of globs")

    def read(value: object) -> object:
        read_texts = lines.read(value)
        try:
            Patterns(map(str, value if isinstance(value, list) else ()))
        except PatternError as error:
            raise InvalidValue(f"a list that {error}") from None
        return read_texts

    return Key(name, lines.expected, read, lines.schema, says, unset)


def media_types(name: str, *, says: str = "", unset: str | None = None) -> Key:
    """A key that takes a list of media types, in which `*` stands for any characters."""
    compiled = re.compile(r"[A-Za-z0-9!#$&^_.+*-]+/[A-Za-z0-9!#$&^_.+*-]+")  # RFC 6838, 4.2

    def read(value: object) -> tuple[str, ...]:
        if not isinstance(value, list):
            raise InvalidValue(found(value))
        for item in value:
            if not isinstance(item, str) or not compiled.fullmatch(item):
                raise InvalidValue(f"a list with {found(item)}")
        return tuple(value)

    return Key(
        name,
        'a list of media types, such as "application/vnd.x" or "image/*"',
        read,
        {"type": "array", "items": {"type": "string", "pattern": f"^{compiled.pattern}$"}},
        says,
        unset,
    )


def packages(name: str, *, truth: bool, says: str = "", unset: str | None = None) -> Key:
    """A key that takes a list of packages' names, which are normalised; with `truth`, or a truth
    value for all of them."""
    compiled = re.compile(r"[A-Za-z0-9]+([._-]+[A-Za-z0-9]+)*")  # PEP 508

    def read(value: object) -> tuple[str, ...] | bool:
        if truth and isinstance(value, bool):
            return value
        if not isinstance(value, list):
            raise InvalidValue(found(value))
        for item in value:
            if not isinstance(item, str) or not compiled.fullmatch(item):
                raise InvalidValue(f"a list with {found(item)}")
        return tuple(dict.fromkeys(re.sub(r"[._-]+", "-", item).lower() for item in value))

    some: Schema = {
        "type": "array",
        "items": {"type": "string", "pattern": f"^{compiled.pattern}$"},
    }
    schema = {"anyOf": [{"type": "boolean"}, some]} if truth else some
    expected = 'a list of packages, such as "requests"'
    return Key(name, f"true, false or {expected}" if truth else expected, read, schema, says, unset)


def module_names(name: str, *, says: str = "", unset: str | None = None) -> Key:
    """A key that takes a list of dotted names of modules, or `false`, which is read as None."""
    compiled = re.compile(r"[\w-]+(\.[\w-]+)*")

    def read(value: object) -> tuple[str, ...] | None:
        if value is False:
            return None
        if not isinstance(value, list):
            raise InvalidValue(found(value))
        for item in value:
            if not isinstance(item, str) or not compiled.fullmatch(item):
                raise InvalidValue(f"a list with {found(item)}")
        return tuple(dict.fromkeys(value))

    return Key(
        name,
        'a list of modules, such as "json" or "webhooks.signature", or false',
        read,
        {
            "anyOf": [
                {"type": "array", "items": {"type": "string", "pattern": f"^{compiled.pattern}$"}},
                {"const": False},
            ]
        },
        says,
        unset,
    )


def table(name: str, *, says: str = "", unset: str | None = None, below: str = "") -> Key:
    """A key that takes a table of whatever JSON can hold."""

    def read(value: object) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise InvalidValue(found(value))
        if not is_plain(value):
            raise InvalidValue("one with dates, nan or inf")
        return value

    return Key(name, "a table", read, {"type": "object"}, says, unset, below)


def statuses(name: str, *, says: str = "", unset: str | None = None) -> Key:
    """A key that takes a list of HTTP statuses of errors."""

    def read(value: object) -> tuple[int, ...]:
        if not isinstance(value, list):
            raise InvalidValue(found(value))
        for item in value:
            if isinstance(item, bool) or not isinstance(item, int) or not 400 <= item <= 599:
                raise InvalidValue(f"a list with {found(item)}")
        return tuple(dict.fromkeys(value))

    items = {"type": "integer", "minimum": 400, "maximum": 599}
    expected = "a list of statuses from 400 to 599"
    return Key(name, expected, read, {"type": "array", "items": items}, says, unset)


def read_list(value: object) -> list[object]:
    """Return a list, whose items are read elsewhere; raise InvalidValue for anything else."""
    if not isinstance(value, list):
        raise InvalidValue(found(value))
    return value


def alarms(name: str, *, says: str = "") -> Key:
    """A key that takes true, false, or a table with the address that alarms are sent to."""
    address = re.compile(r'[^@\s{}\\"]+@[^@\s{}\\"]+')

    def read(value: object) -> bool | str:
        if isinstance(value, bool):
            return value
        if isinstance(value, dict) and [*value] == ["email"]:
            email = value["email"]
            if isinstance(email, str) and len(email) <= 254 and address.fullmatch(email):
                return email
            raise InvalidValue(f"{found(email)} as the email")
        raise InvalidValue(found(value))

    email = {"type": "string", "pattern": f"^{address.pattern}$"}
    described = {"type": "object", "properties": {"email": email}, "additionalProperties": False}
    return Key(
        name,
        'true, false or {email = "ops@example.com"}',
        read,
        {"anyOf": [{"type": "boolean"}, {**described, "required": ["email"]}]},
        says,
    )


def entries(name: str, *, says: str = "", unset: str | None = None) -> Key:
    """A key that takes a list of tables; what is in them is read elsewhere."""
    items = {"type": "array", "items": {"type": "object"}}
    return Key(name, "a list of tables", read_list, items, says, unset)


def is_plain(value: object) -> bool:
    """Return whether JSON could hold the value: TOML's dates, nan and inf can't be."""
    match value:
        case dict():
            return all(is_plain(each) for each in value.values())
        case list():
            return all(is_plain(each) for each in value)
        case float():
            return math.isfinite(value)
        case _:
            return isinstance(value, str | int)
