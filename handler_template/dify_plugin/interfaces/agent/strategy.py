"""What agents are given and give, and their base: agents don't run here."""

from __future__ import annotations

from collections.abc import Mapping

from dify_plugin._entity.entity import Entity
from dify_plugin.entities.agent import AgentInvokeMessage, AgentRuntime
from dify_plugin.entities.model.llm import LLMModelConfig
from dify_plugin.entities.model.message import PromptMessage, ensure_prompt_message
from dify_plugin.entities.model.schema import AIModelEntity
from dify_plugin.entities.provider_config import CredentialType
from dify_plugin.entities.tool import (
    ToolDescription,
    ToolIdentity,
    ToolParameter,
    ToolProviderType,
)
from dify_plugin.interfaces._unsupported import OnlyInDify

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, ClassVar

__all__ = [
    "AIModelEntity",
    "AgentInvokeMessage",
    "AgentModelConfig",
    "AgentProvider",
    "AgentRuntime",
    "AgentScratchpadUnit",
    "AgentStrategy",
    "AgentToolIdentity",
    "CredentialType",
    "LLMModelConfig",
    "PromptMessage",
    "ToolDescription",
    "ToolEntity",
    "ToolIdentity",
    "ToolInvokeMeta",
    "ToolParameter",
    "ToolProviderType",
    "ensure_prompt_message",
]

_Type = ToolParameter.ToolParameterType
FILE_PARAMETER_TYPES = frozenset({_Type.FILE, _Type.FILES})
STRING_PARAMETER_TYPES = frozenset({_Type.SELECT, _Type.SECRET_INPUT, _Type.DATE})


class AgentToolIdentity(ToolIdentity):
    """Whose tool it is, its name and its provider."""

    provider: str


class AgentModelConfig(LLMModelConfig):
    """Which model an agent calls, and what was said before."""

    _before: ClassVar[dict[str, str]] = {"history_prompt_messages": "convert_prompt_messages"}
    _factories: ClassVar[dict[str, Any]] = {"history_prompt_messages": list}

    entity: AIModelEntity | None = None
    history_prompt_messages: list[PromptMessage]

    @classmethod
    def convert_prompt_messages(cls, v: Any) -> list[PromptMessage]:
        """Make messages of mappings, each by its role."""
        if not isinstance(v, list):
            raise TypeError("prompt_messages must be a list")
        return [ensure_prompt_message(item) for item in v]


class AgentScratchpadUnit(Entity):
    """A step of an agent's thoughts."""

    class Action(Entity):
        """What the agent does in it."""

        action_name: str
        action_input: dict[Any, Any] | str

        def to_dict(self) -> Any:
            """The action by the names that models are taught."""
            return {"action": self.action_name, "action_input": self.action_input}

    agent_response: str | None = ""
    thought: str | None = ""
    action_str: str | None = ""
    observation: str | None = ""
    action: Action | None = None

    def is_final(self) -> bool:
        """Whether the agent has come to its answer."""
        return self.action is not None and self.action.action_name.lower() == "final answer"


class ToolInvokeMeta(Entity):
    """How a tool's call went."""

    time_cost: float
    error: str | None = None
    tool_config: dict[Any, Any] | None = None

    @classmethod
    def empty(cls) -> ToolInvokeMeta:
        """Of a call that took no time."""
        return cls(time_cost=0.0, error=None, tool_config={})

    @classmethod
    def error_instance(cls, error: str) -> ToolInvokeMeta:
        """Of a call that failed."""
        return cls(time_cost=0.0, error=error, tool_config={})

    def to_dict(self) -> Any:
        """The same as plain data."""
        return {
            "time_cost": self.time_cost,
            "error": self.error,
            "tool_config": self.tool_config,
        }


class ToolEntity(Entity):
    """A tool that is ready to be called."""

    _before: ClassVar[dict[str, str]] = {"parameters": "set_parameters"}
    _factories: ClassVar[dict[str, Any]] = {"parameters": list}

    identity: AgentToolIdentity
    parameters: list[ToolParameter]
    description: ToolDescription | None = None
    output_schema: dict[Any, Any] | None = None
    credential_id: str | None = None
    credential_type: CredentialType | None = None
    has_runtime_parameters: bool = False
    provider_type: ToolProviderType = ToolProviderType.BUILT_IN
    runtime_parameters: Mapping[str, Any] = {}

    @classmethod
    def set_parameters(cls, v: Any) -> Any:
        """Take None for an empty list."""
        return v or []


class AgentProvider(OnlyInDify):
    """A provider of agents."""


class AgentStrategy(OnlyInDify):
    """An agent."""


def __getattr__(name: str) -> Any:
    if name[0] == "_":  # the import system asks for __path__
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}", name=name)
    # The SDK's module has these names too, and plugins take their annotations from it.
    from dify_plugin._lazy_names import lazy

    return lazy(__name__)(name)
