"""`session.model.rerank`."""

from __future__ import annotations

from dify_plugin._invocation import BackwardsInvocation, dumped
from dify_plugin._lazy_names import lazy

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dify_plugin.entities.model.rerank import (
        MultiModalRerankModelConfig,
        MultiModalRerankResult,
        RerankModelConfig,
        RerankResult,
    )
    from dify_plugin.entities.model.text_embedding import MultiModalContent

__all__ = ["RerankInvocation"]

__getattr__ = lazy(__name__)


class RerankInvocation(BackwardsInvocation):
    """Ranking."""

    def invoke(self, model_config: RerankModelConfig, docs: list[str], query: str) -> RerankResult:
        """Rank texts by a query."""
        self._answered("rerank")
        from dify_plugin.entities.model.rerank import RerankResult

        data = {**model_config.model_dump(), "docs": docs, "query": query}
        return self._first("rerank", RerankResult, data, "rerank")  # type: ignore[no-any-return]

    def invoke_multimodal(
        self,
        model_config: MultiModalRerankModelConfig,
        query: MultiModalContent,
        docs: list[MultiModalContent],
    ) -> MultiModalRerankResult:
        """Rank texts and images by a query."""
        self._answered("multimodal_rerank")
        from dify_plugin.entities.model.rerank import MultiModalRerankResult as Result

        data = {
            **model_config.model_dump(),
            "query": dumped(query),
            "docs": [dumped(each) for each in docs],
        }
        kind = "multimodal_rerank"
        return self._first(kind, Result, data, "multimodal rerank")  # type: ignore[no-any-return]
