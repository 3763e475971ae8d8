"""The SDK's own place of `Endpoint`."""

from dify_plugin._lazy_names import lazy
from dify_plugin.interfaces.endpoint import Endpoint

__all__ = ["Endpoint"]

__getattr__ = lazy(__name__)
