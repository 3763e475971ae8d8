"""What a tool's class gets of the arguments that it is called with, as in Dify.

Sources: `init_frontend_parameter` and `cast_parameter_value` of
api/core/plugin/entities/parameters.py, `Tool.invoke` of api/core/tools/__base/tool.py, both of
langgenius/dify.
"""

from __future__ import annotations

from endpoint_runtime.json_codec import decode_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    # Type, whether it is of the form, whether it is required, default and options, by name.
    Parameters = Mapping[str, tuple[str, bool, bool, Any, tuple[str, ...]]]

_TEXTS = ("string", "secret-input", "select", "checkbox", "dynamic-select")
_TRUE, _FALSE = ("true", "yes", "y", "1"), ("false", "no", "n", "0")


def as_declared(given: Mapping[str, Any], declared: Parameters) -> dict[str, Any]:
    """Return arguments of the types that a tool declares, and those of its form with defaults.

    What is not declared stays as it is. Raises ValueError, with Dify's words.
    """
    found = dict(given)
    for name, (kind, is_form, required, default, options) in declared.items():
        value = given.get(name)
        if is_form:
            if not value and value != 0:
                value = default
                if not value and required:
                    raise ValueError(f"tool parameter {name} not found in tool config")
            if kind == "select" and value is not None and value not in options:
                raise ValueError(
                    f"tool parameter {name} value {value} not in options {list(options)}"
                )
        elif name not in given:
            continue
        found[name] = _cast(kind, value)
    return found


def _cast(kind: str, value: Any) -> Any:
    """Return a value as one of a type; raises ValueError."""
    if kind in _TEXTS:
        return "" if value is None else str(value)
    if kind == "boolean":
        text = value.lower() if isinstance(value, str) else None
        return text in _TRUE or (text not in _FALSE and bool(value))
    if kind == "number":
        if isinstance(value, str):
            return (float(value) if "." in value else int(value)) if value else None
        return value if isinstance(value, int | float) else None
    if kind == "files":
        return value if isinstance(value, list) else [value]
    if kind in ("array", "object"):
        wanted = list if kind == "array" else dict
        read = _read(value) if isinstance(value, str) else value
        if isinstance(read, wanted):
            return read
        return [value] if kind == "array" else {}
    return value


def _read(text: str) -> Any:
    try:
        return decode_json(text.encode())
    except (ValueError, RecursionError):
        return None
