"""Configuration of embedding models."""

from __future__ import annotations

from dify_plugin.entities.model import BaseModelConfig, ModelType


class TextEmbeddingModelConfig(BaseModelConfig):
    """Which embedding model to call."""

    model_type: ModelType = ModelType.TEXT_EMBEDDING
