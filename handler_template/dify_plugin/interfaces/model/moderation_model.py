"""The base of moderating models."""

from dify_plugin._lazy_names import lazy
from dify_plugin.interfaces.model import AIModel

__all__ = ["AIModel", "ModerationModel"]


class ModerationModel(AIModel):
    """One of the moderating models."""


__getattr__ = lazy(__name__)
