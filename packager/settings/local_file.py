"""Reads `settings.local.toml`: values for runs on this machine, in place of what AWS keeps."""

from __future__ import annotations

import json
from dataclasses import field
from pathlib import Path
from typing import Any

from packager.config.key_types import is_plain
from packager.config.refused import found
from packager.contract import APPS_VARIABLE, KEYS_VARIABLE, SETTINGS_VARIABLE
from packager.dataclass import dataclass
from packager.errors import Diagnostics, Place
from packager.inputs.suggestions import did_you_mean
from packager.inputs.toml_file import ConfigTable, parse_toml
from packager.inputs.toml_positions import toml_positions

_TABLES = ("settings", "apps", "keys")


@dataclass(frozen=True, slots=True)
class Written:
    """Where the file has a setting; `group` is whose table it is in, None for that of all."""

    place: Place
    key: str
    group: str | None = None


@dataclass(frozen=True, slots=True)
class LocalSettings:
    """What the file has for a group: settings by name, API keys of Dify's apps by app id, and keys
    of what answers other calls by name (`models.api_key`).

    `written` says where the settings are from, `groups` where each group is named.
    """

    settings: dict[str, Any] = field(default_factory=dict, repr=False)
    apps: dict[str, str] = field(default_factory=dict, repr=False)
    keys: dict[str, str] = field(default_factory=dict, repr=False)
    written: dict[str, Written] = field(default_factory=dict, compare=False)
    groups: dict[str, Place] = field(default_factory=dict, compare=False)


def read_local_settings(path: Path, group: str, diagnostics: Diagnostics) -> LocalSettings:
    """Return what is in `[settings]`, `[apps]` and `[keys]`, and in the same below the group.

    What is below the group goes before the rest, as in the configuration. Settings are of the types
    that JSON has; the runtime checks them against the declaration.
    """
    display = str(path)
    try:
        content = path.read_bytes()
    except OSError as error:
        diagnostics.error("unreadable-file", f"can't be read: {error.strerror}", Place(display))
        return LocalSettings()
    values = parse_toml(content, display, diagnostics)
    if values is None:
        return LocalSettings()
    table = ConfigTable(
        values, display, (), toml_positions(content.decode().removeprefix("\ufeff"))
    )
    for name in values:
        known = [*_TABLES, "groups"]
        if name not in known:
            hint = did_you_mean(name, known) or "there are " + ", ".join(known)
            diagnostics.error(
                "unknown-key", "there is no such table", table.place((name,)), key=name, hint=hint
            )
    read = _Reader(table, diagnostics)
    settings = read.settings(("settings",), values.get("settings", {}))
    written = {name: _written(table, ("settings", name)) for name in settings}
    apps = read.keys(("apps",), values.get("apps", {}), "the app's API key")
    keys = read.keys(("keys",), values.get("keys", {}), "the key")
    groups = read.table(("groups",), values.get("groups", {}))
    for name, inner in groups.items():
        own = read.table(("groups", name), inner)
        for key in own:
            if key not in _TABLES:
                at = ("groups", name, key)
                diagnostics.error(
                    "unknown-key", "there is no such table", table.place(at), key=table.key(at)
                )
        found_there = read.settings(("groups", name, "settings"), own.get("settings", {}))
        of_group = ("groups", name)
        apps_there = read.keys((*of_group, "apps"), own.get("apps", {}), "the app's API key")
        keys_there = read.keys((*of_group, "keys"), own.get("keys", {}), "the key")
        if name == group:
            settings |= found_there
            at_group = ("groups", name, "settings")
            written |= {each: _written(table, (*at_group, each), name) for each in found_there}
            apps |= apps_there
            keys |= keys_there
    places = {name: table.place(("groups", name)) for name in groups}
    return LocalSettings(settings, apps, keys, written, places)


def _written(table: ConfigTable, path: tuple[str, ...], group: str | None = None) -> Written:
    return Written(table.place(path), table.key(path), group)


def local_environment(settings: LocalSettings) -> dict[str, str]:
    """Return the environment variables that hand the values to a function's process."""
    return {
        SETTINGS_VARIABLE: json.dumps(settings.settings),
        APPS_VARIABLE: json.dumps(settings.apps),
        KEYS_VARIABLE: json.dumps(settings.keys),
    }


class _Reader:
    def __init__(self, table: ConfigTable, diagnostics: Diagnostics) -> None:
        self.of = table
        self.diagnostics = diagnostics

    def table(self, path: tuple[str, ...], value: object) -> dict[str, Any]:
        if isinstance(value, dict):
            return value
        place = self.of.place(path)
        self.diagnostics.error(
            "wrong-type", f"expected a table, not {_kind(value)}", place, key=self.of.key(path)
        )
        return {}

    def settings(self, path: tuple[str, ...], value: object) -> dict[str, Any]:
        good = {}
        for name, each in self.table(path, value).items():
            at = (*path, name)
            if not is_plain(each):
                self.diagnostics.error(
                    "wrong-type",
                    "expected nothing but text, finite numbers, true, false, lists and tables",
                    self.of.place(at),
                    key=self.of.key(at),
                )
            else:
                good[name] = each
        return good

    def keys(self, path: tuple[str, ...], value: object, what: str) -> dict[str, str]:
        good = {}
        for app_id, key in self.table(path, value).items():
            if isinstance(key, str):
                good[app_id] = key
            else:
                at = (*path, app_id)
                self.diagnostics.error(
                    "wrong-type",
                    f"expected {what} as text, in quotes",
                    self.of.place(at),
                    key=self.of.key(at),
                )
        return good


def _kind(value: object) -> str:
    """Return what a value is; text may be a secret."""
    return "text" if isinstance(value, str) else found(value)
