"""The base of embedding models."""

from dify_plugin._lazy_names import lazy
from dify_plugin.interfaces.model import AIModel

__all__ = ["AIModel", "TextEmbeddingModel"]


class TextEmbeddingModel(AIModel):
    """One of the embedding models."""


__getattr__ = lazy(__name__)
