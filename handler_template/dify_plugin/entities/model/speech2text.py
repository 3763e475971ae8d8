"""Models that write down speech: which to call, and what they answer."""

from __future__ import annotations

from dify_plugin._entity.entity import Entity
from dify_plugin._lazy_names import lazy
from dify_plugin.entities.model.schema import BaseModelConfig, ModelType

__all__ = [
    "BaseModelConfig",
    "ModelType",
    "Speech2TextModelConfig",
    "Speech2TextResult",
]

__getattr__ = lazy(__name__)


class Speech2TextModelConfig(BaseModelConfig):
    """Which model to call."""

    model_type: ModelType = ModelType.SPEECH2TEXT


class Speech2TextResult(Entity):
    """The text."""

    result: str
