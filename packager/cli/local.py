"""Gives a function that runs here its settings: from this shell, `.env`, `settings.local.toml`."""

from __future__ import annotations

import os
from pathlib import Path

from packager.built import BuiltBundle
from packager.env_file import read_env_file
from packager.errors import FaultCollector
from packager.local_settings import LOCAL_SETTINGS, local_variable, read_local_settings
from packager.manifest import MANIFEST


def local_variables(
    path: Path, bundle: BuiltBundle, settings_file: Path | None = None
) -> dict[str, str]:
    """Give the environment variables of a function that runs here; raises `InputFaults`.

    Of this shell's variables, and those of `.env` in the plugin's folder `path`, the ones that
    settings come from; the shell's go first. `settings_file` is read in place of the plugin's
    `settings.local.toml`.
    """
    faults = FaultCollector()
    in_plugin = (path / MANIFEST).is_file()
    beside: dict[str, str] = {}
    if in_plugin and (path / ".env").is_file():
        beside = read_env_file(path / ".env", faults, os.environ)
    found = beside | os.environ
    named = {name: found[name] for name in bundle.variables if name in found}
    if settings_file is None and in_plugin and (path / LOCAL_SETTINGS).is_file():
        settings_file = path / LOCAL_SETTINGS
    if settings_file is not None:
        settings = read_local_settings(settings_file, bundle.group, faults)
        declared = {name: settings[name] for name in bundle.settings if name in settings}
        named |= local_variable(declared)
    faults.raise_errors()
    return named
