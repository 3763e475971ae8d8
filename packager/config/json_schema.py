"""The configuration as JSON Schema, made of the descriptions that its readers are made of."""

from __future__ import annotations

import re
from typing import Any

from packager.config.calls.models import MODELS
from packager.config.calls.tools import TOOLS_SCHEMA
from packager.config.dify import DIFY
from packager.config.event_keys import ENDPOINT, EVENT_KINDS, PATH
from packager.config.key_types import Key
from packager.config.keys import GROUPS, KEYS, TABLES, default_of
from packager.config.sources import SOURCE_KEYS, SOURCE_SCHEMA
from packager.config.tables import table_schema

_LINK = re.compile(r"\[([^][]++)\]\([^()]++\)")


def configuration_schema() -> dict[str, Any]:
    """Return the JSON Schema of `packager.toml`, and so of `[tool.packager]`.

    It accepts every sound configuration. What it can't know is left to `packager check`: the
    plugin's groups and settings, keys that contradict each other, and the syntax of globs.
    """
    # Any value may be a setting's; a table that names a source has to be one.
    named = {"anyOf": [{"type": "object", "required": [key]} for key in SOURCE_KEYS]}
    tables: dict[str, dict[str, Any]] = {
        "settings": {"additionalProperties": {"if": named, "then": SOURCE_SCHEMA}},
        "apps": {"additionalProperties": SOURCE_SCHEMA},
        "models": table_schema(MODELS),
        "tools": {**TOOLS_SCHEMA},
        "dify": table_schema(DIFY),
    }
    properties = {key.name: _described(key) for key in KEYS.values()}
    properties["events"]["items"] = {"anyOf": [*map(_event, EVENT_KINDS)]}
    properties |= {key.name: _described(key) | tables[key.name] for key in TABLES.values()}
    group = {"type": "object", "properties": properties, "additionalProperties": False}
    groups = _described(GROUPS) | {"additionalProperties": {"$ref": "#/$defs/group"}}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "packager.toml",
        **group,
        "properties": {
            **{name: {"$ref": f"#/$defs/group/properties/{name}"} for name in properties},
            GROUPS.name: groups,
        },
        "$defs": {"group": group},
    }


def _event(source: str) -> dict[str, Any]:
    _, keys, required = EVENT_KINDS[source]
    return {
        "type": "object",
        "properties": {
            "source": {"const": source},
            **{key.name: key.schema for key in (PATH, ENDPOINT, *keys)},
        },
        "required": ["source", PATH.name, *required],
        "additionalProperties": False,
    }


def _described(key: Key) -> dict[str, Any]:
    described = {**key.schema, "description": _LINK.sub(r"\1", key.says)}
    if key.unset is None:
        default = default_of(key)
        described["default"] = list(default) if isinstance(default, tuple) else default
    return described
