"""`session.model.text_embedding`."""

from __future__ import annotations

from dify_plugin._invocation import BackwardsInvocation, dumped
from dify_plugin._lazy_names import lazy
from dify_plugin.entities.model.schema import EmbeddingInputType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dify_plugin.entities.model.text_embedding import (
        MultiModalContent,
        MultiModalEmbeddingModelConfig,
        MultiModalEmbeddingResult,
        TextEmbeddingModelConfig,
        TextEmbeddingResult,
    )

__all__ = ["TextEmbeddingInvocation"]

__getattr__ = lazy(__name__)


class TextEmbeddingInvocation(BackwardsInvocation):
    """Embeddings."""

    def invoke(
        self,
        model_config: TextEmbeddingModelConfig,
        texts: list[str],
        input_type: EmbeddingInputType = EmbeddingInputType.QUERY,
    ) -> TextEmbeddingResult:
        """Embed texts."""
        self._answered("text_embedding")
        from dify_plugin.entities.model.text_embedding import TextEmbeddingResult

        data = {**model_config.model_dump(), "texts": texts, "input_type": input_type.value}
        kind = "text_embedding"
        return self._first(kind, TextEmbeddingResult, data, "text embedding")  # type: ignore[no-any-return]

    def invoke_multimodal(
        self,
        model_config: MultiModalEmbeddingModelConfig,
        documents: list[MultiModalContent],
        input_type: EmbeddingInputType = EmbeddingInputType.QUERY,
    ) -> MultiModalEmbeddingResult:
        """Embed texts and images."""
        self._answered("multimodal_embedding")
        from dify_plugin.entities.model.text_embedding import MultiModalEmbeddingResult as Result

        data = {
            **model_config.model_dump(),
            "documents": [dumped(each) for each in documents],
            "input_type": input_type.value,
        }
        kind = "multimodal_embedding"
        return self._first(kind, Result, data, "multimodal embedding")  # type: ignore[no-any-return]
