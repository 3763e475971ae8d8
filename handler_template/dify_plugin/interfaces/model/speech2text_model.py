"""The base of speech-to-text models."""

from dify_plugin._lazy_names import lazy
from dify_plugin.interfaces.model import AIModel

__all__ = ["AIModel", "Speech2TextModel"]


class Speech2TextModel(AIModel):
    """One of the speech-to-text models."""


__getattr__ = lazy(__name__)
