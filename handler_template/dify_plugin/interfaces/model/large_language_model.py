"""The base of language models."""

from dify_plugin._lazy_names import lazy
from dify_plugin.interfaces.model import AIModel

__all__ = ["AIModel", "LargeLanguageModel"]


class LargeLanguageModel(AIModel):
    """One of the language models."""


__getattr__ = lazy(__name__)
