"""What nodes of workflows take and give."""

from __future__ import annotations

from enum import StrEnum

from dify_plugin._entity.entity import Entity
from dify_plugin._lazy_names import lazy
from dify_plugin.entities.model.llm import LLMMode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, ClassVar

__all__ = [
    "ClassConfig",
    "LLMMode",
    "ModelConfig",
    "NodeResponse",
    "NodeType",
    "ParameterConfig",
]

__getattr__ = lazy(__name__)


class NodeResponse(Entity):
    """What a node gives."""

    process_data: dict[Any, Any]
    inputs: dict[Any, Any]
    outputs: dict[Any, Any]


class NodeType(StrEnum):
    """Kinds of nodes."""

    START = "start"
    END = "end"
    ANSWER = "answer"
    LLM = "llm"
    KNOWLEDGE_RETRIEVAL = "knowledge-retrieval"
    IF_ELSE = "if-else"
    CODE = "code"
    TEMPLATE_TRANSFORM = "template-transform"
    QUESTION_CLASSIFIER = "question-classifier"
    HTTP_REQUEST = "http-request"
    TOOL = "tool"
    VARIABLE_AGGREGATOR = "variable-aggregator"
    LOOP = "loop"
    ITERATION = "iteration"
    PARAMETER_EXTRACTOR = "parameter-extractor"
    CONVERSATION_VARIABLE_ASSIGNER = "assigner"

    @classmethod
    def value_of(cls, value: str) -> NodeType:
        """The kind of that name."""
        return cls(value)


class ModelConfig(Entity):
    """Which model a node calls."""

    provider: str
    name: str
    mode: LLMMode = LLMMode.CHAT
    completion_params: dict[Any, Any] | None = None


class ParameterConfig(Entity):
    """A parameter that a node extracts."""

    _factories: ClassVar[dict[str, Any]] = {"options": list}

    name: str
    type: str
    options: list[str]
    description: str | None
    required: bool | None


class ClassConfig(Entity):
    """A class that a node sorts into."""

    id: str
    name: str
