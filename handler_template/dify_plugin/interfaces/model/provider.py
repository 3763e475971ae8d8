"""The SDK's own place of `ModelProvider`."""

from dify_plugin._lazy_names import lazy
from dify_plugin.interfaces.model import ModelProvider

__all__ = ["ModelProvider"]

__getattr__ = lazy(__name__)
