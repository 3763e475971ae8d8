"""Checks the values that the configuration gives to settings: literals, and sources of values."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from packager.config_keys import Refused, found, is_plain
from packager.model import EnvSource, LiteralSource, Setting, Source

SOURCE_KEYS = ("env",)
# "Keys start with a letter and are at least two characters" (Lambda, environment variables).
_ENV_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]+")
_RESERVED = ("AWS_", "LAMBDA_")
_MODEL_KEYS = ("provider", "model", "model_type")  # the daemon's ValidateProviderConfigs


def read_source(setting: Setting, value: object) -> Source:
    """Give where the value of `setting` comes from.

    Raises `Refused`, whose message says what was expected; it never holds a secret's value.
    """
    if isinstance(value, dict) and any(key in value for key in SOURCE_KEYS):
        return _env_source(value)
    if setting.type == "secret-input":
        raise Refused(
            "a secret can't be written into the configuration; "
            'expected a source such as {env = "' + env_name(setting.name) + '"}'
        )
    problem = _literal_problem(setting, value)
    if problem is not None:
        raise Refused(problem)
    return LiteralSource(value)


def env_name(setting: str) -> str:
    """Give a name for the environment variable that holds `setting`."""
    name = re.sub(r"[^A-Z0-9]+", "_", setting.upper()).strip("_")
    return name if _ENV_NAME.fullmatch(name) and not name.startswith(_RESERVED) else "MY_" + name


def _env_source(value: Mapping[str, Any]) -> EnvSource:
    if list(value) != ["env"]:
        others = ", ".join(key for key in value if key != "env")
        raise Refused(f'expected {{env = "NAME"}} alone, not with {others}')
    name = value["env"]
    if not isinstance(name, str) or not _ENV_NAME.fullmatch(name):
        raise Refused(
            "expected the name of an environment variable: "
            "a letter, then one or more letters, digits and _"
        )
    if name.upper().startswith(_RESERVED):
        raise Refused(f"the name {name} is reserved by Lambda; expected another")
    return EnvSource(name)


def _literal_problem(setting: Setting, value: object) -> str | None:
    """Say what is wrong with a literal for `setting`; None if nothing is."""
    wanted: str | None = None
    match setting.type:
        case "text-input":
            wanted = None if isinstance(value, str) else "text"
        case "boolean":
            wanted = None if isinstance(value, bool) else "true or false"
        case "number":
            number = isinstance(value, int | float) and not isinstance(value, bool)
            wanted = None if number else "a number"
        case "select":
            chosen = value if setting.multiple and isinstance(value, list) else [value]
            if setting.options and not all(each in setting.options for each in chosen):
                wanted = "one of " + ", ".join(setting.options)
            elif not all(isinstance(each, str) for each in chosen):
                wanted = "text"
        case "app-selector":
            app = isinstance(value, dict) and _is_text(value.get("app_id"))
            wanted = None if app else "a table with app_id"
        case "model-selector":
            model = isinstance(value, dict) and all(_is_text(value.get(key)) for key in _MODEL_KEYS)
            wanted = None if model else "a table with " + ", ".join(_MODEL_KEYS)
        case "array[tools]":
            wanted = None if isinstance(value, list) else "a list"
        case "tool-selector":
            wanted = None if isinstance(value, dict) else "a table"
    if wanted is None and not is_plain(value):
        wanted = "nothing but text, finite numbers, true, false, lists and tables"
    return f"expected {wanted}, not {found(value)}" if wanted else None


def _is_text(value: object) -> bool:
    return isinstance(value, str) and value != ""
