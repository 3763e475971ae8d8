"""Takes typed values out of a YAML tree, with a fault where the type is another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from packager.errors import Diagnostics
from packager.inputs.suggestions import near
from packager.inputs.yaml_tree import YamlValue

# What pydantic takes for a bool, which is what the SDK reads these files with.
_TRUE = {"true", "t", "yes", "y", "on", "1"}
_FALSE = {"false", "f", "no", "n", "off", "0"}

# What these readers take, as JSON Schema sees the values that a YAML file has.
TEXT_SCHEMA: Mapping[str, Any] = {"type": ["string", "number", "boolean"], "minLength": 1}
TRUTH_SCHEMA: Mapping[str, Any] = {
    "anyOf": [
        {"type": ["boolean", "null"]},
        {"enum": [0, 1]},
        {
            "type": "string",
            "pattern": "^\\s*(?:"
            + "|".join(
                "".join(f"[{each}{each.upper()}]" if each.isalpha() else each for each in word)
                for word in sorted(_TRUE | _FALSE)
            )
            + ")\\s*$",
        },
    ]
}


def expect_mapping(
    node: YamlValue, diagnostics: Diagnostics, what: str = "a mapping"
) -> Mapping[str, YamlValue] | None:
    """Return the entries of `node`, or None and a fault that names what was expected."""
    if node.kind != "a mapping":
        wrong_type(node, what, diagnostics)
        return None
    return node.entries


def expect_list(
    node: YamlValue, diagnostics: Diagnostics, what: str = "a list"
) -> tuple[YamlValue, ...] | None:
    """Return the items of `node`, or None and a fault that names what was expected."""
    if node.kind != "a list":
        wrong_type(node, what, diagnostics)
        return None
    return node.items


def expect_text(node: YamlValue, diagnostics: Diagnostics, what: str = "text") -> str | None:
    """Return `node` as it was written, or None and a fault if it is not a scalar, or empty."""
    if node.kind in ("a mapping", "a list", "nothing") or not node.text:
        wrong_type(node, what, diagnostics)
        return None
    return node.text


def expect_bool(node: YamlValue | None, diagnostics: Diagnostics) -> bool:
    """Return `node` as true or false; false if it is absent or null, or after a fault."""
    if node is None or node.value is None:
        return False
    truth = truth_of(node)
    if truth is None:
        wrong_type(node, "true or false", diagnostics)
    return bool(truth)


def truth_of(node: YamlValue) -> bool | None:
    """Return what a scalar says that pydantic takes for a bool; None for anything else."""
    word = node.text.strip().lower() if node.kind not in ("a mapping", "a list") else ""
    return word in _TRUE if word in _TRUE | _FALSE else None


def expect_entry(
    parent: YamlValue, name: str, diagnostics: Diagnostics, what: str
) -> YamlValue | None:
    """Return the entry `name` of `parent`, or None and a fault that says it is missing."""
    entry = parent.entries.get(name)
    if entry is None:
        wrong = near(name, parent.entries)
        diagnostics.error(
            "missing-key",
            f"missing; expected {what}",
            parent.place,
            key=parent.key_of(name),
            hint=f"is {parent.key_of(wrong)} meant to be {name}?" if wrong else None,
        )
    return entry


def wrong_type(node: YamlValue, what: str, diagnostics: Diagnostics) -> None:
    """Note that `node` should be `what`."""
    found = "empty text" if node.kind == "text" and not node.text else node.kind
    diagnostics.error("wrong-type", f"expected {what}, not {found}", node.place, key=node.key)
