"""Speech models: which to call, and what they answer."""

from __future__ import annotations

from dify_plugin._entity.entity import Entity
from dify_plugin._lazy_names import lazy
from dify_plugin.entities.model.schema import BaseModelConfig, ModelType

__all__ = [
    "BaseModelConfig",
    "ModelType",
    "TTSModelConfig",
    "TTSResult",
]

__getattr__ = lazy(__name__)


class TTSModelConfig(BaseModelConfig):
    """Which speech model to call, and with which voice."""

    model_type: ModelType = ModelType.TTS
    voice: str


class TTSResult(Entity):
    """Sound, in hexadecimal."""

    result: str
    mime_type: str | None = None
