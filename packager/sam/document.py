"""Writes a template as YAML: readable, always the same, with comments and short intrinsics."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import yaml


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
    """Give the YAML text of `document` under the comment lines of `header`."""
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
    # A text of several lines stays one line, between double quotes.
    style = '"' if isinstance(value, str) and len(f"{value}.".splitlines()) > 1 else None
    text = yaml.safe_dump(value, width=float("inf"), allow_unicode=True, default_style=style)
    return text.removesuffix("\n").removesuffix("\n...").rstrip("\n")


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)


def _comment(line: str) -> str:
    # What a plugin wrote (a rule, a name) may hold line breaks that would end the comment.
    return f"# {' '.join(line.split())}" if line else ""
