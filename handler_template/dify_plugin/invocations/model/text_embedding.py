"""The SDK's own place of the calls of `session.model.text_embedding`."""

from dify_plugin._lazy_names import lazy
from dify_plugin.invocations.model.parts import TextEmbeddingInvocation

__all__ = ["TextEmbeddingInvocation"]

__getattr__ = lazy(__name__)
