"""Tools as agents see them: data that endpoints hand around."""

from __future__ import annotations

from dify_plugin.core.entity import Entity
from dify_plugin.entities.tool import (
    ToolDescription,
    ToolIdentity,
    ToolParameter,
    ToolProviderType,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, ClassVar

    from dify_plugin.core.entity import Conversions

__all__ = ["AgentToolIdentity", "ToolEntity"]


class AgentToolIdentity(ToolIdentity):
    """Whose tool it is, its name and its provider."""

    provider: str


class ToolEntity(Entity):
    """A tool that is ready to be called."""

    _conversions: ClassVar[Conversions] = {
        "identity": AgentToolIdentity.model_validate,
        "parameters": lambda given: [ToolParameter.model_validate(item) for item in given],
        "description": ToolDescription.model_validate,
        "provider_type": ToolProviderType,
    }

    identity: AgentToolIdentity
    parameters: list[ToolParameter] = []  # noqa: RUF012 - copied for each instance
    description: ToolDescription | None = None
    output_schema: dict[str, Any] | None = None
    credential_id: str | None = None
    credential_type: Any = None
    has_runtime_parameters: bool = False
    provider_type: ToolProviderType = ToolProviderType.BUILT_IN
    runtime_parameters: dict[str, Any] = {}  # noqa: RUF012 - copied for each instance
