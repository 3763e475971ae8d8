"""Checks the values that the configuration gives to settings: literals, and sources of values."""

from __future__ import annotations

from packager.config.key_types import is_plain
from packager.config.refused import InvalidValue, found
from packager.config.sources import is_reference, read_reference, ssm_name
from packager.model.options import LiteralSource, Source
from packager.model.plugin import Setting

_MODEL_KEYS = ("provider", "model", "model_type")
# What a model-selector of these scopes needs besides.
_SCOPE_KEYS = {
    "rerank": ("score_threshold", "top_n"),
    "tts": ("voice",),
    "vision": ("completion_params",),
}


def read_source(setting: Setting, value: object) -> Source:
    """Return where the value of `setting` comes from.

    Raises `InvalidValue`, whose message says what was expected; it never holds a secret's value.
    """
    if is_reference(value):
        return read_reference(value)
    if setting.type == "secret-input":
        raise InvalidValue(
            "a secret can't be written into the configuration; "
            f'expected a source such as {{ssm = "{ssm_name("my-plugin", setting.name)}"}}'
        )
    problem = literal_problem(setting, value)
    if problem is not None:
        raise InvalidValue(problem)
    return LiteralSource(value)


def literal_problem(setting: Setting, value: object) -> str | None:
    """Return what is wrong with a literal for `setting`; None if nothing is."""
    wanted = wanted_of(setting, value)
    return f"expected {wanted}, not {found(value)}" if wanted else None


def wanted_of(setting: Setting, value: object) -> str | None:
    """Return what `setting` takes where `value` is not that, without the value; None if it is.

    The rules are those of the daemon's ValidateProviderConfigs.
    """
    wanted: str | None = None
    match setting.type:
        case "text-input" | "secret-input":
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
            needed = (*_MODEL_KEYS, *_SCOPE_KEYS.get(setting.scope or "", ()))
            model = isinstance(value, dict) and all(_is_text(value.get(key)) for key in _MODEL_KEYS)
            model = model and isinstance(value, dict) and all(key in value for key in needed)
            wanted = None if model else "a table with " + ", ".join(needed)
        case "array[tools]":
            wanted = None if isinstance(value, list) else "a list"
        case "tool-selector":
            wanted = None if isinstance(value, dict) else "a table"
    if wanted is None and not is_plain(value):
        wanted = "nothing but text, finite numbers, true, false, lists and tables"
    return wanted


def _is_text(value: object) -> bool:
    return isinstance(value, str) and value != ""
