"""The session an endpoint gets, and the base of the calls back to Dify.

Parts and ids are made when they are asked for: most requests use none. Whoever runs the endpoint
may hand in parts that work (`storage=`, `app=`, ...); a call of one that was not handed in
raises `InvocationUnavailable`, which names it.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

    from dify_plugin.config.config import InstallMethod
    from dify_plugin.core.session_context import SessionContext

# Where a part's class is: imported when the part is first used.
_PARTS = {
    "app": ("dify_plugin.invocations.app", "AppInvocations"),
    "file": ("dify_plugin.invocations.file", "File"),
    "model": ("dify_plugin.invocations.model.parts", "ModelInvocations"),
    "storage": ("dify_plugin.invocations.storage", "StorageInvocation"),
    "tool": ("dify_plugin.invocations.tool", "ToolInvocation"),
    "workflow_node": ("dify_plugin.invocations.workflow_node.parts", "WorkflowNodeInvocations"),
}


class InvocationUnavailable(Exception):
    """A call back to Dify that nothing here can answer."""


class BackwardsInvocation:
    """Base of the calls back to Dify; made with a session, by it or by a plugin."""

    def __init__(self, session: Session | None = None) -> None:
        self.session = session

    def _backend(self, part: str, call: str) -> Any:
        """Give what answers the calls of a part of the session; raise where nothing does."""
        backend = getattr(getattr(self.session, "backends", None), part, None)
        if backend is None:
            self._unavailable(call)
        return backend

    def _unavailable(self, call: str) -> NoReturn:
        raise InvocationUnavailable(
            f"session.{call} is not available: this plugin runs outside Dify, and nothing is "
            "configured to answer the call"
        )

    def __class_getitem__(cls, item: object) -> type:
        return cls


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
    # and when the invocation times out, in seconds since the epoch.
    backends: Any = None
    deadline: float | None = None

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
            self.context = _context_of(context)
        if max_invocation_timeout != 250:
            self.max_invocation_timeout = max_invocation_timeout
        for name, part in parts.items():
            if name not in _PARTS:
                raise TypeError(f"Session() got an unexpected keyword argument {name!r}")
            setattr(self, name, part)

    @classmethod
    def of_request(
        cls, endpoint_id: str, backends: Any = None, deadline: float | None = None
    ) -> Session:
        """A session as every request gets one: what it is asked for is made then."""
        session = cls.__new__(cls)
        session.endpoint_id = endpoint_id
        session.backends = backends
        session.deadline = deadline
        return session

    def call_deadline(self) -> float | None:
        """Give when a call must be over, in seconds since the epoch; None for no limit.

        That is the end of the latest invocation: plugins keep sessions beyond their own.
        """
        latest = getattr(self.backends, "deadline", None)
        return self.deadline and latest and max(self.deadline, latest)

    @classmethod
    def empty_session(cls) -> Session:
        """A session without an id."""
        return cls(session_id="")

    def __getattr__(self, name: str) -> Any:
        """Make what was not handed in, once."""
        if name in _PARTS:
            import sys

            module, attribute = _PARTS[name]
            __import__(module)
            value = getattr(sys.modules[module], attribute)(self)
        elif name == "session_id":
            import os

            value = os.urandom(16).hex()
        elif name == "_executor":
            value = _shared_executor()
        elif name == "install_method":
            from dify_plugin.config.config import InstallMethod

            value = InstallMethod.Serverless
        elif name == "context":
            value = _context_of({})
        elif name == "writer":
            value = LogWriter()
        else:
            raise AttributeError(f"'Session' object has no attribute {name!r}")
        setattr(self, name, value)
        return value


def _context_of(context: Any) -> SessionContext:
    from dify_plugin.core.session_context import SessionContext

    return SessionContext.model_validate(context)


class LogWriter:
    """What `session.writer` is for here: its messages go to the log."""

    def log(self, data: Any) -> None:
        """Write one message to the log, by the handler that plugins log with."""
        import json
        import logging

        from dify_plugin.config.logger_format import plugin_logger_handler

        text = data if isinstance(data, str) else json.dumps(data, ensure_ascii=False, default=str)
        fields = {"name": "dify_plugin", "levelno": logging.INFO, "levelname": "INFO", "msg": text}
        # No logger has it: whether it is written is not for their levels to say.
        logging.StreamHandler.emit(plugin_logger_handler, logging.makeLogRecord(fields))


_EXECUTORS: list[Any] = []


def _shared_executor() -> Any:
    """The thread pool of all sessions; it lives as long as the process."""
    if not _EXECUTORS:
        from concurrent.futures import ThreadPoolExecutor

        _EXECUTORS.append(ThreadPoolExecutor())
    return _EXECUTORS[0]


def __getattr__(name: str) -> Any:
    if name[0] == "_":  # the import system asks for __path__
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}", name=name)
    # The SDK's module has these names too, and plugins take their annotations from it.
    from dify_plugin.core.lazy_names import lazy

    return lazy(__name__)(name)
