"""Makes what answers the calls of sessions, part by part: see `application.Backends`.

A part is made once, from the bundle and other parts; threads share it.
"""

from __future__ import annotations

from _thread import RLock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# What packager leaves out of the bundle where it sees no call of them (LEFT_OUT).
_OF_DIFY = ("apps", "files", "service_api")
_LOCK = RLock()


def make_part(backends: Any, name: str) -> Any:
    """Make a part of `Backends` once, whatever number of threads ask for it.

    Raises AttributeError for what is none, and InvocationUnavailable for what is not in the bundle.
    """
    make = _MAKERS.get(name)
    if make is None:
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
            parts[name] = make(backends)
        return parts[name]


def _apps(backends: Any) -> Any:
    from endpoint_runtime.dify.apps import Apps

    return Apps(backends.service_api)


def _files(backends: Any) -> Any:
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
    "files": _files,
    "service_api": _service_api,
    "storage": _storage,
}
