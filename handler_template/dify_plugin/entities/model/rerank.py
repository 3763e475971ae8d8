"""Ranking models: which to call, and what they answer."""

from __future__ import annotations

from dify_plugin._entity.entity import Entity
from dify_plugin._lazy_names import lazy
from dify_plugin.entities.model.schema import BaseModelConfig, ModelType

__all__ = [
    "BaseModelConfig",
    "ModelType",
    "MultiModalRerankModelConfig",
    "MultiModalRerankResult",
    "RerankDocument",
    "RerankModelConfig",
    "RerankResult",
]

__getattr__ = lazy(__name__)


class RerankDocument(Entity):
    """A document's place in the order given, its text and its score."""

    index: int
    text: str
    score: float


class RerankResult(Entity):
    """Documents, ranked."""

    model: str
    docs: list[RerankDocument]


class RerankModelConfig(BaseModelConfig):
    """Which ranking model to call, and what to leave out."""

    model_type: ModelType = ModelType.RERANK
    score_threshold: float
    top_n: int


class MultiModalRerankResult(Entity):
    """Documents, ranked."""

    model: str
    docs: list[RerankDocument]


class MultiModalRerankModelConfig(BaseModelConfig):
    """Which ranking model to call, and what to leave out."""

    model_type: ModelType = ModelType.RERANK
    score_threshold: float | None = None
    top_n: int | None = None
