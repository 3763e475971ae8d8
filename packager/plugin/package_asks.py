"""Lists what a package's own configuration asks for, beyond what any plugin may have.

A package is from anywhere, and its configuration would name secrets to read, keys, buckets, roles
and layers in the account of whoever builds it. Whatever is not known to be harmless is asked for.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from packager.config.files import read_config_files
from packager.config.sources import is_reference
from packager.dataclass import dataclass
from packager.errors import Diagnostics, Place
from packager.inputs.toml_file import ConfigTable
from packager.inputs.toml_positions import KeyPath
from packager.model.permissions import EVERYTHING, Permissions

# How the function runs and answers, and which of its own files it has.
_HARMLESS = frozenset(
    {
        *("runtime", "architecture", "memory", "timeout", "log_retention", "api", "routes"),
        *("entry", "adapter", "stream", "stream_heartbeat", "errors", "max_body", "binary_types"),
        *(
            "gzip",
            "diet",
            "diet_exclude",
            "diet_plugin",
            "sdk",
            "include",
            "exclude",
            "keep",
            "hook_id",
            "base_path",
        ),
        *("settings_ttl", "storage_limit"),
    }
)
_TABLES = ("settings", "apps", "dify", "models", "tools", "template", "api_template")
_KEYS = ("api_key", "inner_key")
_SECRETS = ("token", "credentials")
_SHOWN = 80  # characters of a value


@dataclass(frozen=True, slots=True)
class Ask:
    """One key that a package sets: `name` is what allows it, `key` its path in the file."""

    name: str
    key: str
    value: str
    place: Place


def asks_of(root: Path, display: str) -> list[Ask]:
    """Return what the configuration of the package in `root` asks for, in its order."""
    table = read_config_files(root, display, Diagnostics()).table  # its faults are said elsewhere
    return list(_asks(table)) if table is not None else []


def check_asks(
    root: Path, display: str, permissions: Permissions, diagnostics: Diagnostics
) -> None:
    """Note what the package in `root` asks for and `permissions` don't allow."""
    asks = [ask for ask in asks_of(root, display) if not permissions.allows(ask.name)]
    names = dict.fromkeys(ask.name for ask in asks)
    for ask in asks:
        last = ask is asks[-1]
        options = " ".join(f"--allow-config {shlex.quote(name)}" for name in names)
        diagnostics.error(
            "not-permitted",
            f"the package asks for this in your account: {ask.value}",
            ask.place,
            key=ask.key,
            hint=f"look at it, then allow it: {options} (or --allow-config {EVERYTHING})"
            if last
            else None,
        )


def _asks(table: ConfigTable) -> Iterator[Ask]:
    yield from _of_table(table, (), table.values)
    groups = table.values.get("groups")
    for name, values in groups.items() if isinstance(groups, dict) else ():
        if isinstance(values, dict):
            yield from _of_table(table, ("groups", name), values)


def _of_table(table: ConfigTable, above: KeyPath, values: Mapping[str, Any]) -> Iterator[Ask]:
    for key, value in values.items():
        if key in _HARMLESS or (key == "groups" and not above):
            continue
        if key in _TABLES and isinstance(value, dict):
            for inner, each in value.items():
                if key != "settings" or is_reference(each):
                    yield _ask(table, above, (key, inner), each)
        else:
            yield _ask(table, above, (key,), value)


def _shown(value: Any) -> Any:
    """Return a value without what may be a key itself."""
    if not isinstance(value, dict):
        return value
    return {
        name: "a value" if name in _SECRETS and not _is_safe(each) else _shown(each)
        for name, each in value.items()
    }


def _is_safe(value: Any) -> bool:
    """Return whether a value says where keys are, in place of being one."""
    if is_reference(value):
        return True
    return isinstance(value, dict) and all(is_reference(each) for each in value.values())


def _ask(table: ConfigTable, above: KeyPath, path: KeyPath, value: Any) -> Ask:
    text = json.dumps(_shown(value), default=str)
    may_be_key = path[0] == "apps" or path[-1] in _KEYS
    if may_be_key and not is_reference(value):
        text = "a value"  # it may be the key itself
    shown = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
    name = ".".join(str(part) for part in path)
    return Ask(name, table.key((*above, *path)), shown, table.place((*above, *path)))
