"""`packager schema`: what editors check a plugin's files with."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import click

from packager.cli.console import write_exactly
from packager.config.json_schema import configuration_schema
from packager.plugin.schemas import (
    endpoint_schema,
    event_schema,
    group_schema,
    manifest_schema,
    provider_schema,
)

SCHEMAS: Mapping[str, Callable[[], dict[str, Any]]] = {
    "group": group_schema,
    "endpoint": endpoint_schema,
    "provider": provider_schema,
    "event": event_schema,
    "manifest": manifest_schema,
    "packager": configuration_schema,
}


def schema_text(name: str) -> str:
    """Return a schema as a file holds it."""
    return json.dumps(SCHEMAS[name](), indent=2, ensure_ascii=False) + "\n"


@click.command()
@click.argument("name", type=click.Choice(list(SCHEMAS)), default="packager")
def schema(name: str) -> None:
    """Write the JSON Schema of a plugin's files to stdout.

    Of packager.toml, if nothing is named. An editor that has it completes keys and marks what is
    wrong while it is written (docs/editors.md). What takes more than one file is left to
    `packager check`.

    \b
    Examples:
      packager schema > packager.schema.json
      packager schema group > group.schema.json
      packager schema manifest | jq '.properties | keys'
    """
    write_exactly(schema_text(name))
