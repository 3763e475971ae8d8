"""Gives a function that runs here its settings, its storage and its Dify.

Settings are from this shell, `.env` and `settings.local.toml`; storage is a file where the function
has none that is its own; Dify's stand-in answers where that is wished.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from packager.built import BuiltBundle
from packager.env_file import read_env_file
from packager.errors import FaultCollector
from packager.interpreter import home_folder
from packager.local_settings import (
    LOCAL_SETTINGS,
    LocalSettings,
    local_environment,
    read_local_settings,
)
from packager.manifest import MANIFEST
from packager.sam.storage import BUCKET_VARIABLE, TABLE_VARIABLE


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
        local = read_local_settings(settings_file, bundle.group, faults)
        given = local.settings
        declared = {name: given[name] for name in bundle.settings if name in given}
        named |= local_environment(LocalSettings(declared, local.apps))
    faults.raise_errors()
    return named


_NAMED_BY = {"dynamodb": TABLE_VARIABLE, "s3": BUCKET_VARIABLE}


def storage_variables(
    bundle: BuiltBundle, file: Path | None = None, given: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Give the environment variable of a function's storage here: `file`, or the user's own.

    Storage in memory is what it is elsewhere; a table or a bucket is used if one is named, as the
    template would, by `given`, the function's other variables, or by this shell.
    """
    if file is None:
        variable = _NAMED_BY.get(bundle.storage or "", "")
        named = (given or {}).get(variable) or os.environ.get(variable)
        if named:
            return {variable: named}
        if bundle.storage == "memory":
            return {}
        file = _state_folder() / "packager" / "storage.sqlite"
    return {"PACKAGER_STORAGE": str(file.expanduser().absolute())}


@contextmanager
def dify_variables(fake: bool) -> Iterator[dict[str, str]]:
    """Give the environment variable of Dify's stand-in, which runs for as long as the context."""
    if not fake:
        yield {}
        return
    from packager.fake_dify import FakeDify  # an HTTP server: few commands need one

    with FakeDify() as dify:
        yield {"PACKAGER_DIFY": dify.url}


def _state_folder() -> Path:
    """Give the folder of what programs keep between runs (XDG Base Directory Specification)."""
    configured = Path(os.environ.get("XDG_STATE_HOME", ""))
    if configured.is_absolute():
        return configured
    return (home_folder() or Path("/tmp")) / ".local/state"  # noqa: S108 - a user without a home
