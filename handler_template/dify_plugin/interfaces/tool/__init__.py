"""The SDK's first place of what tools derive from."""

from __future__ import annotations

from dify_plugin._lazy_names import lazy

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dify_plugin.interfaces.tool.tool import Tool, ToolLike, ToolProvider

__all__ = ["Tool", "ToolLike", "ToolProvider"]

__getattr__ = lazy(__name__)
