"""A plugin's YAML files as JSON Schemas: the descriptions that their readers take values by.

They accept every sound file, and refuse what the readers refuse of one file alone. What takes more
than a file is left to `packager check`: whether files are there, paths are werkzeug's rules, names
occur twice. A test compares verdicts.
"""

from __future__ import annotations

from typing import Any

from packager.inputs.yaml_shapes import Record
from packager.plugin.groups import ENDPOINT, GROUP
from packager.plugin.manifest import MANIFEST_RECORD
from packager.plugin.triggers.providers import EVENT, PROVIDER

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def endpoint_schema() -> dict[str, Any]:
    """Return the schema of an endpoint's file."""
    return _titled("An endpoint of a Dify plugin", ENDPOINT)


def group_schema() -> dict[str, Any]:
    """Return the schema of an endpoint group's file."""
    return _titled("An endpoint group of a Dify plugin", GROUP)


def provider_schema() -> dict[str, Any]:
    """Return the schema of a trigger provider's file."""
    return _titled("A trigger provider of a Dify plugin", PROVIDER)


def event_schema() -> dict[str, Any]:
    """Return the schema of the file of a provider's event."""
    return _titled("An event of a trigger provider", EVENT)


def manifest_schema() -> dict[str, Any]:
    """Return the schema of manifest.yaml: of what matters here, the rest is Dify's to say."""
    return _titled("manifest.yaml of a Dify plugin", MANIFEST_RECORD)


def _titled(title: str, record: Record) -> dict[str, Any]:
    return {"$schema": _DIALECT, "title": title, **record.schema}
