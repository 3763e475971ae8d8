"""Gives a function that runs here its settings, its storage and its Dify.

Settings are from this shell, `.env` and `settings.local.toml`; storage is a file where the function
has none that is its own; Dify's stand-in answers where that is wished.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from packager.bundle.read import BuiltBundle
from packager.contract import (
    BUCKET_VARIABLE,
    DIFY_VARIABLE,
    ENDPOINTS_KEY_VARIABLE,
    LOCAL_ENDPOINTS_VARIABLE,
    LOCAL_SETTINGS,
    STORAGE_VARIABLE,
    TABLE_VARIABLE,
)
from packager.endpoints.file_store import FileStore
from packager.endpoints.local import default_file, function_name
from packager.errors import Diagnostics
from packager.host.user_folders import state_folder
from packager.inputs.dotenv_file import read_env_file
from packager.paths import expanded, is_file
from packager.plugin.manifest import MANIFEST
from packager.settings.local_file import LocalSettings, local_environment, read_local_settings


def shell_variables(path: Path) -> dict[str, str]:
    """Return this shell's variables and, below them, those of `.env` in the plugin's folder `path`.

    Raises `InvalidInput`.
    """
    diagnostics = Diagnostics()
    beside: dict[str, str] = {}
    if is_file(path / MANIFEST) and is_file(path / ".env"):
        beside = read_env_file(path / ".env", diagnostics, os.environ)
    diagnostics.raise_errors()
    return beside | os.environ


def local_values(path: Path, group: str, settings_file: Path | None) -> LocalSettings | None:
    """Return what `settings_file` has for `group`, or `settings.local.toml` in the plugin's folder
    `path`; None where there is no such file. Raises `InvalidInput`."""
    if settings_file is None:
        if not (is_file(path / MANIFEST) and is_file(path / LOCAL_SETTINGS)):
            return None
        settings_file = path / LOCAL_SETTINGS
    diagnostics = Diagnostics()
    local = read_local_settings(settings_file, group, diagnostics)
    diagnostics.raise_errors()
    return local


def local_variables(
    path: Path, bundle: BuiltBundle, settings_file: Path | None = None
) -> dict[str, str]:
    """Return the environment variables that settings come from; raises `InvalidInput`.

    They are those of `shell_variables` and `local_values`.
    """
    found = shell_variables(path)
    named = {name: found[name] for name in bundle.variables if name in found}
    local = local_values(path, bundle.group, settings_file)
    if local is not None:
        given = local.settings
        declared = {name: given[name] for name in bundle.settings if name in given}
        named |= local_environment(LocalSettings(declared, local.apps, local.keys))
    return named


def aws_variables(wanted: bool, profile: str | None) -> dict[str, str]:
    """Return the variables that let a function call AWS as this shell's user, or as `profile`.

    None unless `wanted` or a profile is named. Raises `PackagerError` where there are no
    credentials.
    """
    if not wanted and profile is None:
        return {}
    from packager.settings.aws import credential_variables  # boto3 takes time to import

    endpoints = {name: each for name, each in os.environ.items() if name.startswith(_ENDPOINT_URL)}
    return endpoints | credential_variables(profile)


_ENDPOINT_URL = "AWS_ENDPOINT_URL"
_NAMED_BY = {"dynamodb": TABLE_VARIABLE, "s3": BUCKET_VARIABLE}


def storage_variables(
    bundle: BuiltBundle, file: Path | None = None, given: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Return the environment variable of a function's storage here: `file`, or the user's own.

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
        file = _default_storage()
    return {STORAGE_VARIABLE: str(expanded(str(file)).absolute())}


def endpoint_variables(bundle: BuiltBundle) -> dict[str, str]:
    """Return the environment variables that tell a managed function of its endpoints here."""
    store = endpoint_store(bundle)
    if store is None:
        return {}
    return {LOCAL_ENDPOINTS_VARIABLE: store.label, ENDPOINTS_KEY_VARIABLE: store.key}


def endpoint_store(bundle: BuiltBundle) -> FileStore | None:
    """Return what keeps the endpoints of a managed function here; None for another function."""
    if bundle.endpoints is None:
        return None
    return FileStore(default_file(), function_name(bundle.plugin, bundle.group))


def dify_memory(bundle: BuiltBundle, storage: Path | None) -> Path | None:
    """Return the file of the stand-in's conversations: they last as long as local storage does."""
    return None if storage is None and bundle.storage == "memory" else dify_memory_file(storage)


def dify_memory_file(storage: Path | None) -> Path:
    """Return the file of the stand-in's conversations beside that of the local `storage`."""
    file = storage_file(storage)
    return file.with_name(f"{file.name}.dify.json")


def storage_file(named: Path | None) -> Path:
    """Return the file of the local storage: the one that is `named`, or the user's own."""
    return expanded(str(named or _default_storage())).absolute()


def _default_storage() -> Path:
    return state_folder() / "storage.sqlite"


@contextmanager
def dify_variables(
    fake: bool, memory: Path | None = None, script: Path | None = None
) -> Iterator[dict[str, str]]:
    """Yield the environment variable of Dify's stand-in, which runs for as long as the context.

    It remembers conversations in the file `memory`, and answers as the file `script` says. Raises
    `InvalidInput` for what is wrong with that.
    """
    if not fake and script is None:
        yield {}
        return
    from packager.local.fake_dify.script import read_script
    from packager.local.fake_dify.server import FakeDify  # an HTTP server: few commands need one

    diagnostics = Diagnostics()
    said = None if script is None else read_script(script, diagnostics)
    diagnostics.raise_errors()
    with FakeDify(memory=memory, script=said) as dify:
        yield {DIFY_VARIABLE: dify.url}
