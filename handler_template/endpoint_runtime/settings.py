"""Puts together what an endpoint group is configured with: defaults, literals and sources.

The rules are those the Dify daemon applies when a user saves an endpoint (`ValidateProviderConfigs`
in langgenius/dify-plugin-daemon). No message says a value.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any

_TRUE = ("true", "1", "yes", "on")
_FALSE = ("false", "0", "no", "off")
_STRINGS = ("text-input", "secret-input")
_JSON = ("app-selector", "model-selector", "array[tools]", "tool-selector", "file", "files")
# What a model-selector of these scopes needs besides provider, model and model_type.
_SCOPE_KEYS = {
    "rerank": ("score_threshold", "top_n"),
    "tts": ("voice",),
    "vision": ("completion_params",),
}
_UNSET = object()


class SettingsError(Exception):
    """Settings are missing or break the group's declaration; the message names them, no values."""


def read_settings(
    declaration: Sequence[Mapping[str, Any]],
    sources: Mapping[str, tuple[str, Any]],
    environment: Mapping[str, str] = os.environ,
) -> dict[str, Any]:
    """Give the settings of a group by name, or raise `SettingsError` with everything wrong.

    `declaration` and `sources` are SETTINGS and SOURCES of `_bundle.py`. An optional setting that
    nobody set stays absent, as in Dify.
    """
    settings: dict[str, Any] = {}
    faults: list[str] = []
    declared = set()
    for config in declaration:
        name = config["name"]
        declared.add(name)
        value, origin = _UNSET, ""
        try:
            if name in sources:
                kind, content = sources[name]
                if kind == "env":
                    origin = f" (environment variable {content})"
                    value = _from_environment(config, content, environment)
                else:
                    value = content
            if (value is _UNSET or value is None) and config.get("default") is not None:
                value = config["default"]
            if value is _UNSET or value is None:
                if config.get("required"):
                    raise ValueError("is required and not set")
                continue
            _check(config, value)
        except ValueError as fault:
            faults.append(f"setting {name}{origin} {fault}")
            continue
        settings[name] = value
    for name, (kind, content) in sources.items():
        if name not in declared:  # passes through, as in Dify
            value = environment.get(content, _UNSET) if kind == "env" else content
            if value is not _UNSET:
                settings[name] = value
    if faults:
        raise SettingsError("; ".join(faults))
    return settings


def hidden_values(
    declaration: Iterable[Mapping[str, Any]], settings: Mapping[str, Any]
) -> list[str]:
    """The texts that must not be seen in a log: all but selects, whose options the plugin shows."""
    shown = {config["name"] for config in declaration if config.get("type") == "select"}
    found: list[str] = []
    values = [value for name, value in settings.items() if name not in shown]
    while values:
        value = values.pop()
        if isinstance(value, str):
            found.append(value)
        elif isinstance(value, dict):
            values += value.values()
        elif isinstance(value, list | tuple):
            values += value
    return found


def is_flat(settings: Mapping[str, Any]) -> bool:
    """Whether no value can be written into, so that a copy of the mapping is a deep one."""
    return not any(isinstance(value, dict | list | tuple) for value in settings.values())


def fresh_copy(value: Any) -> Any:
    """Copy settings deeply (they are plain JSON), as plugins write into what they get."""
    if isinstance(value, dict):
        return {key: fresh_copy(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [fresh_copy(item) for item in value]
    return value


def _from_environment(
    config: Mapping[str, Any], variable: str, environment: Mapping[str, str]
) -> Any:
    """Convert an environment variable's text to the declared type; raise a valueless ValueError."""
    text = environment.get(variable)
    if text is None:
        return _UNSET
    kind = config.get("type")
    if config.get("multiple") and kind == "select":
        kind = "array[tools]"
    if kind in _STRINGS:
        return text
    # Lambda's way to leave a template's optional parameter unset is an empty variable.
    if text.strip() == "":
        return _UNSET
    if kind == "boolean":
        word = text.strip().lower()
        if word in _TRUE:
            return True
        if word in _FALSE:
            return False
        raise ValueError("is no boolean: true, false, 1, 0, yes, no, on or off")
    if kind == "number":
        try:
            return int(text)
        except ValueError:
            pass
        try:
            return float(text)
        except ValueError:
            raise ValueError("is no number") from None
    if kind in _JSON:
        import json

        try:
            return json.loads(text)
        except ValueError:
            raise ValueError("is no JSON") from None
    return text


def _check(config: Mapping[str, Any], value: Any) -> None:
    """Raise a ValueError that says what is wrong with a value, without the value."""
    kind = config.get("type")
    if kind in _STRINGS:
        if not isinstance(value, str):
            raise ValueError("must be a string")
    elif kind == "select":
        chosen = value if config.get("multiple") and isinstance(value, list) else [value]
        options = config.get("options") or ()
        for item in chosen:
            if not isinstance(item, str):
                raise ValueError("must be a string")
            if item not in options:
                raise ValueError("must be one of its options: " + ", ".join(options))
    elif kind == "boolean":
        if not isinstance(value, bool):
            raise ValueError("must be a boolean")
    elif kind == "number":
        finite = isinstance(value, int | float) and value - value == 0
        if not finite or isinstance(value, bool):
            raise ValueError("must be a finite number")
    elif kind == "array[tools]":
        if not isinstance(value, list):
            raise ValueError("must be a list")
    elif kind in ("app-selector", "model-selector", "tool-selector"):
        if not isinstance(value, dict):
            raise ValueError("must be a mapping")
        needed: tuple[str, ...] = ()
        if kind == "app-selector":
            needed = ("app_id",)
        elif kind == "model-selector":
            needed = ("provider", "model", "model_type")
            needed += _SCOPE_KEYS.get(config.get("scope") or "", ())
        for key in needed:
            if key not in value:
                raise ValueError(f"must have the key {key}")
