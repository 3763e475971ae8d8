"""Turns values of settings into text and back, as endpoint_runtime/settings/group.py reads them."""

from __future__ import annotations

import json
from typing import Any

from packager.config.settings import wanted_of
from packager.inputs.yaml_tree import YamlValue
from packager.model.plugin import Setting

_TRUE = ("true", "1", "yes", "on")
_FALSE = ("false", "0", "no", "off")
_TEXT_TYPES = ("text-input", "secret-input", "select")
_JSON_TYPES = ("app-selector", "model-selector", "array[tools]", "tool-selector")


class WrongValue(Exception):
    """A value that its setting does not take; the message says what it takes, never the value."""


def is_json(setting: Setting) -> bool:
    """Whether text for `setting` is JSON."""
    return setting.type in _JSON_TYPES


def value_of_text(setting: Setting, text: str) -> Any:
    """Return the value that `text` from outside means, checked; None if it means no value.

    Raises `WrongValue`.
    """
    value = None if means_nothing(setting, text) else _converted(setting, text)
    return None if value is None else checked(setting, value)


def value_of_json(setting: Setting, value: Any) -> Any:
    """Return a value of a document's or a secret's JSON, checked; text in it is as any other."""
    if isinstance(value, str):
        return value_of_text(setting, value)
    return None if value is None else checked(setting, value)


def value_of_yaml(setting: Setting, node: YamlValue) -> Any:
    """Return the value that a YAML file says: text types take what was written, `yes` and `1.0`
    too.

    Raises `WrongValue`, for a null as well.
    """
    scalar = node.kind not in ("a mapping", "a list", "nothing")
    if scalar and setting.type in _TEXT_TYPES:
        return checked(setting, node.text)
    value = node.plain()
    if isinstance(value, str):
        value = value_of_text(setting, value)
    return checked(setting, value)


def text_of_value(setting: Setting, value: Any) -> str:
    """Return the text that a parameter or a whole secret holds for `value`."""
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)


def checked(setting: Setting, value: Any) -> Any:
    """Return `value`, or raise `WrongValue`."""
    wanted = wanted_of(setting, value)
    if wanted:
        raise WrongValue(f"expected {wanted}")
    return value


def may_be_unset(setting: Setting) -> bool:
    """Return whether `setting` may have no value: it is optional, or a default steps in."""
    return not setting.required or setting.default is not None


def means_nothing(setting: Setting, text: str) -> bool:
    """Return whether `text` from outside is not a value for `setting`: blanks are one for text."""
    return setting.type not in ("text-input", "secret-input") and text.strip() == ""


def _converted(setting: Setting, text: str) -> Any:
    match setting.type:
        case "boolean":
            return truth_of_text(text)
        case "number":
            return number_of_text(text)
        case "select" if setting.multiple and not text.strip().startswith("["):
            return text.split(",")
        case "select" if not setting.multiple:
            return text
        case kind if kind in (*_JSON_TYPES, "select"):
            try:
                return json.loads(text)
            except (ValueError, RecursionError):
                raise WrongValue("expected JSON") from None
    return text


def truth_of_text(text: str) -> bool:
    """Return what a word says; raise `WrongValue` for others."""
    word = text.strip().lower()
    if word not in (*_TRUE, *_FALSE):
        raise WrongValue("expected true, false, 1, 0, yes, no, on or off")
    return word in _TRUE


def number_of_text(text: str) -> int | float:
    """Return what text says as a number; raise `WrongValue`."""
    try:
        return int(text)
    except ValueError:
        pass
    try:
        return float(text)
    except ValueError:
        raise WrongValue("expected a number") from None
