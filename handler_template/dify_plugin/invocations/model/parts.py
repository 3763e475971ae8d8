"""`session.model`: calls by kind of model, none of which is answered yet."""

from __future__ import annotations

from dify_plugin._invocation import BackwardsInvocation
from dify_plugin.entities.model.schema import EmbeddingInputType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import IO, Any

    from dify_plugin._invocation import Session
    from dify_plugin.entities.model.llm import LLMModelConfig
    from dify_plugin.entities.model.message import PromptMessage, PromptMessageTool
    from dify_plugin.entities.model.moderation import ModerationModelConfig
    from dify_plugin.entities.model.rerank import (
        MultiModalRerankModelConfig,
        MultiModalRerankResult,
        RerankModelConfig,
        RerankResult,
    )
    from dify_plugin.entities.model.speech2text import Speech2TextModelConfig
    from dify_plugin.entities.model.text_embedding import (
        MultiModalContent,
        MultiModalEmbeddingModelConfig,
        MultiModalEmbeddingResult,
        TextEmbeddingModelConfig,
        TextEmbeddingResult,
    )
    from dify_plugin.entities.model.tts import TTSModelConfig


class LLMInvocation(BackwardsInvocation):
    """Language models."""

    def invoke(
        self,
        model_config: LLMModelConfig | dict[str, Any],
        prompt_messages: list[PromptMessage],
        tools: list[PromptMessageTool] | None = None,
        stop: list[str] | None = None,
        stream: bool = True,
    ) -> Any:
        """Ask a model: a generator of chunks, or one result where `stream` is false."""
        self._unavailable("model.llm.invoke")


class LLMStructuredOutputInvocation(BackwardsInvocation):
    """Language models that answer by a schema."""

    def invoke(
        self,
        model_config: LLMModelConfig | dict[str, Any],
        prompt_messages: list[PromptMessage],
        structured_output_schema: dict[str, Any],
        tools: list[PromptMessageTool] | None = None,
        stop: list[str] | None = None,
        stream: bool = True,
    ) -> Any:
        """Ask a model: a generator of chunks, or one result where `stream` is false."""
        self._unavailable("model.llm_structured_output.invoke")


class SummaryInvocation(BackwardsInvocation):
    """Dify's summaries."""

    def invoke(self, text: str, instruction: str, min_summarize_length: int = 1024) -> str:
        """Shorten a text; a short one is given back as it is."""
        if len(text) >= min_summarize_length:
            self._unavailable("model.summary.invoke")
        return text


class TextEmbeddingInvocation(BackwardsInvocation):
    """Embeddings."""

    def invoke(
        self,
        model_config: TextEmbeddingModelConfig,
        texts: list[str],
        input_type: EmbeddingInputType = EmbeddingInputType.QUERY,
    ) -> TextEmbeddingResult:
        """Embed texts."""
        self._unavailable("model.text_embedding.invoke")

    def invoke_multimodal(
        self,
        model_config: MultiModalEmbeddingModelConfig,
        documents: list[MultiModalContent],
        input_type: EmbeddingInputType = EmbeddingInputType.QUERY,
    ) -> MultiModalEmbeddingResult:
        """Embed texts and images."""
        self._unavailable("model.text_embedding.invoke_multimodal")


class RerankInvocation(BackwardsInvocation):
    """Ranking."""

    def invoke(self, model_config: RerankModelConfig, docs: list[str], query: str) -> RerankResult:
        """Rank texts by a query."""
        self._unavailable("model.rerank.invoke")

    def invoke_multimodal(
        self,
        model_config: MultiModalRerankModelConfig,
        query: MultiModalContent,
        docs: list[MultiModalContent],
    ) -> MultiModalRerankResult:
        """Rank texts and images by a query."""
        self._unavailable("model.rerank.invoke_multimodal")


class TTSInvocation(BackwardsInvocation):
    """Text to speech."""

    def invoke(
        self, model_config: TTSModelConfig, content_text: str
    ) -> Generator[bytes, None, None]:
        """Speak a text: the sound, piece by piece."""
        self._unavailable("model.tts.invoke")


class Speech2TextInvocation(BackwardsInvocation):
    """Speech to text."""

    def invoke(self, model_config: Speech2TextModelConfig, file: IO[bytes]) -> str:
        """Write down what is said in a file."""
        self._unavailable("model.speech2text.invoke")


class ModerationInvocation(BackwardsInvocation):
    """Moderation."""

    def invoke(self, model_config: ModerationModelConfig, text: str) -> bool:
        """Return whether a text is to be refused."""
        self._unavailable("model.moderation.invoke")


class ModelInvocations:
    """Dify's models, by kind."""

    def __init__(self, session: Session) -> None:
        self.llm = LLMInvocation(session)
        self.llm_structured_output = LLMStructuredOutputInvocation(session)
        self.text_embedding = TextEmbeddingInvocation(session)
        self.rerank = RerankInvocation(session)
        self.speech2text = Speech2TextInvocation(session)
        self.tts = TTSInvocation(session)
        self.moderation = ModerationInvocation(session)
        self.summary = SummaryInvocation(session)
