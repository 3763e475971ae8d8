"""The endpoints that functions have which run on this machine."""

from __future__ import annotations

from pathlib import Path

from packager.endpoints.declaration import read_declaration
from packager.endpoints.file_store import FileStore
from packager.endpoints.function import ManagedFunction
from packager.errors import UsageError
from packager.host.user_folders import state_folder
from packager.plugin.endpoint_declaration import endpoint_declaration
from packager.plugin.functions import FunctionPlan


def default_file() -> Path:
    """Return the file that keeps them, beside that of local storage."""
    return state_folder() / "endpoints.sqlite"


def function_name(plugin: str, group: str) -> str:
    """Return what the file calls a function, so that those of several plugins don't mix."""
    return f"{plugin}/{group}"


def local_function(plan: FunctionPlan) -> ManagedFunction:
    """Return a function as it runs here; raise `UsageError` where it has no managed endpoints."""
    if not plan.options.is_managed:
        raise UsageError(
            f"{plan.logical_id} serves one endpoint, as it is configured",
            hint='set endpoints = "managed" in packager.toml, for as many as are made',
        )
    declaration = read_declaration(endpoint_declaration(plan), plan.plugin.display)
    store = FileStore(default_file(), function_name(declaration.plugin, declaration.group))
    base = declaration.public_url or ""
    return ManagedFunction(declaration, store, key=store.key, where="this machine", base=base)
