"""What answers the calls of sessions: apps, files, storage; each made when it is first used."""

from __future__ import annotations

import sys
from _thread import RLock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# Where the class of each part is; it is made of the bundle's literals and the plugin's folder.
_PARTS = {
    "storage": ("endpoint_runtime.storage", "open_storage"),
}


class Backends:
    """The backends of one application, shared by its requests and threads.

    `bundle` is the generated `_bundle` module, `root` the plugin's folder. A part that this bundle
    has nothing for is None.
    """

    # What those have in common whom a session asks: see endpoint_runtime/storage.
    apps: Any
    files: Any
    storage: Any

    def __init__(self, bundle: Any, root: str) -> None:
        self.bundle = bundle
        self.root = root
        self._lock = RLock()

    def __getattr__(self, name: str) -> Any:
        """Make a part once, whatever number of threads ask for it."""
        if name not in _PARTS:
            if name in Backends.__annotations__:
                return None
            raise AttributeError(f"'Backends' object has no attribute {name!r}")
        with self._lock:
            if name not in self.__dict__:
                module, maker = _PARTS[name]
                __import__(module)
                setattr(self, name, getattr(sys.modules[module], maker)(self.bundle, self.root))
        return self.__dict__[name]
