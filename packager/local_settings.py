"""Reads `settings.local.toml`: settings for runs on this machine, in place of what AWS keeps."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from packager.config_files import ConfigTable, parse_toml
from packager.config_keys import is_plain
from packager.config_refused import found
from packager.errors import FaultCollector, Place
from packager.expect import did_you_mean
from packager.toml_positions import toml_positions

LOCAL_SETTINGS = "settings.local.toml"
# What endpoint_runtime/settings.py takes them from.
VARIABLE = "PACKAGER_LOCAL_SETTINGS"


def read_local_settings(path: Path, group: str, faults: FaultCollector) -> dict[str, Any]:
    """Give the settings of a group by name, from `[settings]` and `[groups.<group>.settings]`.

    The latter go before the former, as in the configuration. Values are of the types that JSON has;
    the runtime checks them against the declaration.
    """
    display = str(path)
    try:
        content = path.read_bytes()
    except OSError as error:
        faults.error(f"can't be read: {error.strerror}", Place(display))
        return {}
    values = parse_toml(content, display, faults)
    if values is None:
        return {}
    table = ConfigTable(
        values, display, (), toml_positions(content.decode().removeprefix("\ufeff"))
    )
    for name in values:
        if name not in ("settings", "groups"):
            hint = did_you_mean(name, ["settings", "groups"]) or "there are settings and groups"
            faults.error("there is no such table", table.place((name,)), key=name, hint=hint)
    read = _Reader(table, faults)
    settings = read.settings(("settings",), values.get("settings", {}))
    groups = read.table(("groups",), values.get("groups", {}))
    for name, inner in groups.items():
        own = read.table(("groups", name), inner)
        for key in own:
            if key != "settings":
                at = ("groups", name, key)
                faults.error("there is no such table", table.place(at), key=table.key(at))
        found_there = read.settings(("groups", name, "settings"), own.get("settings", {}))
        if name == group:
            settings |= found_there
    return settings


def local_variable(settings: dict[str, Any]) -> dict[str, str]:
    """Give the environment variable that hands the settings to a function's process."""
    return {VARIABLE: json.dumps(settings)}


class _Reader:
    def __init__(self, table: ConfigTable, faults: FaultCollector) -> None:
        self.of = table
        self.faults = faults

    def table(self, path: tuple[str, ...], value: object) -> dict[str, Any]:
        if isinstance(value, dict):
            return value
        place = self.of.place(path)
        self.faults.error(f"expected a table, not {_kind(value)}", place, key=self.of.key(path))
        return {}

    def settings(self, path: tuple[str, ...], value: object) -> dict[str, Any]:
        good = {}
        for name, each in self.table(path, value).items():
            at = (*path, name)
            if not is_plain(each):
                self.faults.error(
                    "expected nothing but text, finite numbers, true, false, lists and tables",
                    self.of.place(at),
                    key=self.of.key(at),
                )
            else:
                good[name] = each
        return good


def _kind(value: object) -> str:
    """Say what a value is; text may be a secret."""
    return "text" if isinstance(value, str) else found(value)
