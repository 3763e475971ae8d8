"""A plugin's YAML files as JSON Schemas, of what their readers take.

They accept every sound file, and refuse what the readers refuse of one file alone. What takes more
than a file is left to `packager check`: whether files are there, paths are werkzeug's rules, names
occur twice. A test compares verdicts.
"""

from __future__ import annotations

from typing import Any

from packager.inputs.yaml_fields import TEXT_SCHEMA, TRUTH_SCHEMA
from packager.model.plugin import METHODS
from packager.plugin.groups import MAX_ENDPOINTS
from packager.plugin.manifest import NAME
from packager.plugin.settings import MAX_NAME, MAX_SETTINGS, SETTING_TYPES

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_NULL = {"type": "null"}
_SCALAR = {"type": ["string", "number", "boolean"]}
_LANGUAGES = ("en_US", "zh_Hans", "ja_JP", "pt_BR")


def endpoint_schema() -> dict[str, Any]:
    """Return the schema of an endpoint's file."""
    return _titled("An endpoint of a Dify plugin", _endpoint())


def group_schema() -> dict[str, Any]:
    """Return the schema of an endpoint group's file."""
    setting = _setting()
    named = setting | {"required": ["name", "type"]}
    settings = {
        "description": "What a user configures: a list of settings, or a map from name to setting.",
        "anyOf": [
            _NULL,
            {"type": "array", "items": named, "maxItems": MAX_SETTINGS},
            {"type": "object", "additionalProperties": setting, "maxProperties": MAX_SETTINGS},
        ],
    }
    endpoints = {
        "type": "array",
        "description": "The endpoints: paths of their YAML files, from the plugin's folder, or "
        "what such a file holds.",
        "items": {"anyOf": [TEXT_SCHEMA, _endpoint()]},
        "minItems": 1,
        "maxItems": MAX_ENDPOINTS,
    }
    return _titled(
        "An endpoint group of a Dify plugin",
        {
            "type": "object",
            "properties": {"settings": settings, "endpoints": endpoints},
            "required": ["endpoints"],
        },
    )


def manifest_schema() -> dict[str, Any]:
    """Return the schema of manifest.yaml: of what matters here, the rest is Dify's to say."""
    files = {
        "type": "array",
        "items": TEXT_SCHEMA,
        "minItems": 1,
        "description": "The YAML files of endpoint groups, from the plugin's folder.",
    }
    storage = {
        "enabled": TRUTH_SCHEMA,
        "size": {
            "description": "Bytes that session.storage may hold.",
            "anyOf": [_NULL, {"type": "integer"}],
        },
    }
    properties = {
        "name": {
            "description": "1 to 128 of a-z, 0-9, _ and -",
            "anyOf": [
                {"type": "string", "pattern": f"^(?:{NAME.pattern})$"},
                {"type": ["number", "boolean"]},
            ],
        },
        "version": {"description": "The plugin's version."},
        "author": {"description": "Who publishes it."},
        "label": _texts("What Dify calls the plugin."),
        "description": _texts("What the plugin does."),
        "resource": _maybe(
            {
                "memory": {"description": "Bytes; raises the function's default memory."},
                "permission": _maybe({"storage": _maybe(storage)}),
            }
        ),
        "plugins": {
            "type": "object",
            "properties": {"endpoints": files},
            "required": ["endpoints"],
        },
        "meta": {
            "properties": {
                "arch": {"description": "amd64 and arm64, or one of them."},
                "runner": {
                    "properties": {
                        "version": {"description": 'The Python it is for, such as "3.13".'}
                    }
                },
            }
        },
    }
    return _titled(
        "manifest.yaml of a Dify plugin",
        {"type": "object", "properties": properties, "required": ["name", "plugins"]},
    )


def _titled(title: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"$schema": _DIALECT, "title": title, **schema}


def _endpoint() -> dict[str, Any]:
    source = {
        "type": "object",
        "properties": {
            "source": {**TEXT_SCHEMA}
            | {"description": "The Python file, from the plugin's folder: endpoints/hook.py"}
        },
        "required": ["source"],
    }
    extra = {"type": "object", "properties": {"python": source}, "required": ["python"]}
    return {
        "type": "object",
        "properties": {
            "path": {
                "type": "string",
                "pattern": "^/",
                "description": "A werkzeug rule: /users/<name>, /files/<path:rest>",
            },
            "method": {"enum": list(METHODS)},
            "hidden": {**TRUTH_SCHEMA} | {"description": "Whether Dify's page leaves it out."},
            "extra": extra,
        },
        "required": ["path", "method", "extra"],
    }


def _setting() -> dict[str, Any]:
    option = {
        "anyOf": [
            _SCALAR,
            {
                "type": "object",
                "properties": {"value": _SCALAR, "label": _texts("What the user sees.")},
                "required": ["value"],
            },
        ]
    }
    return {
        "type": "object",
        "properties": {
            "name": {**TEXT_SCHEMA}
            | {"maxLength": MAX_NAME, "description": "Its key in the settings of _invoke."},
            "type": {"enum": list(SETTING_TYPES)},
            "required": TRUTH_SCHEMA,
            "multiple": TRUTH_SCHEMA,
            "default": {"description": "Its value where a user gives none."},
            "options": {
                "description": "What a select offers.",
                "anyOf": [_NULL, {"type": "array", "items": option}],
            },
            "scope": {"description": "Which apps or models may be chosen."},
            "label": _texts("What the user sees."),
            "help": _texts("What it is for."),
            "placeholder": _texts("An example, in the empty field."),
            "url": {"description": "Where to get a value."},
        },
        "required": ["type"],
    }


def _texts(says: str) -> dict[str, Any]:
    """Return the schema of an i18n object; a bare text counts as English."""
    return {
        "description": says,
        "properties": {language: {} for language in _LANGUAGES},
    }


def _maybe(properties: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": [_NULL, {"type": "object", "properties": properties}]}
