"""Models that moderate: which to call, and what they answer."""

from __future__ import annotations

from dify_plugin._entity.entity import Entity
from dify_plugin._lazy_names import lazy
from dify_plugin.entities.model.schema import BaseModelConfig, ModelType

__all__ = [
    "BaseModelConfig",
    "ModelType",
    "ModerationModelConfig",
    "ModerationResult",
]

__getattr__ = lazy(__name__)


class ModerationModelConfig(BaseModelConfig):
    """Which model to call."""

    model_type: ModelType = ModelType.MODERATION


class ModerationResult(Entity):
    """Whether a text is to be refused."""

    result: bool
