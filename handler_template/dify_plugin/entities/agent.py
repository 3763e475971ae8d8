"""What agents answer, and who they answer."""

from __future__ import annotations

from dify_plugin._entity.entity import Entity
from dify_plugin.entities.invoke_message import InvokeMessage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["AgentInvokeMessage", "AgentRuntime", "InvokeMessage"]


class AgentRuntime(Entity):
    """Who an agent works for."""

    user_id: str | None


class AgentInvokeMessage(InvokeMessage):
    """A part of an agent's answer."""


def __getattr__(name: str) -> Any:
    if name[0] == "_":  # the import system asks for __path__
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}", name=name)
    # The SDK's module has these names too, and plugins take their annotations from it.
    from dify_plugin._lazy_names import lazy

    return lazy(__name__)(name)
