"""Language models: which to call, and what they answer."""

from __future__ import annotations

from enum import Enum, StrEnum

from dify_plugin._entity.entity import Entity
from dify_plugin._lazy_names import lazy
from dify_plugin.entities.model.message import AssistantPromptMessage, PromptMessage
from dify_plugin.entities.model.schema import BaseModelConfig, ModelType, ModelUsage, PriceInfo

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal
    from typing import Any, ClassVar

__all__ = [
    "AssistantPromptMessage",
    "BaseModelConfig",
    "LLMMode",
    "LLMModelConfig",
    "LLMPollingResult",
    "LLMPollingStatus",
    "LLMResult",
    "LLMResultChunk",
    "LLMResultChunkDelta",
    "LLMResultChunkWithStructuredOutput",
    "LLMResultWithStructuredOutput",
    "LLMStructuredOutput",
    "LLMUsage",
    "ModelType",
    "ModelUsage",
    "NumTokensResult",
    "PriceInfo",
    "PromptMessage",
    "SummaryResult",
]

__getattr__ = lazy(__name__)


class LLMMode(Enum):
    """How a model is asked."""

    COMPLETION = "completion"
    CHAT = "chat"

    @classmethod
    def value_of(cls, value: str) -> LLMMode:
        """The mode of that name."""
        return cls(value)


class LLMPollingStatus(StrEnum):
    """How far a long call is."""

    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


class LLMUsage(ModelUsage):
    """Tokens and prices of a call."""

    _shapes: ClassVar[dict[str, str]] = dict.fromkeys(
        (
            *("prompt_unit_price", "prompt_price_unit", "prompt_price", "completion_unit_price"),
            *("completion_price_unit", "completion_price", "total_price"),
        ),
        "WaitingDecimal",
    )

    prompt_tokens: int
    prompt_unit_price: Decimal
    prompt_price_unit: Decimal
    prompt_price: Decimal
    completion_tokens: int
    completion_unit_price: Decimal
    completion_price_unit: Decimal
    completion_price: Decimal
    total_tokens: int
    total_price: Decimal
    currency: str
    latency: float

    @classmethod
    def empty_usage(cls) -> LLMUsage:
        """The usage of no call."""
        values: dict[str, Any] = {}
        for name in cls.__annotations__:
            values[name] = "0.0" if "price" in name else 0
        values |= {"currency": "USD", "latency": 0.0}
        return cls(**values)


class LLMResultChunkDelta(Entity):
    """What a chunk adds."""

    index: int
    message: AssistantPromptMessage
    usage: LLMUsage | None = None
    finish_reason: str | None = None


class _WithoutPrompt(Entity):
    """Results don't give their prompts back: the field is there, and always empty."""

    @classmethod
    def transform_prompt_messages(cls, _value: object) -> list[PromptMessage]:
        """Return nothing."""
        return []


class LLMResultChunk(_WithoutPrompt):
    """A part of an answer."""

    _before: ClassVar[dict[str, str]] = {"prompt_messages": "transform_prompt_messages"}
    _factories: ClassVar[dict[str, Any]] = {"prompt_messages": list}

    model: str
    prompt_messages: list[PromptMessage]
    system_fingerprint: str | None = None
    delta: LLMResultChunkDelta


class LLMStructuredOutput(Entity):
    """What a model answered by a schema."""

    structured_output: Mapping[Any, Any] | None = None


class LLMResultChunkWithStructuredOutput(LLMResultChunk, LLMStructuredOutput):
    """A part of an answer by a schema."""


class LLMResult(_WithoutPrompt):
    """A whole answer."""

    _before: ClassVar[dict[str, str]] = {"prompt_messages": "transform_prompt_messages"}
    _factories: ClassVar[dict[str, Any]] = {"prompt_messages": list}

    model: str
    prompt_messages: list[PromptMessage]
    message: AssistantPromptMessage
    usage: LLMUsage
    system_fingerprint: str | None = None

    def _delta(self) -> LLMResultChunkDelta:
        return LLMResultChunkDelta(
            index=0, message=self.message, usage=self.usage, finish_reason=None
        )

    def to_llm_result_chunk(self) -> LLMResultChunk:
        """The answer as one chunk."""
        return LLMResultChunk(
            model=self.model, system_fingerprint=self.system_fingerprint, delta=self._delta()
        )


class LLMResultWithStructuredOutput(LLMResult, LLMStructuredOutput):
    """A whole answer by a schema."""

    def to_llm_result_chunk_with_structured_output(self) -> LLMResultChunkWithStructuredOutput:
        """The answer as one chunk."""
        return LLMResultChunkWithStructuredOutput(
            model=self.model,
            system_fingerprint=self.system_fingerprint,
            delta=self._delta(),
            structured_output=self.structured_output,
        )


class LLMPollingResult(Entity):
    """How far a long call is, and what it gave."""

    _shapes: ClassVar[dict[str, str]] = {
        "plugin_state": "dict[str, JsonValue] | None",
        "next_check_after_seconds": "PositiveInt | None",
        "expires_after_seconds": "PositiveInt | None",
        "max_attempts": "PositiveInt | None",
    }
    _after_all = ("validate_status_payload",)

    status: LLMPollingStatus
    plugin_state: dict[str, Any] | None = None
    result: LLMResult | LLMResultWithStructuredOutput | None = None
    error: str | None = None
    next_check_after_seconds: int | None = None
    expires_after_seconds: int | None = None
    max_attempts: int | None = None

    def validate_status_payload(self) -> LLMPollingResult:
        """Refuse a status without what belongs to it."""
        if self.status == LLMPollingStatus.RUNNING and not self.plugin_state:
            raise ValueError("plugin_state is required when polling status is running.")
        if self.status == LLMPollingStatus.SUCCEEDED and self.result is None:
            raise ValueError("result is required when polling status is succeeded.")
        if self.status == LLMPollingStatus.FAILED and not self.error:
            raise ValueError("error is required when polling status is failed.")
        return self


class SummaryResult(Entity):
    """A summary."""

    summary: str


class NumTokensResult(PriceInfo):
    """Tokens and their price."""

    tokens: int


class LLMModelConfig(BaseModelConfig):
    """Which language model to call, and how."""

    _factories: ClassVar[dict[str, Any]] = {"completion_params": dict}

    model_type: ModelType = ModelType.LLM
    mode: str
    completion_params: dict[Any, Any]
