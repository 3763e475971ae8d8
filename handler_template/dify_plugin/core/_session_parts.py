"""Makes what a session has, part by part: most requests ask for none of it."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def make_part(session: Any, name: str) -> Any:
    """Return a new part of a session. Raises AttributeError for what no session has."""
    make = _CALLS.get(name)
    if make is not None:
        return make()(session)
    if name == "session_id":
        return os.urandom(16).hex()
    if name == "_executor":
        return _shared_executor()
    if name == "install_method":
        from dify_plugin.config.config import InstallMethod

        return InstallMethod.Serverless
    if name == "context":
        from dify_plugin.core.session_context import SessionContext

        return SessionContext()
    if name == "writer":
        return LogWriter()
    raise AttributeError(f"'Session' object has no attribute {name!r}")


def _app() -> type:
    from dify_plugin.invocations.app import AppInvocations

    return AppInvocations


def _file() -> type:
    from dify_plugin.invocations.file import File

    return File


def _model() -> type:
    from dify_plugin.invocations.model import ModelInvocations

    return ModelInvocations


def _storage() -> type:
    from dify_plugin.invocations.storage import StorageInvocation

    return StorageInvocation


def _tool() -> type:
    from dify_plugin.invocations.tool import ToolInvocation

    return ToolInvocation


def _workflow_node() -> type:
    from dify_plugin.invocations.workflow_node.parts import WorkflowNodeInvocations

    return WorkflowNodeInvocations


_CALLS = {
    "app": _app,
    "file": _file,
    "model": _model,
    "storage": _storage,
    "tool": _tool,
    "workflow_node": _workflow_node,
}


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
