"""Settings of the rarer types: how text becomes one, and what makes a value one of them.

Imported where a setting is neither a text nor a choice, nor a boolean that is one already.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

_TRUE = ("true", "1", "yes", "on")
_FALSE = ("false", "0", "no", "off")
_JSON = ("app-selector", "model-selector", "array[tools]", "tool-selector", "file", "files")
# What a model-selector of these scopes needs besides provider, model and model_type.
_SCOPE_KEYS = {
    "rerank": ("score_threshold", "top_n"),
    "tts": ("voice",),
    "vision": ("completion_params",),
}


def from_text(config: Mapping[str, Any], text: str) -> Any:
    """Return text as the declared type has it, None where it says nothing.

    Raises a ValueError without the text.
    """
    kind = config.get("type")
    if config.get("multiple") and kind == "select":
        if not text.strip().startswith("["):  # SSM's StringList
            return text.split(",") if text.strip() else None
        kind = "array[tools]"
    # Lambda's way to leave a template's optional parameter unset is an empty variable.
    if text.strip() == "":
        return None
    if kind == "boolean":
        word = text.strip().lower()
        if word in _TRUE:
            return True
        if word in _FALSE:
            return False
        raise ValueError("is not a boolean: true, false, 1, 0, yes, no, on or off")
    if kind == "number":
        try:
            return int(text)
        except ValueError:
            pass
        try:
            return float(text)
        except ValueError:
            raise ValueError("is not a number") from None
    if kind in _JSON:
        import json

        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            raise ValueError("is not valid JSON") from None
    return text


def check(config: Mapping[str, Any], value: Any) -> None:
    """Raise a ValueError that says what is wrong with a value, without the value."""
    kind = config.get("type")
    if kind == "number":
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
