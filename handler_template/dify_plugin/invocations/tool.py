"""`session.tool`."""

from __future__ import annotations

from dify_plugin._invocation import BackwardsInvocation

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class ToolInvocation(BackwardsInvocation):
    """Tools: a workspace's, other plugins', the plugin's own."""

    def invoke_builtin_tool(self, provider: str, tool_name: str, parameters: dict[str, Any]) -> Any:
        """Call a plugin's tool."""
        self._answered("tool", "tool.invoke_builtin_tool")
        return self.invoke(_type().BUILT_IN, provider, tool_name, parameters)

    def invoke_workflow_tool(
        self, provider: str, tool_name: str, parameters: dict[str, Any]
    ) -> Any:
        """Call a workflow as a tool."""
        self._answered("tool", "tool.invoke_workflow_tool")
        return self.invoke(_type().WORKFLOW, provider, tool_name, parameters)

    def invoke_api_tool(self, provider: str, tool_name: str, parameters: dict[str, Any]) -> Any:
        """Call a tool that an API schema describes."""
        self._answered("tool", "tool.invoke_api_tool")
        return self.invoke(_type().API, provider, tool_name, parameters)

    def invoke(
        self,
        provider_type: Any,
        provider: str,
        tool_name: str,
        parameters: dict[str, Any],
        credential_id: str | None = None,
    ) -> Any:
        """Call a tool: a generator of messages."""
        self._answered("tool")
        from dify_plugin.entities.tool import ToolInvokeMessage

        data: dict[str, Any] = {
            "tool_type": provider_type.value,
            "provider": provider,
            "tool": tool_name,
            "tool_parameters": parameters,
        }
        session: Any = self.session
        if session.app_id:
            data["app_id"] = session.app_id
        if credential_id is None:
            # An empty one of the session's own is no credential.
            credential_id = session.context.credentials.get_credential_id(provider) or None
        if credential_id is not None:
            data["credential_id"] = credential_id
        return self._backwards_invoke("tool", ToolInvokeMessage, data)


def _type() -> Any:
    from dify_plugin.entities.tool import ToolProviderType

    return ToolProviderType


def __getattr__(name: str) -> Any:
    if name[0] == "_":  # the import system asks for __path__
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}", name=name)
    # The SDK's module has these names too, and plugins take their annotations from it.
    from dify_plugin._lazy_names import lazy

    return lazy(__name__)(name)
