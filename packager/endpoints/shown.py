"""What may be shown of an endpoint: everything but its secrets."""

from __future__ import annotations

from typing import Any

from packager.endpoints.endpoint import Endpoint
from packager.endpoints.function import ManagedFunction, Values
from packager.plugin.value_sources import source_label
from packager.settings.show import MASK, ShownSetting, shown_value


def created_facts(function: ManagedFunction, endpoint: Endpoint) -> dict[str, Any]:
    """Return an endpoint and its addresses as JSON says it."""
    return {
        "name": endpoint.name,
        "hook_id": endpoint.hook_id,
        "enabled": endpoint.enabled,
        "urls": [{"method": each.method, "url": each.url} for each in function.urls(endpoint)],
    }


def listed_facts(function: ManagedFunction, endpoint: Endpoint) -> dict[str, Any]:
    """Return what a list says of an endpoint. `served` is false for one of another stack."""
    return created_facts(function, endpoint) | {
        "plugin": function.declaration.plugin,
        "group": function.declaration.group,
        "function": function.declaration.function,
        "root": endpoint.root,
        "served": function.takes(endpoint),
        "version": endpoint.version,
        "created": endpoint.created,
        "updated": endpoint.updated,
    }


def shown_settings(function: ManagedFunction, values: Values) -> list[ShownSetting]:
    """Return the settings that the group declares, and what else an endpoint has, masked."""
    shown = []
    for setting in function.declaration.settings:
        source: str | None = None
        value: str | None = None
        if setting.name in values.references:
            source, value = source_label(values.references[setting.name]), MASK
        elif values.plain.get(setting.name) is not None:
            source, value = "endpoint", shown_value(setting, values.plain[setting.name])
        elif setting.default is not None:
            source, value = "default", shown_value(setting, setting.default)
        shown.append(ShownSetting(setting.name, setting.type, setting.required, source, value))
    declared = {setting.name for setting in function.declaration.settings}
    shown += [
        ShownSetting(name, "undeclared", False, "endpoint", MASK)
        for name in (*values.plain, *values.references)
        if name not in declared
    ]
    return shown
