"""Models: their kinds, and how they are described and called."""

from __future__ import annotations

from dify_plugin._lazy_names import lazy

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dify_plugin.entities.model.schema import (
        AIModelEntity,
        BaseModelConfig,
        DefaultParameterName,
        EmbeddingInputType,
        FetchFrom,
        ModelFeature,
        ModelPropertyKey,
        ModelType,
        ModelUsage,
        ParameterRule,
        ParameterType,
        PriceConfig,
        PriceInfo,
        PriceType,
        ProviderModel,
    )
    from dify_plugin.entities.parameters import I18nObject

__all__ = [
    "AIModelEntity",
    "BaseModelConfig",
    "DefaultParameterName",
    "EmbeddingInputType",
    "FetchFrom",
    "I18nObject",
    "ModelFeature",
    "ModelPropertyKey",
    "ModelType",
    "ModelUsage",
    "ParameterRule",
    "ParameterType",
    "PriceConfig",
    "PriceInfo",
    "PriceType",
    "ProviderModel",
]

__getattr__ = lazy(__name__)
