"""Makes what answers the calls of sessions, part by part: see `application.Backends`.

A part is made by a function that takes the backends (`bundle`, `root`, `deadline`); it is kept, and
threads share it.
"""

from __future__ import annotations

import sys
from _thread import RLock

from endpoint_runtime.app.application import Backends

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["Backends", "make_part"]

# Where the maker of each part is: module and function.
_PARTS = {
    "apps": ("endpoint_runtime.dify.apps", "Apps"),
    "files": ("endpoint_runtime.dify.files", "Files"),
    # What both of them send requests with: connections and keys are kept once.
    "service_api": ("endpoint_runtime.dify.service_api", "ServiceApi"),
    "storage": ("endpoint_runtime.storage", "open_storage"),
}
# What packager leaves out of the bundle where it sees no call of them (LEFT_OUT).
_OF_DIFY = ("apps", "files", "service_api")
_LOCK = RLock()


def make_part(backends: Backends, name: str) -> Any:
    """Make a part once, whatever number of threads ask for it.

    Raises AttributeError for what is none, and InvocationUnavailable for what is not in the bundle.
    """
    if name not in _PARTS:
        raise AttributeError(f"'Backends' object has no attribute {name!r}")
    if name in _OF_DIFY and "dify" in backends.bundle.LEFT_OUT:
        from dify_plugin.core.runtime import InvocationUnavailable

        raise InvocationUnavailable(
            "calls of session.app and session.file are not available: none was seen in the "
            "plugin's code when the bundle was built, so what answers them is not in it; "
            'keep = ["endpoint_runtime/dify/"] in the configuration puts it there'
        )
    with _LOCK:
        parts = backends.__dict__
        if name not in parts:
            module, maker = _PARTS[name]
            __import__(module)
            parts[name] = getattr(sys.modules[module], maker)(backends)
        return parts[name]
