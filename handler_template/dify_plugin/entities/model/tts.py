"""Configuration of speech models."""

from __future__ import annotations

from dify_plugin.entities.model import BaseModelConfig, ModelType


class TTSModelConfig(BaseModelConfig):
    """Which speech model to call, and with which voice."""

    model_type: ModelType = ModelType.TTS
    voice: str
