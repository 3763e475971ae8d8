"""Configuration of language models."""

from __future__ import annotations

from dify_plugin.entities.model import BaseModelConfig, ModelType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class LLMModelConfig(BaseModelConfig):
    """Which language model to call, and how."""

    model_type: ModelType = ModelType.LLM
    mode: str
    completion_params: dict[str, Any] = {}  # noqa: RUF012 - copied for each instance
