"""Imports an endpoint's source and finds its class, at the first request that needs it."""

from __future__ import annotations

import os
import sys
from _thread import RLock

from endpoint_runtime import process

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType
    from typing import Any

# Packages of the standard library with submodules that importing them does not import.
_PACKAGES = frozenset(
    """collections concurrent concurrent.futures ctypes curses dbm email email.mime encodings html
    http importlib importlib.metadata importlib.resources logging multiprocessing unittest urllib
    wsgiref xml xml.dom xml.etree xml.parsers xml.sax xmlrpc""".split()  # noqa: SIM905
)
# Modules of the standard library that many others import and few requests use: they wait.
RARE = frozenset(
    {
        *("_colorize", "annotationlib", "argparse", "ast", "calendar", "difflib", "dis"),
        *("inspect", "ipaddress", "linecache", "pkgutil", "pprint", "shutil", "textwrap"),
        *("token", "tokenize", "traceback"),
    }
)
# So do these, until the plugin's modules are imported: what those name is used, as a rule.
USUAL = frozenset({"re"})
_LATER = RARE | USUAL
_LIBRARY = os.path.dirname(os.__file__)

# Guards the loading of files by path; imports by name have the import system's own locks.
_LOCK = RLock()


class EndpointError(Exception):
    """A source holds no class to answer with, or several."""


def load_endpoint(root: str, source: str) -> type[Any]:
    """Return the ONE subclass of `Endpoint` in a source's namespace.

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


def load_module(name: str) -> None:
    """Import a module by its dotted name, of the plugin or of anybody."""
    _Submodules.install()
    __import__(name)


def load_source(root: str, source: str) -> ModuleType:
    """Import a source by its dotted name, as its siblings import it, or else by its path.

    `endpoints/whatsapp-bot.py` is `endpoints.whatsapp-bot`: the import system takes any name
    without dots. By path go names that have some, and those that a module from elsewhere hides
    (`token.py`, or `http/hook.py` in a folder that is not a regular package).
    """
    if _Submodules not in sys.meta_path:
        _Submodules.install()
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
            raise ImportError(f"{path} is not a Python source", name=name, path=path)
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


class _Submodules:
    """A finder that has packages of the standard library import a submodule when it is used.

    `import urllib` and then `urllib.parse` works in Dify, by accident: the SDK has imported that
    submodule for everybody. Here nothing has, so it is imported when it is asked for (PEP 562).
    """

    @classmethod
    def install(cls) -> None:
        """Begin, with the packages that have been imported too; a second time does nothing."""
        with _LOCK:
            if cls not in sys.meta_path:
                sys.meta_path.insert(0, cls)
                for name in _PACKAGES.intersection(sys.modules):
                    _import_when_used(sys.modules[name])

    @classmethod
    def find_spec(
        cls, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Find what the other finders find, if it is one of the packages, or is to wait."""
        if name == "signal" and process.let_alarm_go is not None:
            process.let_alarm_go()
        later = name in _LATER
        if (name not in _PACKAGES and not later) or target is not None:
            return None
        for finder in tuple(sys.meta_path):
            if finder is cls:
                continue
            spec = finder.find_spec(name, path, target)
            if spec is not None:
                origin = spec.origin or ""  # a plugin's own package of that name stays as it is
                if spec.loader and (origin == "frozen" or origin.startswith(_LIBRARY)):
                    if later:
                        from endpoint_runtime.light_library import LaterLoader

                        spec.loader = LaterLoader(spec.loader)  # type: ignore[assignment]
                    else:
                        spec.loader = _Loader(spec.loader)  # type: ignore[assignment]
                return spec
        return None


class _Loader:
    """Loads a package as its own loader does, which it is given back before its code runs."""

    def __init__(self, loader: Any) -> None:
        self._loader = loader

    def __getattr__(self, name: str) -> Any:  # get_source and its like, of who only finds it
        return getattr(self._loader, name)

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        module: ModuleType | None = self._loader.create_module(spec)
        return module

    def exec_module(self, module: ModuleType) -> None:
        if module.__spec__ is not None:
            module.__spec__.loader = self._loader
        module.__loader__ = self._loader
        self._loader.exec_module(module)
        _import_when_used(module)


def _import_when_used(package: ModuleType) -> None:
    name = package.__name__

    def __getattr__(attribute: str) -> Any:
        if not attribute.startswith("_"):
            submodule = f"{name}.{attribute}"
            try:
                __import__(submodule)
            except ImportError:
                pass  # there is none, or it is for another system
            else:
                return sys.modules[submodule]
        message = f"module {name!r} has no attribute {attribute!r}"
        raise AttributeError(message, name=attribute, obj=package)

    own = package.__dict__.get("__getattr__")
    if own is None or own.__module__ == __name__:
        package.__getattr__ = __getattr__  # type: ignore[method-assign]
    else:  # whoever asks calls that, as its warnings say where, and a class's comes after
        found = {"__getattr__": lambda _, attribute: __getattr__(attribute)}
        package.__class__ = type("module", (type(sys),), found)
