"""Embedding models: which to call, and what they answer."""

from __future__ import annotations

from enum import StrEnum

from dify_plugin._entity.entity import Entity
from dify_plugin._lazy_names import lazy
from dify_plugin.entities.model.schema import BaseModelConfig, ModelType, ModelUsage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from decimal import Decimal
    from typing import ClassVar

__all__ = [
    "BaseModelConfig",
    "EmbeddingUsage",
    "ModelType",
    "ModelUsage",
    "MultiModalContent",
    "MultiModalContentType",
    "MultiModalEmbeddingModelConfig",
    "MultiModalEmbeddingResult",
    "TextEmbeddingModelConfig",
    "TextEmbeddingResult",
]

__getattr__ = lazy(__name__)


class EmbeddingUsage(ModelUsage):
    """Tokens and prices of a call."""

    _shapes: ClassVar[dict[str, str]] = dict.fromkeys(
        ("unit_price", "price_unit", "total_price"), "WaitingDecimal"
    )

    tokens: int
    total_tokens: int
    unit_price: Decimal
    price_unit: Decimal
    total_price: Decimal
    currency: str
    latency: float


class TextEmbeddingResult(Entity):
    """The embeddings of some texts, in their order."""

    model: str
    embeddings: list[list[float]]
    usage: EmbeddingUsage


class TextEmbeddingModelConfig(BaseModelConfig):
    """Which embedding model to call."""

    model_type: ModelType = ModelType.TEXT_EMBEDDING


class MultiModalContentType(StrEnum):
    """What may be embedded."""

    TEXT = "text"
    IMAGE = "image"


class MultiModalContent(Entity):
    """A text, or an image in base64."""

    content: str
    content_type: MultiModalContentType


class MultiModalEmbeddingResult(Entity):
    """The embeddings of some contents, in their order."""

    model: str
    embeddings: list[list[float]]
    usage: EmbeddingUsage


class MultiModalEmbeddingModelConfig(BaseModelConfig):
    """Which embedding model to call, and for whom."""

    model_type: ModelType = ModelType.TEXT_EMBEDDING
    tenant_id: str
