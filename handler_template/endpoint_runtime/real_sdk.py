"""Puts this runtime behind the real SDK, in bundles that hold it (`sdk = "real"`).

Contract: `dify_plugin` at the bundle's root is a release of langgenius/dify-plugin-sdks, and the
build has copied the light SDK's calls that are answered here into `sdk_calls` beside this file.
Only names that the SDK has had since 0.0.1 are leaned on; what a release lacks is passed over.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


def prepare() -> None:
    """Import the SDK and have its sessions answered by this runtime, in place of the daemon.

    The SDK has gevent patch the standard library when it is imported. That is for its server of
    many requests at a time, and would take the sockets and threads of this one from under it: here
    the import patches nothing. A plugin that calls `gevent.monkey` itself is let do so.
    """
    try:
        import gevent.monkey as monkey  # type: ignore[import-untyped,unused-ignore]
    except ModuleNotFoundError:  # a release without
        monkey = None
    else:
        patch_all = monkey.patch_all
        monkey.patch_all = lambda *arguments, **options: True
    try:
        from dify_plugin.core import runtime
    finally:
        if monkey is not None:
            monkey.patch_all = patch_all
    from endpoint_runtime.sdk_calls import _invocation  # type: ignore[import-not-found]

    # What the light calls are derived from: the SDK has no such module.
    sys.modules["dify_plugin._invocation"] = _invocation
    runtime.InvocationUnavailable = _invocation.InvocationUnavailable
    base = runtime.BackwardsInvocation
    # Its own calls of models, tools and nodes go through the last of these.
    for name, helper in vars(_invocation.BackwardsInvocation).items():
        if name[:2] != "__":
            setattr(base, name, helper)
    for ours, find in _answering():
        try:
            theirs = find()
        except ImportError:  # a release without
            continue
        for method, function in vars(ours).items():
            if method[:2] != "__":
                setattr(theirs, method, function)
    try:
        from dify_plugin.invocations.file import File

        setattr(File, "upload", _upload)  # noqa: B010 - its type is the light one's
    except ImportError:
        pass
    _serve_sessions(runtime.Session)


def _answering() -> tuple[tuple[Any, Callable[[], Any]], ...]:
    """Return the light classes, each with what returns the SDK's that gets its methods."""
    # Not modules from their packages: these would look for names in what only the light SDK has.
    from endpoint_runtime.sdk_calls.app import FetchAppInvocation  # type: ignore[import-not-found]
    from endpoint_runtime.sdk_calls.app.chat import (  # type: ignore[import-not-found]
        ChatAppInvocation,
    )
    from endpoint_runtime.sdk_calls.app.completion import (  # type: ignore[import-not-found]
        CompletionAppInvocation,
    )
    from endpoint_runtime.sdk_calls.app.workflow import (  # type: ignore[import-not-found]
        WorkflowAppInvocation,
    )
    from endpoint_runtime.sdk_calls.storage import (  # type: ignore[import-not-found]
        StorageInvocation,
    )

    return (
        (StorageInvocation, _storage),
        (ChatAppInvocation, _chat),
        (CompletionAppInvocation, _completion),
        (WorkflowAppInvocation, _workflow),
        (FetchAppInvocation, _app),
    )


def _storage() -> Any:
    from dify_plugin.invocations.storage import StorageInvocation

    return StorageInvocation


def _chat() -> Any:
    from dify_plugin.invocations.app.chat import ChatAppInvocation

    return ChatAppInvocation


def _completion() -> Any:
    from dify_plugin.invocations.app.completion import CompletionAppInvocation

    return CompletionAppInvocation


def _workflow() -> Any:
    from dify_plugin.invocations.app.workflow import WorkflowAppInvocation

    return WorkflowAppInvocation


def _app() -> Any:
    # Its own module came with 0.8; both names are one class.
    from dify_plugin.invocations.app import FetchAppInvocation

    return FetchAppInvocation


def _serve_sessions(session: Any) -> None:
    """Add to the SDK's class what the runtime asks of a session."""
    from concurrent.futures import ThreadPoolExecutor

    from dify_plugin.config.config import InstallMethod
    from endpoint_runtime.sdk_calls import _session_parts, runtime

    executor = ThreadPoolExecutor()
    writer = _session_parts.LogWriter()

    def of_request(cls: Any, endpoint_id: str, backends: Any = None, clock: Any = None) -> Any:
        made = cls(os.urandom(16).hex(), executor, None, writer, InstallMethod.Serverless)
        made.endpoint_id = endpoint_id
        made.backends = backends
        made.clock = clock
        return made

    session.backends = None
    session.clock = None
    # Its constructor knows it since 0.5.1.
    session.max_invocation_timeout = runtime.Session.max_invocation_timeout
    session.of_request = classmethod(of_request)
    session.call_deadline = runtime.Session.call_deadline


def _upload(invocation: Any, filename: str, content: bytes, mimetype: str) -> Any:
    from dify_plugin.invocations.file import UploadFileResponse

    backend = invocation._backend("files", "file.upload")
    return UploadFileResponse(**backend.upload(invocation.session, filename, content, mimetype))
