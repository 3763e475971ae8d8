"""What plugins import as `dify_plugin`: the SDK's interface without its daemon, pydantic or gevent.

Contract: the standard library and werkzeug are all this package needs, it knows nothing of where it
runs, and every name is imported when it is asked for. Written after the interface of
langgenius/dify-plugin-sdks 0.10; docs/events.md says which calls answer.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from dify_plugin.config.config import DifyPluginEnv
    from dify_plugin.core.session_context import get_current_session
    from dify_plugin.interfaces.endpoint import Endpoint
    from dify_plugin.interfaces.tool import Tool, ToolProvider
    from dify_plugin.invocations.file import File
    from dify_plugin.plugin import Plugin

__all__ = [
    "DifyPluginEnv",
    "Endpoint",
    "File",
    "Plugin",
    "Tool",
    "ToolProvider",
    "get_current_session",
]

_MODULES = {
    "DifyPluginEnv": "dify_plugin.config.config",
    "Endpoint": "dify_plugin.interfaces.endpoint",
    "File": "dify_plugin.invocations.file",
    "Plugin": "dify_plugin.plugin",
    "Tool": "dify_plugin.interfaces.tool",
    "ToolProvider": "dify_plugin.interfaces.tool",
    "get_current_session": "dify_plugin.core.session_context",
}


def __getattr__(name: str) -> Any:
    module = _MODULES.get(name)
    if module is None:
        raise AttributeError(f"module 'dify_plugin' has no attribute {name!r}")
    import sys

    __import__(module)
    value = globals()[name] = getattr(sys.modules[module], name)
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
