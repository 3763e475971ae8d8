"""Describes what stands in a YAML file once, for its reader and as JSON Schema.

A shape checks a value, and its schema says the same. A record is a mapping whose keys are
described: its reader takes them one by one, and its schema lists them. What takes more than one
file to know is in no schema.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field
from typing import Any

from packager.dataclass import dataclass
from packager.errors import Diagnostics
from packager.inputs.suggestions import did_you_mean
from packager.inputs.yaml_fields import (
    TEXT_SCHEMA,
    TRUTH_SCHEMA,
    expect_entry,
    expect_list,
    expect_mapping,
    expect_text,
    truth_of,
    wrong_type,
)
from packager.inputs.yaml_tree import YamlValue

Schema = Mapping[str, Any]
Check = Callable[[YamlValue, Diagnostics], bool]
NULL: Schema = {"type": "null"}


@dataclass(frozen=True, slots=True)
class Shape:
    """What a value may be: `check` notes what is wrong with it, and returns whether it is sound."""

    schema: Schema
    check: Check


@dataclass(frozen=True, slots=True)
class Field:
    """A key of a record, which `says` what it is for; one that is `required` is `expected`, in the
    message about a record without it."""

    name: str
    shape: Shape
    says: str = ""
    expected: str = ""

    @property
    def required(self) -> bool:
        """Whether a record without it is wrong."""
        return bool(self.expected)

    @property
    def schema(self) -> Schema:
        """Its schema, with what it is for."""
        return {**self.shape.schema, **({"description": self.says} if self.says else {})}

    def take(self, parent: YamlValue, diagnostics: Diagnostics) -> YamlValue | None:
        """Return the value of this key in the mapping `parent`; None where there is none, or after
        a fault."""
        if self.required:
            entry = expect_entry(parent, self.name, diagnostics, self.expected)
        else:
            entry = parent.entries.get(self.name)
        if entry is None or not self.shape.check(entry, diagnostics):
            return None
        return entry


@dataclass(frozen=True, slots=True)
class Record:
    """A mapping with keys that are described; others may be there."""

    what: str  # in the message about something else
    fields: tuple[Field, ...]
    or_null: bool = False
    _by_name: Mapping[str, Field] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_by_name", {each.name: each for each in self.fields})

    def __getitem__(self, name: str) -> Field:
        return self._by_name[name]

    @property
    def schema(self) -> Schema:
        """Its schema."""
        required = [each.name for each in self.fields if each.required]
        found = {
            "type": "object",
            "properties": {each.name: each.schema for each in self.fields},
            **({"required": required} if required else {}),
        }
        return {"anyOf": [NULL, found]} if self.or_null else found

    @property
    def shape(self) -> Shape:
        """Its shape, whose check is of the mapping alone: its reader takes the keys."""
        return Shape(self.schema, self._check)

    def _check(self, node: YamlValue, diagnostics: Diagnostics) -> bool:
        if self.or_null and node.value is None:
            return True
        return expect_mapping(node, diagnostics, self.what) is not None


def anything(schema: Schema | None = None) -> Shape:
    """Return the shape of what is not checked; the schema is for an editor's help."""
    return Shape(schema or {}, lambda node, diagnostics: True)


def text(what: str = "text", **limits: object) -> Shape:
    """Return the shape of text, which may be written as another scalar; the `limits` in its schema
    are checked by whoever reads it."""
    return Shape(
        {**TEXT_SCHEMA, **limits},
        lambda node, diagnostics: expect_text(node, diagnostics, what) is not None,
    )


def choice(values: tuple[str, ...], what: str, a_what: str) -> Shape:
    """Return the shape of one of several words, such as `a_what` "a method of an endpoint"."""

    def check(node: YamlValue, diagnostics: Diagnostics) -> bool:
        if expect_text(node, diagnostics, what) is None:
            return False
        if node.text not in values:
            diagnostics.error(
                "invalid-value",
                f"{node.text!r} is not {a_what}; expected one of " + ", ".join(values),
                node.place,
                key=node.key,
                hint=did_you_mean(node.text, values),
            )
            return False
        return True

    return Shape({"enum": list(values)}, check)


def listing(items: Shape, what: str, **limits: object) -> Shape:
    """Return the shape of a list; its reader checks its items, and its length against `limits`."""
    return Shape(
        {"type": "array", "items": items.schema, **limits},
        lambda node, diagnostics: expect_list(node, diagnostics, what) is not None,
    )


def or_null(shape: Shape) -> Shape:
    """Return the shape of what may be left empty."""
    return Shape(
        {"anyOf": [NULL, shape.schema]},
        lambda node, diagnostics: node.value is None or shape.check(node, diagnostics),
    )


def _check_truth(node: YamlValue, diagnostics: Diagnostics) -> bool:
    if node.value is None or truth_of(node) is not None:
        return True
    wrong_type(node, "true or false", diagnostics)
    return False


def _check_whole(node: YamlValue, diagnostics: Diagnostics) -> bool:
    if isinstance(node.value, int) and not isinstance(node.value, bool):
        return True
    wrong_type(node, "a number of bytes", diagnostics)
    return False


TRUTH = Shape(TRUTH_SCHEMA, _check_truth)
BYTES = Shape({"type": "integer"}, _check_whole)
SCALAR: Schema = {"type": ["string", "number", "boolean"]}
# An i18n object; a bare text counts as English.
TEXTS = anything({"properties": {each: {} for each in ("en_US", "zh_Hans", "ja_JP", "pt_BR")}})


def is_true(node: YamlValue | None) -> bool:
    """Return what a TRUTH says; false where there is none."""
    return node is not None and truth_of(node) is True
