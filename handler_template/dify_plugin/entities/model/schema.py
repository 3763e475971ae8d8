"""Kinds of models, and how models, their prices and their use are described."""

from __future__ import annotations

from enum import Enum

from dify_plugin._entity.entity import Entity
from dify_plugin._entity.scalars import WaitingDecimal
from dify_plugin._lazy_names import lazy
from dify_plugin.entities.parameters import I18nObject

TYPE_CHECKING = False
if TYPE_CHECKING:
    from decimal import Decimal
    from typing import Any, ClassVar

__all__ = [
    "AIModelEntity",
    "BaseModelConfig",
    "DefaultParameterName",
    "EmbeddingInputType",
    "FetchFrom",
    "I18nObject",
    "ModelFeature",
    "ModelPropertyKey",
    "ModelType",
    "ModelUsage",
    "ParameterRule",
    "ParameterType",
    "PriceConfig",
    "PriceInfo",
    "PriceType",
    "ProviderModel",
]

__getattr__ = lazy(__name__)


class DefaultParameterName(Enum):
    """Parameters that many models have."""

    TEMPERATURE = "temperature"
    TOP_P = "top_p"
    TOP_K = "top_k"
    PRESENCE_PENALTY = "presence_penalty"
    FREQUENCY_PENALTY = "frequency_penalty"
    MAX_TOKENS = "max_tokens"
    RESPONSE_FORMAT = "response_format"
    JSON_SCHEMA = "json_schema"

    @classmethod
    def value_of(cls, value: object) -> DefaultParameterName:
        """The parameter of that name."""
        return cls(value)


class ModelType(Enum):
    """Kinds of models."""

    LLM = "llm"
    TEXT_EMBEDDING = "text-embedding"
    RERANK = "rerank"
    SPEECH2TEXT = "speech2text"
    MODERATION = "moderation"
    TTS = "tts"
    TEXT2IMG = "text2img"


class FetchFrom(Enum):
    """Where a model's description comes from."""

    PREDEFINED_MODEL = "predefined-model"
    CUSTOMIZABLE_MODEL = "customizable-model"


class ModelFeature(Enum):
    """What a model can do."""

    TOOL_CALL = "tool-call"
    MULTI_TOOL_CALL = "multi-tool-call"
    AGENT_THOUGHT = "agent-thought"
    VISION = "vision"
    STREAM_TOOL_CALL = "stream-tool-call"
    DOCUMENT = "document"
    VIDEO = "video"
    AUDIO = "audio"
    STRUCTURED_OUTPUT = "structured-output"
    POLLING = "polling"


class ParameterType(Enum):
    """Kinds of a model's parameters."""

    FLOAT = "float"
    INT = "int"
    STRING = "string"
    BOOLEAN = "boolean"
    TEXT = "text"


class ModelPropertyKey(Enum):
    """What is known of a model."""

    MODE = "mode"
    CONTEXT_SIZE = "context_size"
    MAX_CHUNKS = "max_chunks"
    FILE_UPLOAD_LIMIT = "file_upload_limit"
    SUPPORTED_FILE_EXTENSIONS = "supported_file_extensions"
    MAX_CHARACTERS_PER_CHUNK = "max_characters_per_chunk"
    DEFAULT_VOICE = "default_voice"
    VOICES = "voices"
    WORD_LIMIT = "word_limit"
    AUDIO_TYPE = "audio_type"
    MAX_WORKERS = "max_workers"


def _labelled(data: Any, name: str) -> Any:
    """Set the label that a description lacks: its name."""
    if isinstance(data, dict) and not data.get("label"):
        data["label"] = I18nObject(en_us=data[name])
    return data


class ProviderModel(Entity):
    """A model of a provider's."""

    _before_all: ClassVar[tuple[str, ...]] = ("validate_label",)

    model: str
    label: I18nObject
    model_type: ModelType
    features: list[ModelFeature] | None = None
    fetch_from: FetchFrom = FetchFrom.PREDEFINED_MODEL
    model_properties: dict[ModelPropertyKey, Any]
    deprecated: bool = False

    @classmethod
    def validate_label(cls, data: Any) -> Any:
        """Take the model's name where there is no label."""
        return _labelled(data, "model")


class ParameterRule(Entity):
    """A parameter of a model."""

    _before_all = ("validate_label",)

    name: str
    use_template: str | None = None
    label: I18nObject
    type: ParameterType
    help: I18nObject | None = None
    required: bool = False
    default: Any | None = None
    min: float | None = None
    max: float | None = None
    precision: int | None = None
    options: list[str] = []  # noqa: RUF012 - copied for each instance

    @classmethod
    def validate_label(cls, data: Any) -> Any:
        """Take the parameter's name where there is no label."""
        return _labelled(data, "name")


class PriceConfig(Entity):
    """What a model costs."""

    input: Decimal
    output: Decimal | None = None
    unit: Decimal
    currency: str


class AIModelEntity(ProviderModel):
    """A model, its parameters and prices."""

    parameter_rules: list[ParameterRule] = []  # noqa: RUF012 - copied for each instance
    pricing: PriceConfig | None = None


_set = object.__setattr__
_attributes = vars(Entity)["__dict__"]  # sets and gets where an instance's attributes really are


class ModelUsage(Entity):
    """What a call used.

    Prices are annotated to wait (`_shapes`): they become attributes when one is asked for, or when
    anything but an attribute is, such as a dump, a copy or a comparison.
    """

    __slots__ = ("__entity_waiting__",)  # all fields, in their order, where some wait

    __entity_waiting__: ClassVar[dict[str, Any] | None]

    @property
    def __dict__(self) -> dict[str, Any]:
        waiting = self.__entity_waiting__
        if waiting is not None:
            made = {
                name: value.make() if type(value) is WaitingDecimal else value
                for name, value in waiting.items()
            }
            if self.__entity_waiting__ is waiting:  # no other thread was faster
                _attributes.__set__(self, made)
                _set(self, "__entity_waiting__", None)
        return _attributes.__get__(self)  # type: ignore[no-any-return]

    @__dict__.setter
    def __dict__(self, values: dict[str, Any]) -> None:
        here = {name: each for name, each in values.items() if type(each) is not WaitingDecimal}
        _set(self, "__entity_waiting__", None if len(here) == len(values) else values)
        _attributes.__set__(self, here)

    def _as_given(self) -> dict[str, Any]:
        """The fields, of which those that wait are the texts that they were given as."""
        waiting = self.__entity_waiting__
        if waiting is None:
            return self.__dict__
        return {
            name: value.text if type(value) is WaitingDecimal else value
            for name, value in waiting.items()
        }

    def __getattr__(self, name: str) -> Any:
        if name == "__entity_waiting__":  # of one that is not filled yet
            return None
        if self.__entity_waiting__ is not None and name in self.__entity_waiting__:
            return self.__dict__[name]
        return super().__getattr__(name)


class PriceType(Enum):
    """What is paid for."""

    INPUT = "input"
    OUTPUT = "output"


class PriceInfo(Entity):
    """What a call cost."""

    unit_price: Decimal
    unit: Decimal
    total_amount: Decimal
    currency: str


class BaseModelConfig(Entity):
    """Which model to call."""

    provider: str
    model: str
    model_type: ModelType


class EmbeddingInputType(Enum):
    """What an embedding is for."""

    DOCUMENT = "document"
    QUERY = "query"
