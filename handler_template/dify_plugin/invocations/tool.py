"""`session.tool`."""

from __future__ import annotations

from dify_plugin._invocation import BackwardsInvocation

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class ToolInvocation(BackwardsInvocation):
    """Dify's tools: not reachable from outside."""

    def invoke_builtin_tool(self, provider: str, tool_name: str, parameters: dict[str, Any]) -> Any:
        """Call a built-in tool."""
        self._unavailable("tool.invoke_builtin_tool")

    def invoke_workflow_tool(
        self, provider: str, tool_name: str, parameters: dict[str, Any]
    ) -> Any:
        """Call a workflow as a tool."""
        self._unavailable("tool.invoke_workflow_tool")

    def invoke_api_tool(self, provider: str, tool_name: str, parameters: dict[str, Any]) -> Any:
        """Call a tool that an API schema describes."""
        self._unavailable("tool.invoke_api_tool")

    def invoke(
        self,
        provider_type: Any,
        provider: str,
        tool_name: str,
        parameters: dict[str, Any],
        credential_id: str | None = None,
    ) -> Any:
        """Call a tool."""
        self._unavailable("tool.invoke")


def __getattr__(name: str) -> Any:
    if name[0] == "_":  # the import system asks for __path__
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}", name=name)
    # The SDK's module has these names too, and plugins take their annotations from it.
    from dify_plugin._lazy_names import lazy

    return lazy(__name__)(name)
