"""The SDK's own place of `AIModel`."""

from dify_plugin._lazy_names import lazy
from dify_plugin.interfaces.model import AIModel

__all__ = ["AIModel"]


__getattr__ = lazy(__name__)
