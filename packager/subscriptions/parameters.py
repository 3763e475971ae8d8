"""Checks the values of parameters: of an event, or of a subscription to be.

The types are those of EventParameter in Dify's SDK (entities/trigger.py).
"""

from __future__ import annotations

import json
from typing import Any

from packager.config.key_types import is_plain
from packager.config.settings import wanted_of
from packager.inputs.yaml_tree import YamlValue
from packager.model.plugin import Parameter
from packager.settings.values import WrongValue, number_of_text, truth_of_text

_TEXT = ("string", "select", "dynamic-select", "secret-input", "text-input")
_LISTS = ("checkbox", "select", "dynamic-select")
_JSON = ("object", "array", "file", "files", "model-selector", "app-selector")


def takes_several(parameter: Parameter) -> bool:
    """Return whether its value is a list of texts."""
    several = parameter.multiple or (parameter.type == "checkbox" and bool(parameter.options))
    return several and parameter.type in _LISTS


def parameter_of_node(parameter: Parameter, node: YamlValue) -> Any:
    """Return the value that a YAML file says; None for no value. Raises `WrongValue`."""
    if node.kind == "nothing":
        return None
    scalar = node.kind not in ("a mapping", "a list")
    if scalar and takes_several(parameter):
        return checked_parameter(parameter, [node.text])
    if scalar and parameter.type in _TEXT:
        return checked_parameter(parameter, node.text)
    if node.kind == "a list" and takes_several(parameter):
        if not all(each.kind not in ("a mapping", "a list", "nothing") for each in node.items):
            raise WrongValue("expected a list of texts")
        return checked_parameter(parameter, [each.text for each in node.items])
    if node.kind == "text" and parameter.type not in _TEXT:
        return parameter_of_text(parameter, node.text)
    return checked_parameter(parameter, node.plain())


def parameter_of_text(parameter: Parameter, text: str) -> Any:
    """Return the value that an answer or a form's field says; None for no value.

    Raises `WrongValue`.
    """
    if not text.strip():
        return None
    if takes_several(parameter):
        chosen = [each.strip() for each in text.split(",")]
        return checked_parameter(parameter, [each for each in chosen if each])
    match parameter.type:
        case "boolean" | "checkbox":
            return checked_parameter(parameter, truth_of_text(text))
        case "number":
            return checked_parameter(parameter, number_of_text(text))
        case kind if kind in _JSON:
            try:
                return checked_parameter(parameter, json.loads(text))
            except (ValueError, RecursionError):
                raise WrongValue("expected JSON") from None
    return checked_parameter(parameter, text)


def checked_parameter(parameter: Parameter, value: Any) -> Any:
    """Return `value`, or raise `WrongValue`, which says what the parameter takes."""
    wanted = _wanted(parameter, value)
    if wanted is None and not is_plain(value):
        wanted = "nothing but text, finite numbers, true, false, lists and mappings"
    if wanted:
        raise WrongValue(f"expected {wanted}")
    return value


def _wanted(parameter: Parameter, value: Any) -> str | None:
    """Return what a parameter takes where `value` is not that; None where it is."""
    if takes_several(parameter):
        sound = isinstance(value, list) and all(isinstance(each, str) for each in value)
        if not sound:
            return "a list of texts"
        return _not_an_option(parameter, value)
    match parameter.type:
        case "boolean" | "checkbox":
            return None if isinstance(value, bool) else "true or false"
        case "number":
            return _wanted_number(parameter, value)
        case "object" | "file":
            return None if isinstance(value, dict) else "a mapping"
        case "array" | "files":
            return None if isinstance(value, list) else "a list"
        case kind if kind in _TEXT:
            if not isinstance(value, str):
                return "text"
            return _not_an_option(parameter, [value]) if kind == "select" else None
    return wanted_of(parameter, value)


def _wanted_number(parameter: Parameter, value: Any) -> str | None:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return "a number"
    least, most = parameter.minimum, parameter.maximum
    if (least is not None and value < least) or (most is not None and value > most):
        if least is None or most is None:
            return f"at most {most:g}" if least is None else f"at least {least:g}"
        return f"a number from {least:g} to {most:g}"
    return None


def _not_an_option(parameter: Parameter, chosen: list[str]) -> str | None:
    options = parameter.options if parameter.type != "dynamic-select" else ()
    if not options or all(each in options for each in chosen):
        return None
    listed = ", ".join(options[:20]) + (", …" if len(options) > 20 else "")
    return f"{'some' if takes_several(parameter) else 'one'} of {listed}"
