"""Writes a template as YAML: readable, always the same, with comments and short intrinsics."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, Literal

import yaml

from packager.dataclass import dataclass

# What CloudFormation puts a value in the place of, wherever it stands ("Get values stored in other
# services using dynamic references"), read more widely than it does.
_DYNAMIC = re.compile(r"\{(?=\{\s*resolve)", re.IGNORECASE)
_SURROGATE = re.compile("[\ud800-\udfff]")


class Meant(str):
    """A text of the user's own configuration: a dynamic reference in it is meant as one."""

    __slots__ = ()


def meant(value: Any) -> Any:
    """Mark every text in `value`, which the user's configuration says, as `Meant`."""
    if isinstance(value, str):
        return Meant(value)
    if isinstance(value, Mapping):
        return {key: meant(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(map(meant, value))
    return value


def data(text: str) -> str:
    """Return `text` such that CloudFormation takes it as it is, and nothing in it as a reference.

    Every text of a template that is not `Meant` comes through here, last of all: what a plugin says
    is data, wherever it says it. Intrinsic functions are not texts here (`Intrinsic`), so no text
    can be one; inside of `!Sub`, `literal_in_sub` does the same for `${name}`.
    """
    return _SURROGATE.sub("\ufffd", _DYNAMIC.sub("{ ", text))


@dataclass(frozen=True, slots=True)
class Intrinsic:
    """A CloudFormation function in its short form: `!Ref NekoApi`."""

    name: Literal["Ref", "GetAtt", "Sub"]
    value: str


class Section(dict[str, Any]):
    """A mapping whose entries may have lines above them: comments, or "" for an empty line."""

    def __init__(self, entries: Mapping[str, Any] | None = None) -> None:
        super().__init__(entries or {})
        self.above: dict[str, tuple[str, ...]] = {}

    def put(self, key: str, value: Any, *above: str) -> None:
        """Set an entry, with these lines above it."""
        self[key] = value
        if above:
            self.above[key] = above


def ref(name: str) -> Intrinsic:
    """`!Ref name`."""
    return Intrinsic("Ref", name)


def get_att(name: str) -> Intrinsic:
    """`!GetAtt Resource.Attribute`."""
    return Intrinsic("GetAtt", name)


def sub(text: str) -> Intrinsic:
    """`!Sub text`."""
    return Intrinsic("Sub", text)


def literal_in_sub(text: str) -> str:
    """Escape `text` for a place inside `!Sub`, where `${name}` would be replaced."""
    return text.replace("${", "${!")


def write_document(document: Section, header: Sequence[str]) -> str:
    """Return the YAML text of `document` under the comment lines of `header`."""
    lines = [_comment(line) for line in header]
    lines += _mapping(document)
    return "\n".join(lines) + "\n"


def _mapping(mapping: Mapping[str, Any]) -> Iterator[str]:
    above = mapping.above if isinstance(mapping, Section) else {}
    for key, value in mapping.items():
        yield from (_comment(line) for line in above.get(key, ()))
        yield from _entry(f"{_scalar(key)}:", value)


def _entry(key: str, value: Any) -> Iterator[str]:
    if isinstance(value, Mapping) and value:
        yield key
        yield from (f"  {line}" if line else line for line in _mapping(value))
    elif _is_list(value) and value:
        yield key
        for item in value:
            yield from (f"  {line}" if line else line for line in _item(item))
    else:
        yield f"{key} {_scalar(value)}"


def _item(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping) and value:
        body: Iterator[str] = _mapping(value)
    elif _is_list(value) and value:
        body = (line for item in value for line in _item(item))
    else:
        body = iter([_scalar(value)])
    for number, line in enumerate(body):
        yield ("  " if number else "- ") + line


def _scalar(value: Any) -> str:
    if isinstance(value, Intrinsic):
        return f"!{value.name} {_scalar(value.value)}"
    if isinstance(value, Mapping):
        return "{}"
    if _is_list(value):
        return "[]"
    if isinstance(value, str):
        return _text(str(value) if isinstance(value, Meant) else data(value))
    return _dumped(value)


@lru_cache(1000)  # most texts of a template are there many times
def _text(value: str) -> str:
    # A text of several lines stays one line, between double quotes; there are also the characters
    # that nobody sees, escaped: who reads a template must see what it says.
    plain = value.isprintable()
    return _dumped(value, allow_unicode=plain, default_style=None if plain else '"')


def _dumped(value: Any, **how: Any) -> str:
    text: str = yaml.safe_dump(value, width=float("inf"), **how)
    return text.removesuffix("\n").removesuffix("\n...").rstrip("\n")


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)


def _comment(line: str) -> str:
    # What a plugin wrote (a rule, a name) may hold line breaks that would end the comment, and
    # characters that no YAML may have.
    shown = "".join(each if each.isprintable() else " " for each in line)
    return f"# {' '.join(shown.split())}" if line else ""
