"""Kinds of models, and what a model's configuration has in common."""

from __future__ import annotations

from enum import Enum

from dify_plugin.core.entity import Entity

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import ClassVar

    from dify_plugin.core.entity import Conversions


class ModelType(Enum):
    """Kinds of models."""

    LLM = "llm"
    TEXT_EMBEDDING = "text-embedding"
    RERANK = "rerank"
    SPEECH2TEXT = "speech2text"
    MODERATION = "moderation"
    TTS = "tts"


class BaseModelConfig(Entity):
    """Which model to call."""

    _conversions: ClassVar[Conversions] = {"model_type": ModelType}

    provider: str
    model: str
    model_type: ModelType
