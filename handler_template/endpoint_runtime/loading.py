"""Imports an endpoint's source and finds its class, at the first request that needs it."""

from __future__ import annotations

import os
import sys
from _thread import RLock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any

# Guards the loading of files by path; imports by name have the import system's own locks.
_LOCK = RLock()


class EndpointError(Exception):
    """A source holds no class to answer with, or several."""


def load_endpoint(root: str, source: str) -> type[Any]:
    """Give the ONE subclass of `Endpoint` in a source's namespace.

    `root` is the plugin's folder, `source` a path in it. An imported subclass counts, `Endpoint`
    itself does not, one class under several names counts once. Raises `EndpointError`, and
    whatever importing the source raises; a failed import is tried again by the next request.
    """
    from dify_plugin.interfaces.endpoint import Endpoint

    module = load_source(root, source)
    found = {
        id(value): value
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, Endpoint) and value is not Endpoint
    }
    if len(found) == 1:
        return found.popitem()[1]
    if not found:
        raise EndpointError(f"{source} has no subclass of dify_plugin.Endpoint")
    names = ", ".join(sorted(value.__qualname__ for value in found.values()))
    raise EndpointError(f"{source} has several subclasses of dify_plugin.Endpoint: {names}")


def load_source(root: str, source: str) -> ModuleType:
    """Import a source by its dotted name, as its siblings import it, or else by its path.

    `endpoints/whatsapp-bot.py` is `endpoints.whatsapp-bot`: the import system takes any name
    without dots. By path go names that have some, and those that a module from elsewhere hides
    (`token.py`, or `http/hook.py` in a folder that is no regular package).
    """
    source = os.path.normpath(source)
    path = os.path.join(root, source)
    stem = source.removesuffix(".py")
    if "." not in stem:
        name = stem.replace(os.sep, ".")
        try:
            __import__(name)
        except ModuleNotFoundError as fault:
            missing = fault.name or ""
            if missing != name and not name.startswith(missing + "."):
                raise  # the source was found; what it imports was not
            if not os.path.isfile(path):
                raise
        else:
            module = sys.modules[name]
            if _is_from(module, path):
                return module
    return _load_file(stem, path)


def _is_from(module: ModuleType, path: str) -> bool:
    origin = getattr(module, "__file__", None)
    if origin is None or origin == path:
        return origin is not None
    return os.path.exists(origin) and os.path.exists(path) and os.path.samefile(origin, path)


def _load_file(stem: str, path: str) -> ModuleType:
    """Load a file by its path, once; in its folder's package where that is the plugin's."""
    from importlib.util import module_from_spec, spec_from_file_location

    folder, _, last = stem.rpartition(os.sep)
    package = folder.replace(os.sep, ".")
    if "." in last and _is_package(package, os.path.dirname(path)):
        name = f"{package}.{last.replace('.', '%2E')}"
    else:
        name = "plugin:" + stem.replace(".", "%2E")
    with _LOCK:
        module = sys.modules.get(name)
        if module is not None:
            return module
        spec = spec_from_file_location(name, path)
        if spec is None or spec.loader is None:
            raise ImportError(f"{path} is no Python source", name=name, path=path)
        module = sys.modules[name] = module_from_spec(spec)
        try:
            spec.loader.exec_module(module)
        except BaseException:
            del sys.modules[name]
            raise
        return module


def _is_package(package: str, folder: str) -> bool:
    if not package or package.startswith("."):
        return False
    try:
        __import__(package)
    except ModuleNotFoundError:
        return False
    return folder in getattr(sys.modules[package], "__path__", ())
