"""The base of speech models."""

from dify_plugin._lazy_names import lazy
from dify_plugin.interfaces.model import AIModel

__all__ = ["AIModel", "TTSModel"]


class TTSModel(AIModel):
    """One of the speech models."""


__getattr__ = lazy(__name__)
