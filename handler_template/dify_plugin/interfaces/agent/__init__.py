"""Agents: tools as they see them, models as they call them; they don't run here."""

from __future__ import annotations

from dify_plugin._lazy_names import lazy

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dify_plugin.interfaces.agent.strategy import (
        AgentModelConfig,
        AgentProvider,
        AgentScratchpadUnit,
        AgentStrategy,
        AgentToolIdentity,
        ToolEntity,
        ToolInvokeMeta,
    )

__all__ = [
    "AgentModelConfig",
    "AgentProvider",
    "AgentScratchpadUnit",
    "AgentStrategy",
    "AgentToolIdentity",
    "ToolEntity",
    "ToolInvokeMeta",
]

__getattr__ = lazy(__name__)
