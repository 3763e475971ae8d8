"""The session an endpoint gets.

Parts and ids are made when they are asked for: most requests use none. Whoever runs the endpoint
may hand in parts that work (`storage=`, `app=`, ...); a call of one that was not handed in
raises `InvocationUnavailable`, which names it.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from dify_plugin.config.config import InstallMethod
    from dify_plugin.core.session_context import SessionContext

# What a session has of the SDK's calls.
_PARTS = ("app", "file", "model", "storage", "tool", "workflow_node")
# Names that plugins take from here, imported when they are asked for.
_OF_INVOCATIONS = {
    "BackwardsInvocation": "dify_plugin._invocation",
    "InvocationUnavailable": "dify_plugin._invocation",
}


class Session:
    """One request's way back to Dify."""

    # What most sessions have; one is made for every request.
    reader: Any = None
    dify_plugin_daemon_url: str | None = None
    conversation_id: str | None = None
    message_id: str | None = None
    app_id: str | None = None
    endpoint_id: str | None = None
    max_invocation_timeout = 250
    # The runtime's own: what answers the session's calls (attributes `apps`, `files`, `storage`),
    # and what tells how many ms the invocation has left.
    backends: Any = None
    clock: Callable[[], float] | None = None

    def __init__(
        self,
        session_id: str | None = None,
        executor: Any = None,
        reader: Any = None,
        writer: Any = None,
        install_method: InstallMethod | None = None,
        dify_plugin_daemon_url: str | None = None,
        conversation_id: str | None = None,
        message_id: str | None = None,
        app_id: str | None = None,
        endpoint_id: str | None = None,
        context: SessionContext | dict[str, Any] | None = None,
        max_invocation_timeout: int = 250,
        **parts: Any,
    ) -> None:
        """Take the SDK's arguments, all optional, and any of its parts by name (`storage=`)."""
        if session_id is not None:
            self.session_id = session_id
        if executor is not None:
            self._executor = executor
        if reader is not None:
            self.reader = reader
        if writer is not None:
            self.writer = writer
        if install_method is not None:
            self.install_method = install_method
        if dify_plugin_daemon_url is not None:
            self.dify_plugin_daemon_url = dify_plugin_daemon_url
        if conversation_id is not None:
            self.conversation_id = conversation_id
        if message_id is not None:
            self.message_id = message_id
        if app_id is not None:
            self.app_id = app_id
        if endpoint_id is not None:
            self.endpoint_id = endpoint_id
        if context is not None:
            from dify_plugin.core.session_context import SessionContext

            self.context = SessionContext.model_validate(context)
        if max_invocation_timeout != 250:
            self.max_invocation_timeout = max_invocation_timeout
        for name, part in parts.items():
            if name not in _PARTS:
                raise TypeError(f"Session() got an unexpected keyword argument {name!r}")
            setattr(self, name, part)

    @classmethod
    def of_request(
        cls, endpoint_id: str, backends: Any = None, clock: Callable[[], float] | None = None
    ) -> Session:
        """A session as every request gets one: what it is asked for is made then."""
        session = cls.__new__(cls)
        session.endpoint_id = endpoint_id
        session.backends = backends
        session.clock = clock
        return session

    def call_deadline(self) -> float | None:
        """Return when a call must be over, in seconds since the epoch; None for no limit.

        That is the end of the latest invocation: plugins keep sessions beyond their own.
        """
        latest: Callable[[], float] | None = getattr(self.backends, "clock", None)
        if self.clock is None or latest is None:
            return None
        from time import time

        return time() + max(self.clock(), latest()) / 1000

    @classmethod
    def empty_session(cls) -> Session:
        """A session without an id."""
        return cls(session_id="")

    def __getattr__(self, name: str) -> Any:
        """Make what was not handed in, once."""
        if name[:2] == "__":  # the interpreter asks for some
            raise AttributeError(f"'Session' object has no attribute {name!r}")
        from dify_plugin.core._session_parts import make_part

        value = make_part(self, name)
        setattr(self, name, value)
        return value


def __getattr__(name: str) -> Any:
    if name[0] == "_":  # the import system asks for __path__
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}", name=name)
    # The SDK's module has these names too, and plugins take their annotations from it.
    from dify_plugin._lazy_names import lazy

    return lazy(__name__, _OF_INVOCATIONS)(name)
