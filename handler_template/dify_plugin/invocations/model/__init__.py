"""`session.model`: calls by kind of model, as the SDK sends them to Dify.

Each kind is imported when it is asked for.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from dify_plugin._invocation import Session

# By the names of a session's parts, the classes of their calls; those modules define them.
_CLASSES = {
    "llm": "LLMInvocation",
    "llm_structured_output": "LLMStructuredOutputInvocation",
    "text_embedding": "TextEmbeddingInvocation",
    "rerank": "RerankInvocation",
    "speech2text": "Speech2TextInvocation",
    "tts": "TTSInvocation",
    "moderation": "ModerationInvocation",
    "summary": "SummaryInvocation",
}


class ModelInvocations:
    """Dify's models, by kind."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def __getattr__(self, name: str) -> Any:
        if name not in _CLASSES:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        module = f"{__name__}.{'llm' if name == 'summary' else name}"
        __import__(module)
        made = getattr(sys.modules[module], _CLASSES[name])(self._session)
        setattr(self, name, made)
        return made
