"""Makes what answers the calls of sessions, part by part: see `application.Backends`.

A part is made once, from the bundle and other parts; threads share it.
"""

from __future__ import annotations

import os
import sys
from _thread import RLock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# What packager leaves out of the bundle where it sees no call of them (LEFT_OUT).
_OF_DIFY = ("apps", "files", "service_api")
_LOCK = RLock()
_STAND_IN = "PACKAGER_DIFY"  # see `dify.keys`


def make_part(backends: Any, name: str) -> Any:
    """Make a part of `Backends` once, whatever number of threads ask for it.

    Raises AttributeError for what is none, and InvocationUnavailable for what is not in the bundle.
    """
    make = _MAKERS.get(name)
    if make is None:
        raise AttributeError(f"'Backends' object has no attribute {name!r}")
    by_inner = name != "service_api" and _by_inner_api(backends.bundle)
    if name in _OF_DIFY and ("inner" if by_inner else "dify") in backends.bundle.LEFT_OUT:
        from dify_plugin.core.runtime import InvocationUnavailable

        raise InvocationUnavailable(
            "calls of session.app and session.file are not available: none was seen in the "
            "plugin's code when the bundle was built, so what answers them is not in it; "
            'keep = ["endpoint_runtime/dify/"] in the configuration puts it there'
        )
    if name == "calls" and "calls" in backends.bundle.LEFT_OUT:
        return None  # nothing is configured, or no call was seen: as where nothing answers
    with _LOCK:
        parts = backends.__dict__
        if name not in parts:
            parts[name] = make(backends)
        return parts[name]


def _apps(backends: Any) -> Any:
    if _by_inner_api(backends.bundle):
        from endpoint_runtime.calls.inner_apps import InnerApps

        return InnerApps(backends.calls)
    from endpoint_runtime.dify.apps import Apps

    return Apps(backends.service_api)


def _calls(backends: Any) -> Any:
    from endpoint_runtime.app.endpoints import load_source
    from endpoint_runtime.calls.answering import Calls

    return Calls(backends.bundle, lambda source: load_source(sys.path[0], source))


def _by_inner_api(bundle: Any) -> bool:
    """Whether apps are called by Dify's inner API: it is configured, and no app has a key."""
    return bundle.DIFY_INNER is not None and not bundle.APPS and not os.environ.get(_STAND_IN)


def _files(backends: Any) -> Any:
    if _by_inner_api(backends.bundle):
        from endpoint_runtime.calls.inner_apps import InnerFiles

        return InnerFiles(backends.calls)
    from endpoint_runtime.dify.files import Files

    return Files(backends.service_api)


def _service_api(backends: Any) -> Any:
    """Return what both of them send requests with: connections and keys are kept once."""
    from endpoint_runtime.dify.service_api import ServiceApi

    return ServiceApi(backends.bundle)


def _storage(backends: Any) -> Any:
    from endpoint_runtime.storage import open_storage

    return open_storage(backends.bundle)


_MAKERS = {
    "apps": _apps,
    "calls": _calls,
    "files": _files,
    "service_api": _service_api,
    "storage": _storage,
}
