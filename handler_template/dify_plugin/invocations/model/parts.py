"""`session.model`: calls by kind of model, none of which is answered yet."""

from __future__ import annotations

from dify_plugin.core.runtime import BackwardsInvocation

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

    from dify_plugin.core.runtime import Session


class ModelInvocation(BackwardsInvocation):
    """Models of one kind; `kind` is its name in `session.model`."""

    kind = ""

    def invoke(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Call a model."""
        self._unavailable(f"model.{self.kind}.invoke")

    def invoke_multimodal(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Call a model with texts and images."""
        self._unavailable(f"model.{self.kind}.invoke_multimodal")


class LLMInvocation(ModelInvocation):
    """Language models."""

    kind = "llm"


class LLMStructuredOutputInvocation(ModelInvocation):
    """Language models that answer by a schema."""

    kind = "llm_structured_output"


class SummaryInvocation(ModelInvocation):
    """Dify's summaries."""

    kind = "summary"


class TextEmbeddingInvocation(ModelInvocation):
    """Embeddings."""

    kind = "text_embedding"


class RerankInvocation(ModelInvocation):
    """Ranking."""

    kind = "rerank"


class TTSInvocation(ModelInvocation):
    """Text to speech."""

    kind = "tts"


class Speech2TextInvocation(ModelInvocation):
    """Speech to text."""

    kind = "speech2text"


class ModerationInvocation(ModelInvocation):
    """Moderation."""

    kind = "moderation"


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
