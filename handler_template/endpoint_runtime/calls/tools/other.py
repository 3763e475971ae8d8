"""Imports the code of other plugins, each of which has names of its own: `utils` is its `utils`.

A plugin's modules are `other_plugins.<plugin>.<module>`. What one of them imports by an absolute
name (`from utils.text import f`) is looked for in its plugin first, as there in Dify: its code runs
with an `__import__` that does so, wherever and whenever the statement stands.
"""

from __future__ import annotations

import builtins
import os
import sys
from _thread import RLock
from types import ModuleType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from importlib.machinery import ModuleSpec
    from typing import Any

PLACE = "other_plugins"  # the bundle's folder of them
_ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(__file__))))
_LOCK = RLock()
_PLUGINS: dict[str, OtherPlugin] = {}


def other_plugin(name: str, names: Sequence[str]) -> OtherPlugin:
    """Return a plugin by its folder's name; `names` are those of modules at its root."""
    with _LOCK:
        if name not in _PLUGINS:
            _PLUGINS[name] = OtherPlugin(name, names)
        return _PLUGINS[name]


class OtherPlugin:
    """One plugin, and the finder of its modules."""

    def __init__(self, name: str, names: Sequence[str]) -> None:
        self._package = f"{PLACE}.{name}"
        self._names = frozenset(names)
        self._import: Any = builtins.__import__
        self._builtins = {**vars(builtins), "__import__": self.import_module}
        for package, folder in ((PLACE, PLACE), (self._package, f"{PLACE}/{name}")):
            if package not in sys.modules:
                made = sys.modules[package] = ModuleType(package)
                made.__path__ = [f"{_ROOT}/{folder}"]
        sys.meta_path.insert(0, self)

    def load(self, source: str) -> ModuleType:
        """Import a source, by its path in the plugin."""
        name = f"{self._package}.{source.removesuffix('.py').replace('/', '.')}"
        self._import(name)
        return sys.modules[name]

    def import_module(
        self,
        name: str,
        globals: Mapping[str, object] | None = None,
        locals: Mapping[str, object] | None = None,
        fromlist: Sequence[str] | None = (),
        level: int = 0,
    ) -> ModuleType:
        """Do what an import statement of the plugin's does (`builtins.__import__`)."""
        top = name.partition(".")[0]
        if level or top not in self._names:
            return self._import(name, globals, locals, fromlist, level)  # type: ignore[no-any-return]
        module: ModuleType = self._import(
            f"{self._package}.{name}", globals, locals, fromlist, level
        )
        return module if fromlist else sys.modules[f"{self._package}.{top}"]

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Find a module of the plugin's as the other finders do; its code gets the own import."""
        if not name.startswith(f"{self._package}."):
            return None
        for finder in tuple(sys.meta_path):
            spec = None if finder is self else finder.find_spec(name, path, target)
            if spec is not None:
                if spec.loader is not None and hasattr(spec.loader, "exec_module"):
                    spec.loader = _Loader(spec.loader, self._builtins)  # type: ignore[assignment]
                return spec
        return None


class _Loader:
    """Loads a module as its own loader does, with builtins of the plugin's."""

    def __init__(self, loader: Any, names: dict[str, Any]) -> None:
        self._loader = loader
        self._builtins = names

    def __getattr__(self, name: str) -> Any:  # get_data and its like
        return getattr(self._loader, name)

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        module: ModuleType | None = self._loader.create_module(spec)
        return module

    def exec_module(self, module: ModuleType) -> None:
        module.__dict__["__builtins__"] = self._builtins
        self._loader.exec_module(module)
