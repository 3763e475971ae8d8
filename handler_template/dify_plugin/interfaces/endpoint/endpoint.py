"""The SDK's own place of `Endpoint`."""

from dify_plugin.interfaces.endpoint import Endpoint

__all__ = ["Endpoint"]
